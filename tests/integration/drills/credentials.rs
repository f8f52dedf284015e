//! Credentials of the host: renewed while it runs, and seen by the service alone.

use std::sync::{Arc, Mutex};

use downstream_mock::scripted::{Response, ScriptedService};
use futures_util::future::join_all;
use serde_json::json;
use tailor_harness::Process;

use super::*;

/// A service that requires this token, which can be changed.
fn guarded(token: &Arc<Mutex<String>>) -> ScriptedService {
    let token = token.clone();
    ScriptedService::start(move |request| {
        let wanted = format!("Bearer {}", token.lock().unwrap());
        match request.header("authorization") == Some(&*wanted) {
            true => Response::text("welcome"),
            false => Response::new(401).body("who?"),
        }
    })
    .unwrap()
}

const FROM_FILE: &str = "[credentials]\nbearer-file = \"token\"";

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_by_its_file() {
    let token = Arc::new(Mutex::new("first-secret".to_owned()));
    let site = guarded(&token);
    let host = Setup::new()
        .file("token", "first-secret\n")
        .service("svc", &site.url(), FROM_FILE)
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "welcome");

    *token.lock().unwrap() = "second-secret".to_owned();
    let reply = get(&host, "/r/svc/x").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (401, "who?")
    );

    host.replace("token", b"second-secret\n").unwrap();
    eventually("the new token to be used", async || {
        (get(&host, "/r/svc/x").await.status == 200).then_some(())
    })
    .await;
    for page in ["/bffs", "/metrics"] {
        let page = host.admin(page).await.unwrap().text();
        assert!(!page.contains("secret"), "{page}");
    }
}

#[tokio::test]
async fn a_token_of_the_same_size_and_time_is_seen_to_be_another_one() {
    let token = Arc::new(Mutex::new("first-token".to_owned()));
    let site = guarded(&token);
    let host = Setup::new()
        .file("token", "first-token")
        .service("svc", &site.url(), FROM_FILE)
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "welcome");
    *token.lock().unwrap() = "other-token".to_owned();
    crate::observe::overwrite(&host.dir().join("token"), b"other-token");
    eventually("the other token to be used", async || {
        (get(&host, "/r/svc/x").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_token_is_in_no_line_of_the_log() {
    const TOKEN: &str = "never-to-be-seen";
    let token = Arc::new(Mutex::new(TOKEN.to_owned()));
    let site = guarded(&token);
    let (config, _dir) = Setup::with("log.format = \"json\"\nlog.level = \"trace\"")
        .file("token", TOKEN)
        .service("svc", &site.url(), FROM_FILE)
        .relay("r", "")
        .builder()
        .write()
        .unwrap();
    let process = Process::serve(&config).unwrap();
    let address = process.address().unwrap();
    for (id, status) in [("taken", 200), ("refused", 401)] {
        let request = format!("GET /r/svc/x HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n");
        let mut wire = crate::wire::Wire::connect(address).await;
        wire.send(&request).await;
        assert_eq!(wire.head().await.status, status);
        let line = |line: &Value| line["target"] == "access" && line["request_id"] == id;
        process.wait_for(line).unwrap();
        *token.lock().unwrap() = "another".to_owned();
    }
    assert_eq!(site.count(), 2);
    let lines = process.lines();
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        assert!(!line.contains(TOKEN), "{line}");
    }
}

/// A token endpoint (RFC 6749 section 4.4): each token is the next number, and the service takes
/// that one alone.
fn token_endpoint(token: &Arc<Mutex<String>>) -> ScriptedService {
    let token = token.clone();
    ScriptedService::start(move |request| {
        // The id and the secret, as section 2.3.1 has them.
        if request.header("authorization") != Some("Basic dGFpbG9yOmh1c2g=")
            || !request.text().contains("grant_type=client_credentials")
        {
            return Response::new(400).body("{\"error\":\"invalid_client\"}");
        }
        let new = format!("token-{}", request.number);
        token.lock().unwrap().clone_from(&new);
        given(&new)
    })
    .unwrap()
}

fn given(token: &str) -> Response {
    Response::json(json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}))
}

#[tokio::test]
async fn a_token_of_oauth2_serves_many_calls_and_is_renewed_when_it_is_refused() {
    let token = Arc::new(Mutex::new(String::new()));
    let site = guarded(&token);
    let endpoint = token_endpoint(&token);
    let settings = format!(
        "[credentials]\noauth2-token-url = \"{}/token\"\nclient-id = \"tailor\"\nclient-secret-file = \"secret\"",
        endpoint.url()
    );
    let host = Setup::new()
        .file("secret", "hush")
        .service("svc", &site.url(), &settings)
        .relay("r", "")
        .start()
        .await;
    let paths: Vec<String> = (0..20).map(|number| format!("/r/svc/{number}")).collect();
    for reply in join_all(paths.iter().map(|path| get(&host, path))).await {
        assert_eq!(reply.text(), "welcome");
    }
    assert_eq!((endpoint.count(), site.count()), (1, 20));

    // The service revokes its tokens. The refused call is repeated with a new one.
    *token.lock().unwrap() = "forgotten".to_owned();
    assert_eq!(get(&host, "/r/svc/again").await.text(), "welcome");
    assert_eq!((endpoint.count(), site.count()), (2, 22));
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let token = Arc::new(Mutex::new("unknown".to_owned()));
    let site = guarded(&token);
    let endpoint = ScriptedService::start(|_| Response::new(503).body("no tokens today")).unwrap();
    let settings = format!(
        "[credentials]\noauth2-token-url = \"{}/token\"\nclient-id = \"tailor\"\nclient-secret-file = \"secret\"",
        endpoint.url()
    );
    let host = Setup::new()
        .file("secret", "hush")
        .service("svc", &site.url(), &settings)
        .relay("r", "")
        .start()
        .await;
    let reply = get(&host, "/r/svc/x").await;
    let failure = crate::downstream::relay::failure(&reply);
    assert_eq!(failure, Some(("rejected", false)), "{reply:?}");
    assert_eq!(degraded(&reply), "svc;failed=rejected");
    assert!(!reply.text().contains("127.0.0.1"), "{}", reply.text());
    assert_eq!(event(&host, "svc", "no-credentials").await, 1.0);
    assert_eq!(site.count(), 0);
}

#[tokio::test]
async fn a_token_endpoint_may_take_longer_than_a_service() {
    let token = Arc::new(Mutex::new("slow".to_owned()));
    let site = guarded(&token);
    // Longer than the default `first-byte-timeout`.
    let long = Duration::from_millis(1_200);
    let answer = move |_| given("slow").after(tokio::time::sleep(long));
    let endpoint = ScriptedService::start(answer).unwrap();
    let settings = format!(
        "[credentials]\noauth2-token-url = \"{}/token\"\nclient-id = \"tailor\"\nclient-secret-file = \"secret\"",
        endpoint.url()
    );
    let host = Setup::new()
        .file("secret", "hush")
        .service("svc", &site.url(), &settings)
        .relay("r", "")
        .start()
        .await;
    assert_eq!(get(&host, "/r/svc/x").await.text(), "welcome");
}
