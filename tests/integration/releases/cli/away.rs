//! A host that is away for a while, that never was one, or that ends in the middle of a release.

use std::process::Stdio;

use serde_json::{Value, json};
use tailor_harness::Process;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::super::api::Api;
use super::super::{builder, served_by, some, start};
use super::door::Door;
use super::stub::{answer, stub};
use super::{ended, file, program, tailor};
use crate::swap::page::page;
use crate::wire::until;

const LOG: &str = "log.format = \"json\"\n";

#[tokio::test]
async fn an_order_whose_answer_is_lost_begins_one_release() {
    let (host, api) = start().await;
    let door = Door::to(api.0).await;
    door.cut(2);
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let said = tailor(&door.url(), &["deploy", "page", &path, "--json"]).await;
    assert!(door.has_cut());
    assert_eq!(said.code, 0, "{said:?}");
    let events: Vec<Value> = said.json().iter().map(|it| it["event"].clone()).collect();
    let wanted = ["uploaded", "waiting", "answering", "proving", "live", "end"];
    // It may be live before its order is answered.
    let wanted = wanted.iter().filter(|it| events.contains(&json!(it)));
    assert!(events.iter().eq(wanted), "{said:?}");
    assert!(events.contains(&json!("waiting")), "{said:?}");
    assert_eq!(api.states().await, [(1, "live".to_owned())]);
    host.stop().await;
}

#[tokio::test]
async fn a_host_that_is_killed_in_the_middle_of_a_release_goes_on_with_it_when_it_is_back() {
    let (path, files) = builder(LOG).write().unwrap();
    for point in ["component-read", "committed"] {
        let mut command = std::process::Command::new(Process::program().unwrap());
        command
            .stdin(Stdio::null())
            .env("TAILOR_DRILL_END_AT", point);
        let mut process = Process::start(command, &path).unwrap();
        let door = Door::to(process.admin_address().unwrap()).await;
        let wasm = file(files.path(), "page.wasm", &page(point));
        let mut deploying = program(&door.url(), &["deploy", "page", &wasm, "--json"]);
        let mut deploying = deploying.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(deploying.stdout.take().unwrap()).lines();
        // The release has begun, and its host ends.
        let status = until(|| std::future::ready(process.try_wait().unwrap())).await;
        assert_eq!(status.code(), None, "{point}: {status}");
        door.leads_to(None);
        let mut events: Vec<Value> = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let event: Value = serde_json::from_str(&line).unwrap();
            let waits = event["event"] == "waiting";
            events.push(event);
            if waits {
                break;
            }
        }
        let process = Process::serve(&path).unwrap();
        door.leads_to(process.admin_address().ok());
        while let Some(line) = lines.next_line().await.unwrap() {
            events.push(serde_json::from_str(&line).unwrap());
        }
        let code = deploying.wait().await.unwrap().code();
        assert_eq!(code, Some(0), "{point}: {events:?}");
        let has = |name: &str| events.iter().any(|it| it["event"] == name);
        assert!(has("waiting") && has("answering"), "{point}: {events:?}");
        // What ended before it was live begins anew; what was live already does not.
        assert_eq!(has("interrupted"), point == "component-read", "{events:?}");
        assert_eq!(served_by(&process).await, some(point));
        let states = Api::of_process(&process).states().await;
        let states: Vec<&str> = states.iter().map(|(_, state)| &**state).collect();
        match point {
            "component-read" => assert_eq!(states, ["live", "interrupted"]),
            _ => assert_eq!(states, ["live", "replaced", "interrupted"]),
        }
    }
}

#[tokio::test]
async fn what_is_no_host_ends_with_1_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let page = stub(|_| answer("200 OK", "text/html", "<h1>\u{1b}[2JWelcome</h1>")).await;
    let other = stub(|_| answer("404 Not Found", "text/plain", "404")).await;
    let list = stub(|_| answer("200 OK", "application/json", "[]")).await;
    let name = "\"vm\" is no name of this listener; add it to admin.hosts";
    let misnamed = stub(move |_| answer("421 Misdirected Request", "text/plain", name)).await;
    let noise = stub(|_| "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()).await;
    let half = stub(|_| answer("200 OK", "application/json", "{}").replace(": 2", ": 9")).await;
    let endless = stub(|_| answer("200 OK", "text/plain", &"x".repeat(5 << 20))).await;
    for (address, told) in [
        (nobody, "cannot connect: "),
        (
            page,
            "is no host of tailor: 200: <h1>\\u{1b}[2JWelcome</h1>",
        ),
        (other, "is no host of tailor: 404: 404"),
        (list, "is no host of tailor: 200: []"),
        (misnamed, &*format!(": 421: {name}\n")),
        (noise, "is no host of tailor: "),
        (half, "end of file before message length reached"),
        (endless, "its answer has no end"),
    ] {
        let url = format!("http://{address}");
        for arguments in [
            &["deploy", "page", &path, "--json"][..],
            &["rollback", "page"],
            &["releases", "page"],
            &["status"],
        ] {
            let said = tailor(&url, arguments).await;
            assert_eq!(said.code, 1, "{arguments:?} {said:?}");
            assert!(said.err.contains(told), "{told}: {arguments:?} {said:?}");
            assert!(
                said.err.contains(&url) && !said.err.contains('\u{1b}'),
                "{said:?}"
            );
        }
    }
}

/// A document of refusal.
pub fn problem(status: &str, step: &str) -> String {
    let document =
        json!({"step": step, "reason": "it is so", "fix": "do other", "request_id": "1"});
    answer(status, "application/problem+json", &document.to_string())
}

/// What a host says of a BFF, of an upload and of an order, but for what `other` answers.
pub fn host(line: &str, other: impl Fn(&str) -> Option<String>) -> String {
    let fine = |status, body: Value| answer(status, "application/json", &body.to_string());
    let release = json!({"number": 7, "bff": "page", "digest": "a", "kind": "deploy",
        "begun": "now", "state": "proving", "since": "now"});
    let bff = json!({"name": "page", "releases": true, "serves": "nothing", "live": null});
    other(line).unwrap_or_else(|| match line.split(' ').next() {
        Some("HEAD") => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        Some("PUT") => fine("201 Created", json!({"digest": "a", "size": 1})),
        Some("POST") => fine("202 Accepted", release),
        _ if line.contains("/releases/7") => fine("200 OK", release),
        _ => fine("200 OK", bff),
    })
}

#[tokio::test]
async fn who_may_not_ends_with_4_and_what_goes_on_with_6() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let deploy = ["deploy", "page", &*path, "--timeout", "1s"];
    for status in ["401 Unauthorized", "403 Forbidden"] {
        for method in ["GET", "PUT", "POST"] {
            let refused =
                move |line: &str| line.starts_with(method).then(|| problem(status, "token"));
            let address = stub(move |line| host(line, refused)).await;
            let said = tailor(&format!("http://{address}"), &deploy).await;
            assert_eq!(said.code, 4, "{method} {said:?}");
            let told = format!("{} at token: it is so; do other", &status[..3]);
            assert!(said.err.contains(&told), "{said:?}");
        }
        let address = stub(move |_| problem(status, "scope")).await;
        let url = format!("http://{address}");
        for arguments in [
            &["rollback", "page"][..],
            &["releases", "page"],
            &["status"],
        ] {
            assert_eq!(tailor(&url, arguments).await.code, 4, "{arguments:?}");
        }
    }
    let address = stub(|line| host(line, |_| None)).await;
    let url = format!("http://{address}");
    let said = tailor(&url, &[&deploy[..], &["--json"]].concat()).await;
    assert_eq!(said.code, 6, "{said:?}");
    assert!(
        said.err
            .contains("release 7 has no end after 1s; `tailor releases page`"),
        "{said:?}"
    );
    assert_eq!(said.end()["release"]["number"], 7);
    // The same where the host or its store is away when the time is over.
    let away = || answer("502 Bad Gateway", "text/html", "away");
    let failing = || problem("503 Service Unavailable", "store");
    type Answer = fn() -> String;
    let both: [(Answer, &str); 2] = [
        (away, "502: away; name the one with --url; asking again"),
        (failing, "503 at store: it is so; do other; asking again"),
    ];
    for (gone, told) in both {
        let gone = move |line: &str| line.contains("/releases/7").then(gone);
        let address = stub(move |line| host(line, gone)).await;
        let said = tailor(&format!("http://{address}"), &deploy).await;
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.out.contains(told), "{said:?}");
    }
    // An order that nobody answers may have begun: its key is told.
    let silent = |line: &str| line.starts_with("POST").then(String::new);
    let address = stub(move |line| host(line, silent)).await;
    let typed = [&deploy[..], &["--key", "job-9"]].concat();
    let said = tailor(&format!("http://{address}"), &typed).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("is not known: with --key job-9"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_host_that_is_busy_is_asked_again_and_one_that_can_not_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let typed = ["deploy", "page", &*path, "--timeout", "20s", "--detach"];
    for (method, status, step) in [
        ("POST", "503 Service Unavailable", "stopping"),
        ("POST", "429 Too Many Requests", "queue"),
        ("PUT", "503 Service Unavailable", "upload"),
    ] {
        let times = std::sync::atomic::AtomicUsize::new(0);
        let busy = move |line: &str| {
            let is_first = || times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
            (line.starts_with(method) && is_first()).then(|| problem(status, step))
        };
        let address = stub(move |line| host(line, &busy)).await;
        let said = tailor(&format!("http://{address}"), &typed).await;
        assert_eq!(said.code, 0, "{step} {said:?}");
        assert_eq!(said.out.matches("asking again").count(), 1, "{said:?}");
        assert!(said.out.contains("the host answers again"), "{said:?}");
    }
    let full = |line: &str| {
        let status = "507 Insufficient Storage";
        line.starts_with("PUT").then(|| problem(status, "store"))
    };
    let address = stub(move |line| host(line, full)).await;
    let said = tailor(&format!("http://{address}"), &typed).await;
    assert!(said.code == 1 && !said.out.contains("again"), "{said:?}");
}

#[tokio::test]
async fn a_token_goes_to_the_host_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let token = file(dir.path(), "token", b"tlr_of_file\n");
    let (asked, mut fields) = tokio::sync::mpsc::unbounded_channel();
    let address = stub(move |request| {
        asked.send(request.to_owned()).unwrap();
        answer("200 OK", "application/json", r#"{"bffs": []}"#)
    })
    .await;
    let url = format!("http://{address}");
    for (variable, arguments, wanted) in [
        (None, &["status"][..], None),
        (Some(""), &["status"], None),
        (Some("tlr_of_env"), &["status"], Some("tlr_of_env")),
        (
            Some("tlr_of_env"),
            &["status", "--token-file", &token],
            Some("tlr_of_file"),
        ),
    ] {
        let mut command = program(&url, arguments);
        command.envs(variable.map(|it| ("TAILOR_TOKEN", it)));
        let said = ended(command).await;
        assert_eq!(said.code, 0, "{said:?}");
        let request = fields.recv().await.unwrap();
        let found = request
            .lines()
            .find_map(|it| it.strip_prefix("authorization: Bearer "));
        assert_eq!(found, wanted, "{request}");
        assert!(
            request.contains(&format!("host: {address}\r\n")),
            "{request}"
        );
    }
    // Another machine would be told it in plain text. Nothing is sent to that address.
    let mut command = program("http://192.0.2.1:8081", &["status"]);
    command.env("TAILOR_TOKEN", "tlr_secret");
    let said = ended(command).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err
            .contains("a token is not sent over http to 192.0.2.1"),
        "{said:?}"
    );
    assert!(!said.err.contains("tlr_secret"), "{said:?}");
}
