//! Components of others, which answer by `wasi:http` and know nothing of the host: what they see,
//! what their requests become, and what they do not have. `hostile` has those that misbehave.

mod calls;
mod cut;
mod slow;
mod streams;

use std::sync::Arc;

use bytes::Bytes;
use downstream_mock::scripted::Response;
use http_body_util::Full;
use serde_json::Value;
use tailor::fixture::Fixture;
use tailor::invoke::Invoked;
use tailor_harness::components::{wasi_http, wasi_http_hostile};
use tailor_harness::{Offline, Process, TestHost};

use crate::cli::run;
use crate::wire::{Wire, get};

/// The guest that does what its path says.
fn offline() -> Offline {
    Offline::from_file(&wasi_http_hostile().unwrap()).unwrap()
}

/// What it answers to a GET.
async fn text(offline: &Offline, target: &str) -> String {
    text_of(&offline.get(target).await)
}

fn text_of(invoked: &Invoked) -> String {
    let answer = invoked.result.as_ref().unwrap();
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}

fn component() -> Vec<u8> {
    std::fs::read(wasi_http_hostile().unwrap()).unwrap()
}

#[tokio::test]
async fn it_sees_of_a_request_what_any_bff_sees() {
    let host = TestHost::builder().unwrap();
    let host = host
        .bff("others", &component(), "")
        .route("bff = \"others\"\npath = \"/o\"\nclient = \"web\"");
    let host = host.start().await.unwrap();
    let request = host
        .request("GET", "/o/seen?q=a+b%26c&e")
        .header("accept", "text/plain")
        .header("authorization", "Bearer secret")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "10.0.0.1")
        .header("x-mine", "1");
    let reply = host.send(request.body(Full::default()).unwrap()).await;
    let authority = host.address();
    let expected = format!(
        "method Method::Get\nscheme Some(Scheme::Http)\nauthority Some(\"{authority}\")\n\
         target Some(\"/seen?q=a%20b%26c&e=\")\naccept: text/plain\nx-mine: 1"
    );
    assert_eq!(reply.unwrap().text(), expected);
}

#[tokio::test]
async fn a_megabyte_goes_through_it_and_back() {
    let host = TestHost::builder()
        .unwrap()
        .service("goals", |request| {
            assert_eq!(request.line(), "POST /upload HTTP/1.1");
            Response::text(request.body.len().to_string())
        })
        .bff(
            "others",
            &component(),
            "deadline = \"20s\"\nlimits.cpu = \"20s\"",
        )
        .route("bff = \"others\"\npath = \"/o\"\nmethods = [\"POST\"]");
    let host = host.start().await.unwrap();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|it| ((it * 7) >> 3) as u8).collect();
    for (path, expected) in [("/o/echo", &bytes[..]), ("/o/relay", b"200:1000000")] {
        let body = Full::new(Bytes::from(bytes.clone()));
        let request = host.request("POST", path).body(body).unwrap();
        let reply = host.send(request).await.unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert!(reply.body == expected, "{path}: {} bytes", reply.body.len());
    }
    let requests = host.service("goals").requests();
    assert!(requests[0].body[..] == bytes);
}

#[tokio::test]
async fn there_is_nothing_of_the_machine() {
    let expected = concat!(
        "[] [] None 0 [Some(\"access-denied\"), Some(\"access-denied\"), ",
        "Some(\"permanent-resolver-failure\")]"
    );
    assert_eq!(text(&offline(), "/nothing").await, expected);
}

#[tokio::test]
async fn what_it_prints_is_in_the_log() {
    let log = offline().get("/print").await.log;
    let lines: Vec<_> = log
        .iter()
        .map(|line| (line.level, &*line.message))
        .collect();
    assert_eq!(lines, [("info", "from stdout")]);
}

#[tokio::test]
async fn a_component_of_both_contracts_answers_by_the_host_s() {
    let both = Offline::from_file(&wasi_http().unwrap()).unwrap();
    // By `wasi:http` it would say hello.
    assert_eq!(both.get("/noop").await.result.unwrap().status, 404);
}

#[tokio::test]
async fn fixtures_answer_its_calls() {
    let fixture = r#"{
        "request": {"path": "/each?count=2"},
        "downstreams": [{"service": "goals", "path": "/each", "failure": "timeout"}],
        "expect": {
            "status": 200,
            "headers": {"tailor-degraded": "goals;failed=timeout;n=2"},
            "text": "ErrorCode::HttpResponseTimeout ErrorCode::HttpResponseTimeout"
        }
    }"#;
    let fixture = Arc::new(Fixture::parse(fixture, "fixture").unwrap());
    offline()
        .fixture(&fixture)
        .unwrap()
        .check(&fixture)
        .await
        .unwrap();

    let fixture = r#"{"request": {"path": "/now"}, "now": "2026-01-15T12:00:00Z",
        "downstreams": [], "expect": {"text": "1768478400"}}"#;
    let fixture = Arc::new(Fixture::parse(fixture, "fixture").unwrap());
    offline()
        .fixture(&fixture)
        .unwrap()
        .check(&fixture)
        .await
        .unwrap();
}

#[tokio::test]
async fn each_of_its_requests_has_one_line_like_that_of_any_bff() {
    let (path, _dir) = TestHost::builder()
        .unwrap()
        .config("log.format = \"json\"")
        .bff("others", &component(), "")
        .route("bff = \"others\"\npath = \"/o\"")
        .write()
        .unwrap();
    let host = Process::serve(&path).unwrap();
    let elsewhere = "http%3A%2F%2Felsewhere%3A80%2Fprivate";
    let credentials = "https%3A%2F%2Fada%3Asecret%40goals%2Fprivate";
    for (id, target, outcome, failed) in [
        ("r1", "/o/".to_owned(), "2xx", Value::Null),
        ("r2", "/o/trap".to_owned(), "bff-trap", Value::Null),
        (
            "r3",
            format!("/o/call?url={elsewhere}"),
            "2xx",
            "elsewhere:80:denied".into(),
        ),
        (
            "r4",
            format!("/o/call?url={credentials}"),
            "2xx",
            "https://...@goals:denied".into(),
        ),
        // Its library would write lines of its own about this.
        (
            "r5",
            "/o/call?url=http%3A%2F%2F%2F".to_owned(),
            "2xx",
            Value::Null,
        ),
    ] {
        let head = get(&target, &format!("x-request-id: {id}\r\n"));
        Wire::ask(host.address().unwrap(), &head).await;
        let line = host.wait_for(|line| line["request_id"] == id && line["status"].is_u64());
        let line = line.unwrap();
        assert_eq!(
            (&line["bff"], &line["outcome"]),
            (&"others".into(), &outcome.into())
        );
        assert_eq!(line["calls_failed"], failed, "{line}");
    }
    let lines = host.lines();
    let text = lines.join("\n");
    assert!(
        !text.contains("secret") && !text.contains("private"),
        "{text}"
    );
    // Serving, five requests, and the backtrace of one.
    assert_eq!(lines.len(), 7, "{text}");
}

#[test]
fn commands_take_it_like_any_other() {
    let component = wasi_http_hostile().unwrap();
    let component = component.to_str().unwrap();
    let said = |arguments: &[&str]| {
        let output = Process::run(arguments).unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {printed}{errors}");
        printed
    };
    let inspected = said(&["inspect", component]);
    for line in ["answers  by wasi:http", "verdict  may be loaded"] {
        assert!(inspected.contains(line), "{inspected}");
    }

    let dir = tempfile::tempdir().unwrap();
    let fixture = dir.path().join("one.json");
    let text = r#"{"request": {"path": "/each?count=1"},
        "downstreams": [{"service": "goals", "path": "/each", "reply": {"text": "one"}}],
        "expect": {"status": 200, "text": "200:one"}}"#;
    std::fs::write(&fixture, text).unwrap();
    said(&["call", component, "--fixture", fixture.to_str().unwrap()]);

    let builder = TestHost::builder().unwrap();
    let (config, _dir) = builder
        .bff("others", &std::fs::read(component).unwrap(), "")
        .route("bff = \"others\"\npath = \"/o\"")
        .write()
        .unwrap();
    said(&["check", "--config", config.to_str().unwrap()]);
}

#[test]
fn its_fixtures_are_tests_where_nothing_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("fixtures")).unwrap();
    std::fs::write(at("s.wasm"), component()).unwrap();
    let bff = |name: &str| {
        format!(
            "[bff.{name}]\ncomponent = \"s.wasm\"\n[[route]]\nbff = {name:?}\npath = \"/{name}\"\n"
        )
    };
    std::fs::write(at("tailor.toml"), bff("others")).unwrap();
    let fixture = r#"{"request": {"path": "/"}, "expect": {"text": "ok"}}"#;
    std::fs::write(at("fixtures/a.json"), fixture).unwrap();
    let test = || {
        let folder = folder.path().to_str().unwrap().to_owned();
        run(&["test", &folder, "--accept"])
    };
    let (code, said, _) = test();
    assert!(
        code == 0 && said.contains("fixtures/a.json") && said.contains("1 passed"),
        "{said}"
    );
    assert!(at("answers.json").is_file());
    std::fs::write(at("tailor.toml"), bff("one") + &bff("two")).unwrap();
    let (code, said, _) = test();
    assert!(
        code == 1 && said.contains("bff.one and bff.two are in it"),
        "{said}"
    );
}
