//! Commands of a job that wait for longer than its token lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::json;

use super::away::{host, problem};
use super::stub::{answer, stub};
use super::{Said, ended, file, program};

/// Deploys from a job of GitHub, which asks for tokens `count` times at most, to a host whose
/// tokens live for two seconds, and whose release is live when it is asked with the second one.
async fn deployed(count: usize) -> (Said, usize) {
    let given = Arc::new(AtomicUsize::new(0));
    let exchanged = given.clone();
    let address = stub(move |head| {
        let shows = |number: usize| head.contains(&format!("authorization: Bearer tlr_{number}\r"));
        host(head, |line| {
            if line.starts_with("POST /v1/tokens/exchange") {
                let number = exchanged.fetch_add(1, Ordering::Relaxed) + 1;
                let token = json!({"token": format!("tlr_{number}"), "team": "page-team",
                    "made": "2030-01-01T00:00:00Z", "expires": "2030-01-01T00:00:02Z"});
                let token = answer("201 Created", "application/json", &token.to_string());
                return Some(token);
            }
            if shows(2) && line.contains("/releases/7") {
                let release = host(line, |_| None);
                let (_, release) = release.split_once("\r\n\r\n")?;
                let live = release.replace("\"proving\"", "\"live\"");
                return Some(answer("200 OK", "application/json", &live));
            }
            (!shows(1) && !shows(2)).then(|| problem("401 Unauthorized", "token"))
        })
    })
    .await;
    let asked = AtomicUsize::new(0);
    let github =
        ScriptedService::start(
            move |_| match asked.fetch_add(1, Ordering::Relaxed) < count {
                true => Response::json(json!({"value": "a.b.c"})),
                false => Response::new(500),
            },
        )
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let url = format!("http://{address}");
    let mut command = program(&url, &["deploy", "page", &path, "--timeout", "5s"]);
    command
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", github.url())
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job");
    (ended(command).await, given.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_job_at_github_asks_for_another_token_before_its_own_one_ends() {
    let (said, given) = deployed(2).await;
    assert_eq!((said.code, given), (0, 2), "{said:?}");
    let tokens = said.err.lines();
    let tokens = tokens.filter(|line| line.starts_with("tailor: a token for page-team until"));
    assert_eq!(tokens.count(), 2, "{said:?}");
    // Where there is none, the old one is shown until it ends.
    let (said, given) = deployed(1).await;
    assert_eq!((said.code, given), (6, 1), "{said:?}");
    let told = "tailor: the token ends, and there is no other one: ACTIONS_ID_TOKEN_REQUEST_URL: \
                no token: the answer has the status 500";
    let told = said.err.lines().filter(|line| *line == told);
    assert_eq!(told.count(), 1, "{said:?}");
    assert!(!said.err.contains("of-the-job"), "{said:?}");
}
