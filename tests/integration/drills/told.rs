//! What is told of a failure: which limit ended the call, and how often the service was asked.

use downstream_mock::scripted::{Response, ScriptedService};

use super::*;
use crate::downstream::relay::{relay, relay_with_profile};

/// A service that never answers.
fn silent() -> ScriptedService {
    ScriptedService::start(|_| Response::hang()).unwrap()
}

/// The text of the failure of one call.
async fn detail(host: &TestHost, path: &str) -> String {
    get(host, path).await.text()
}

#[tokio::test]
async fn a_failure_names_the_limit_that_ended_the_call() {
    let site = silent();
    let profile = "[profile.fast]\ntimeout = \"70ms\"\n";
    let host = Setup::new()
        .service("svc", &site.url(), "first-byte-timeout = \"90ms\"")
        .relay("service", "")
        .relay_of("call", &relay("v1", Some(60)), "")
        .relay_of("profile", &relay_with_profile("fast"), "")
        .config(profile)
        .start()
        .await;
    for (bff, limit) in [
        ("service", "first-byte-timeout"),
        ("call", "timeout-ms of the call"),
        ("profile", "timeout of its profile"),
    ] {
        let told = detail(&host, &format!("/{bff}/svc/x")).await;
        assert!(told.contains(limit), "{bff}: {told}");
    }
}

#[tokio::test]
async fn a_failure_says_how_often_the_service_was_asked() {
    let site = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let url = site.url();
    site.stop().await;
    let host = Setup::new()
        .service("svc", &url, "[retry]\nmax = 2\nbackoff = \"1ms\"")
        .relay("r", "")
        .start()
        .await;
    let told = detail(&host, "/r/svc/x").await;
    assert!(told.contains("(3 attempts)"), "{told}");
}

#[tokio::test]
async fn a_full_queue_names_its_limit() {
    let site = silent();
    let settings = "max-calls = 1\nmax-queued = 0\ncoalesce = false\nfirst-byte-timeout = \"300ms\"\n\
                    [retry]\nmax = 0";
    let host = Setup::new()
        .service("svc", &site.url(), settings)
        .relay("r", "")
        .start()
        .await;
    let (one, other) = tokio::join!(detail(&host, "/r/svc/1"), detail(&host, "/r/svc/2"));
    let told = [one, other];
    let full = told.iter().filter(|told| told.contains("max-queued"));
    assert_eq!(full.count(), 1, "{told:?}");
}
