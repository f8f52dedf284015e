//! The command line in a job: where it has its token, and what it says.

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::json;

use super::issuer::{AUDIENCE, Issuer};
use super::{builder, host, served, some};
use crate::releases::api::Api;
use crate::releases::cli::{ended, file, program};
use crate::swap::page::page;

#[tokio::test]
async fn a_job_that_is_given_its_token_needs_no_other_one() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    let url = format!("http://{}", api.0);
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let token = issuer.job(&json!({}));
    let run = async |token: &str, arguments: &[&str]| {
        let mut command = program(&url, arguments);
        command
            .env("TAILOR_ID_TOKEN", token)
            .env("TAILOR_TOKEN", "");
        ended(command).await
    };
    let said = run(&token, &["deploy", "page", &path]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let begins = "tailor: a token for page-team until 20";
    assert!(
        said.err.starts_with(begins) && said.err.lines().count() == 1,
        "{said:?}"
    );
    assert_eq!(served(host.address()).await, some("v1"));
    // Each command needs one of its own.
    let said = run(&token, &["status"]).await;
    assert_eq!((said.code, &*said.out), (4, ""), "{said:?}");
    assert!(
        said.err
            .contains("401 at replay: the token was exchanged before"),
        "{said:?}"
    );
    let refused = issuer.job(&json!({"ref": "refs/heads/x"}));
    let said = run(&refused, &["status"]).await;
    assert_eq!(said.code, 4, "{said:?}");
    assert!(
        said.err.contains("401 at rule: no rule of this host"),
        "{said:?}"
    );
    assert!(!said.err.contains(&refused), "{said:?}");
    // A program reads why.
    let said = run(&refused, &["deploy", "page", &path, "--json"]).await;
    let end = said.end();
    let problem = &end["problem"];
    let read = (said.code, &problem["status"], &problem["step"]);
    assert_eq!(read, (4, &json!(401), &json!("rule")), "{said:?}");
    let reason = problem["reason"].as_str().unwrap();
    assert!(reason.contains("ref is \"refs/heads/x\""), "{said:?}");
    assert_ne!(problem["fix"], json!(""), "{said:?}");
    // A token of the host goes before it.
    let (_, operator) =
        super::token(&host.dir().join("tailor.toml"), &["create", "--operator"]).await;
    let mut command = program(&url, &["status"]);
    command
        .env("TAILOR_ID_TOKEN", "x")
        .env("TAILOR_TOKEN", &operator);
    let said = ended(command).await;
    assert_eq!((said.code, &*said.err), (0, ""), "{said:?}");
    host.stop().await;
}

/// The address of a job that gives it tokens, as GitHub does.
fn github(issuer: Issuer) -> ScriptedService {
    let service = ScriptedService::start(move |_| {
        Response::json(json!({"count": 1, "value": issuer.job(&json!({}))}))
    });
    service.unwrap()
}

#[tokio::test]
async fn a_job_at_github_asks_for_a_token_with_the_host_as_audience() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    let url = format!("http://{}", api.0);
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let service = github(issuer);
    let place = format!("{}/token?api-version=2.0", service.url());
    let run = async |arguments: &[&str], audience: &str| {
        let mut command = program(&url, arguments);
        command
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", &place)
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
            .env("TAILOR_AUDIENCE", audience);
        ended(command).await
    };
    let said = run(&["deploy", "page", &path], AUDIENCE).await;
    assert_eq!(said.code, 0, "{said:?}");
    // Each command asks for another one.
    let said = run(&["status"], "").await;
    assert_eq!(said.code, 0, "{said:?}");
    let asked = service.requests();
    assert_eq!(asked.len(), 2);
    let audience = |text: &str| {
        text.replace(':', "%3A")
            .replace('/', "%2F")
            .replace('.', "%2E")
    };
    for (request, wanted) in asked.iter().zip([AUDIENCE, &url]) {
        assert_eq!(request.header("authorization"), Some("Bearer of-the-job"));
        let line = format!(
            "GET /token?api-version=2.0&audience={} HTTP/1.1",
            audience(wanted)
        );
        assert_eq!(request.line(), line);
    }
    host.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_shown_to_nobody_and_a_host_without_ci_needs_none() {
    let issuer = Issuer::new("a");
    let token = issuer.job(&json!({}));
    let (host, api) = host(&issuer, "").await;
    let url = format!("http://{}", api.0);
    for (answer, told) in [
        (
            Response::json(json!({"token": token})),
            "the answer has no token",
        ),
        (
            Response::text(token.clone()),
            "the answer has the status 200",
        ),
        (Response::new(403), "the answer has the status 403"),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let service = ScriptedService::start(move |_| {
            let answer = answer.lock().unwrap().take();
            answer.unwrap_or_else(|| Response::new(500))
        })
        .unwrap();
        let mut command = program(&url, &["status"]);
        command
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", service.url())
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job");
        let said = ended(command).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(told), "{told}: {said:?}");
        assert!(
            !said.err.contains(&token[..40]) && !said.err.contains("of-the-job"),
            "{said:?}"
        );
    }
    // What listens in place of a host may send the token back.
    let service = ScriptedService::start(|request| Response::text(request.text())).unwrap();
    let mut command = program(&service.url(), &["status"]);
    command.env("TAILOR_ID_TOKEN", &token);
    let said = ended(command).await;
    assert_eq!((said.code, service.count()), (1, 1), "{said:?}");
    assert!(!said.err.contains(&token[..40]), "{said:?}");
    // So may a host, or what stands before it.
    let service = ScriptedService::start(|request| {
        let token: serde_json::Value = serde_json::from_str(&request.text()).unwrap();
        let token = token["token"].as_str().unwrap();
        let (_, signature) = token.rsplit_once('.').unwrap();
        let reason = format!("{token} is not good");
        let fix = format!("sign it otherwise than {signature}");
        let problem = json!({"step": "token", "reason": reason, "fix": fix});
        Response::new(401)
            .header("content-type", "application/json")
            .body(problem.to_string())
    })
    .unwrap();
    for arguments in [&["status"][..], &["rollback", "page", "--json"]] {
        let mut command = program(&service.url(), arguments);
        command.env("TAILOR_ID_TOKEN", &token);
        let said = ended(command).await;
        assert_eq!(said.code, 4, "{said:?}");
        let told = [&*said.err, &said.out].concat();
        assert!(
            told.contains("… is not good; sign it otherwise than …"),
            "{told}"
        );
        for part in token.split('.') {
            assert!(!told.contains(part), "{told}");
        }
    }
    host.stop().await;

    let host = builder("").start().await.unwrap();
    let url = format!("http://{}", Api::of(&host).0);
    // One of before has no such path, and one that is the id of a token for other methods.
    let older = ScriptedService::start(|request| match &*request.line() {
        "POST /v1/tokens/exchange HTTP/1.1" => {
            let problem = json!({"step": "method", "reason": "only DELETE is served here"});
            Response::new(405).body(problem.to_string())
        }
        _ => Response::json(json!({"releases": [], "next": null})),
    })
    .unwrap();
    let service = github(issuer);
    for (url, arguments) in [(url, &["status"][..]), (older.url(), &["releases", "page"])] {
        let mut command = program(&url, arguments);
        command
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", service.url())
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job");
        let said = ended(command).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.err
                .contains("takes no tokens of CI jobs; going on without"),
            "{said:?}"
        );
    }
    assert_eq!(older.count(), 2);
    host.stop().await;
}
