//! Recorded requests: from a running host to a fixture, and from that to the same answer.

mod bounds;
mod mix;
pub mod wasi;

use std::path::{Path, PathBuf};
use std::time::Duration;

use downstream_mock::Services;
use downstream_mock::scripted::{Request as Asked, Response as Said};
use http_body_util::Full;
use serde_json::{Value, json};
use tailor_harness::components::example;
use tailor_harness::{Reply, TestHost, TestHostBuilder};

use crate::bffs::typescript::componentized;
use crate::cli::{run, text};
use crate::modules;

/// How often each is replayed here; `tailor replay --times` does it as often as one likes.
const TIMES: &str = "20";

/// Asks the host for samples, and gives those that were made.
async fn take(host: &TestHost, question: &str) -> Vec<Value> {
    let reply = host.steer(&format!("/recordings?{question}"), &[]).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    reply.json()["taken"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// All that was sampled, once there are `count`.
async fn taken(host: &TestHost, count: usize) -> Vec<Value> {
    let mut all = take(host, "session=test&one-in=1").await;
    while all.len() < count {
        tokio::task::yield_now().await;
        all.extend(take(host, "session=test&one-in=1").await);
    }
    all
}

/// Writes what was recorded.
fn write(folder: &Path, taken: &[Value]) -> Vec<String> {
    let files = taken.iter().enumerate().map(|(index, taken)| {
        let fixture = taken["fixture"].as_str();
        let path = folder.join(format!("{index}.json"));
        std::fs::write(&path, fixture.unwrap_or_else(|| panic!("{taken}"))).unwrap();
        text(&path)
    });
    files.collect()
}

fn replay(component: &str, files: &[String], times: &str) -> (i32, String, String) {
    let mut arguments = vec!["replay", component, "--times", times];
    arguments.extend(files.iter().map(String::as_str));
    run(&arguments)
}

const ENABLED: &str = "[record]\nenabled = true";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_each_example_replays_the_same_and_of_a_changed_one_the_place_is_named() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, ENABLED).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (bff, path) in [
        ("watch", "/watch/ada?date=2026-01-15"),
        ("dashboard", "/dashboard/ada"),
        (
            "partner",
            "/partner/v1/users/ada/summaries?from=2026-01-01&to=2026-01-05",
        ),
    ] {
        taken(&host, 0).await;
        let answer = host.get(path).await.unwrap();
        let all = taken(&host, 1).await;
        assert_eq!(all[0]["outcome"], answer.status.as_str(), "{}", all[0]);
        let files = write(folder.path(), &all);
        let fixture: Value = serde_json::from_str(all[0]["fixture"].as_str().unwrap()).unwrap();
        assert_eq!(fixture["expect"]["status"], answer.status.as_u16());
        // Nothing was taken out, so it is the answer that the client had.
        assert_eq!(fixture["expect"]["json"], answer.json(), "{bff}");
        let component = text(&example(bff).unwrap());
        let (code, said, error) = replay(&component, &files, TIMES);
        let expected = format!("same     {}, {TIMES} times\n", files[0]);
        assert_eq!((code, said), (0, expected), "{error}");

        // Another BFF makes other calls.
        let other = if bff == "watch" { "dashboard" } else { "watch" };
        let other = text(&example(other).unwrap());
        let (code, said, _) = replay(&other, &files, "1");
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("differs") || said.contains("refused"),
            "{said}"
        );
        // One whose answer is another is caught with the place.
        let edited = edited(&files[0], |fixture| {
            fixture["expect"]["status"] = json!(299)
        });
        let (code, said, _) = replay(&component, &[edited], "1");
        let place = format!("/status: expected 299, got {}", answer.status.as_u16());
        assert!(code == 1 && said.contains(&place), "{said}");
        let edited = edited_call(&files[0]);
        let (code, said, _) = replay(&component, &[edited], "1");
        assert!(
            code == 1 && said.contains("/recorded/calls/0/path: expected \"/other\", got \"/"),
            "{said}"
        );
    }
}

/// A copy of a fixture with something else in it.
fn edited(file: &str, edit: impl FnOnce(&mut Value)) -> String {
    let mut fixture: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    edit(&mut fixture);
    let path = PathBuf::from(file).with_extension("edited.json");
    std::fs::write(&path, fixture.to_string()).unwrap();
    text(&path)
}

fn edited_call(file: &str) -> String {
    edited(file, |fixture| {
        fixture["recorded"]["calls"][0]["path"] = json!("/other")
    })
}

/// A host with the BFF that makes something of what is personal.
fn personal(record: &str) -> TestHostBuilder {
    let answer = |asked: Asked| {
        let slow = asked.path().starts_with("/second");
        let said = Said::json(r#"{"name": "Ada Lovelace", "user": {"mail": "ada@example.org"}}"#);
        match slow {
            true => said.wait(tokio::time::sleep(Duration::from_millis(5))),
            false => said,
        }
    };
    let component = componentized("personal.ts").unwrap();
    TestHost::builder()
        .unwrap()
        .config(&format!("[record]\nenabled = true\n{record}"))
        .service("profile", answer)
        .bff(
            "personal",
            &component,
            "deadline = \"1m\"\n[config]\nkey = \"value\"\n[limits]\ncpu = \"5s\"\ncpu-wait = \"1m\"",
        )
        .route("bff = \"personal\"\npath = \"/\"\nmethods = [\"POST\"]")
}

async fn post(host: &TestHost, path: &str) -> Reply {
    let body = r#"{"email": "ada@example.org"}"#;
    let request = host.request("POST", path);
    let request = request
        .header("content-type", "application/json")
        .header("x-customer", "c-4711")
        .header("authorization", "Bearer s3cret")
        .body(Full::from(body));
    host.send(request.unwrap()).await.unwrap()
}

const REDACTED: &str = "redact = [\"/email\", \"/name\", \"/user\"]\nredact-query = [\"token\"]\n\
                        redact-headers = [\"x-customer\"]";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_made_of_what_is_taken_out_is_in_the_file() {
    let host = personal(REDACTED).start().await.unwrap();
    taken(&host, 0).await;
    let answer = post(&host, "/a?token=t0ken&plain=p1ain").await;
    assert_eq!(answer.json()["hello"], "ADA LOVELACE", "{}", answer.text());
    let all = taken(&host, 1).await;
    let fixture = all[0]["fixture"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", all[0]));
    // A digest or a random number may have any few letters in it.
    let is_number = |it: &&str| it.len() >= 16 && it.bytes().all(|b| b.is_ascii_hexdigit());
    let words = fixture.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '=');
    let words: Vec<&str> = words.filter(|it| !is_number(it)).collect();
    let words = words.join(" ");
    for secret in [
        "ada", "Ada", "ADA", "YWRhQ", "c-4711", "s3cret", "sid=", "t0ken", "Lovelace", "LOVELACE",
        "example",
    ] {
        assert!(!words.contains(secret), "{secret}: {fixture}");
    }
    for left in [
        "REDACTED",
        "cmVkYWN0ZWQ=",
        "p1ain",
        "\"x-asked-by\"",
        "of=redacted",
    ] {
        assert!(fixture.contains(left), "{left}: {fixture}");
    }
    // It is the answer of a BFF, so that is what it gives again: clocks, random numbers, settings
    // and the order in which calls ended are those of the recording.
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &all);
    let component = folder.path().join("personal.wasm");
    std::fs::copy(host.dir().join("personal.wasm"), &component).unwrap();
    let (code, said, error) = replay(&text(&component), &files, TIMES);
    assert_eq!(code, 0, "{said}{error}");
    let read: Value = serde_json::from_str(fixture).unwrap();
    let recorded = &read["recorded"];
    assert_eq!(recorded["random"].as_str().unwrap().len(), 64, "{recorded}");
    assert!(
        !recorded["waits"].as_array().unwrap().is_empty(),
        "{recorded}"
    );
    assert_eq!(recorded["settings"]["key"], "value");
    assert_eq!(read["expect"]["json"]["key"], "value");

    // A reading that is not there cannot be replaced.
    let short = edited(&files[0], |fixture| {
        fixture["recorded"]["random"] = json!("00")
    });
    let (code, said, _) = replay(&text(&component), &[short], "1");
    let place = "         /recorded/random: not asked for when recorded (runtime.random)";
    assert!(
        code == 1 && said.starts_with("differs") && said.contains(place),
        "{said}"
    );
    let other = edited(&files[0], |fixture| {
        fixture["recorded"]["locale"] = json!("ICU4X 1.0")
    });
    let (code, said, _) = replay(&text(&component), &[other], "1");
    assert!(
        code == 0 || said.contains("locale: recorded with ICU4X 1.0"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_that_does_something_else_with_what_is_left_is_not_recorded() {
    let host = personal(REDACTED).start().await.unwrap();
    taken(&host, 0).await;
    post(&host, "/a?strict").await;
    let all = taken(&host, 1).await;
    let why = all[0]["refused"].as_str().unwrap();
    assert!(why.contains("it makes 0 calls, and made 2"), "{why}");
    assert!(all[0].get("fixture").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_that_answers_in_another_way_with_what_is_left_is_not_recorded() {
    let host = personal("").start().await.unwrap();
    taken(&host, 0).await;
    // It knows the host name, which is another one in a fixture.
    assert_eq!(post(&host, "/a?known").await.status, 200);
    let all = taken(&host, 1).await;
    let why = all[0]["refused"].as_str().unwrap();
    let expected = "comes to an answer with status 404, and came to an answer with status 200";
    assert!(why.contains(expected), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_is_what_is_in_force_and_nothing_stays_where_nothing_is_recorded() {
    let host = personal("keep-all = true").start().await.unwrap();
    let id = post(&host, "/a").await.header("x-request-id").to_owned();
    let file = host.dir().join("tailor.toml");
    let reload = async |from: &str, to: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        host.host().reload().await.unwrap();
    };
    reload(
        "keep-all = true",
        "keep-all = true\nredact = [\"/email\", \"/name\"]",
    )
    .await;
    let ask = async || {
        let path = format!("/recordings?session=test&id={id}");
        host.steer(&path, &[]).await.unwrap().status
    };
    assert_eq!(ask().await, 200);
    let fixture = taken(&host, 1).await.remove(0)["fixture"].to_string();
    assert!(
        fixture.contains("REDACTED") && !fixture.contains("Ada Lovelace"),
        "{fixture}"
    );
    reload("enabled = true", "enabled = false").await;
    assert_eq!(ask().await, 403);
    reload("enabled = false", "enabled = true").await;
    assert_eq!(ask().await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_failed_becomes_a_test_by_its_id() {
    let host = personal("keep = 2").start().await.unwrap();
    let good = post(&host, "/a").await;
    assert_eq!(good.status, 200, "{}", good.text());
    let mut ids = Vec::new();
    for _ in 0..3 {
        let failed = post(&host, "/a?throw").await;
        assert_eq!(failed.status, 502, "{}", failed.text());
        ids.push(failed.header("x-request-id").to_owned());
    }
    let admin = host.host().admin_address().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("fixtures"));
    let record = |id: &str| {
        let arguments = ["record", id, "--admin", &*admin, "--out", &*out].map(str::to_owned);
        tokio::task::spawn_blocking(move || run(&arguments.each_ref().map(String::as_str)))
    };
    // The oldest went, and one that did not fail was never kept.
    for id in [good.header("x-request-id"), &ids[0]] {
        let (code, _, error) = record(id).await.unwrap();
        assert!(
            code == 1 && error.contains("is not kept: its BFF did not fail"),
            "{error}"
        );
    }
    let (code, said, error) = record(&ids[2]).await.unwrap();
    assert_eq!(code, 0, "{said}{error}");
    let file = said.trim().rsplit(" -> ").next().unwrap().to_owned();
    // It is still there, and so is its file.
    let (code, again, _) = record(&ids[2]).await.unwrap();
    let already = format!("is {file} already\n");
    assert!(code == 0 && again.ends_with(&already), "{again}");
    let fixture: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(fixture["recorded"]["error"].is_string(), "{fixture}");
    let component = text(&host.dir().join("personal.wasm"));
    let (code, said, error) = replay(&component, std::slice::from_ref(&file), TIMES);
    assert_eq!(code, 0, "{said}{error}");
    // As a test it fails, until its BFF answers.
    let (code, said, _) = run(&["call", &component, "--fixture", &file]);
    assert!(code == 1 && said.contains("no page for Ada"), "{said}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
