//! The report of a failure: which limit ended the call, and the number of attempts.

use downstream_mock::scripted::{Response, ScriptedService};
use tailor_harness::Process;

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
    let settings = "max-calls = 1\nmax-queued = 0\ncoalesce = false\nfirst-byte-timeout = \"3s\"\n\
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

#[tokio::test]
async fn the_log_says_once_a_minute_why_an_answer_cannot_be_read_and_never_what_it_holds() {
    const SECRET: &str = "never-to-be-seen";
    let page = format!("<html>{SECRET}</html>");
    let site = ScriptedService::start(move |_| {
        Response::text(page.clone()).header("content-type", "text/html; charset=utf-8")
    })
    .unwrap();
    let (config, _dir) = Setup::with("log.format = \"json\"")
        .service("activity", &site.url(), "")
        .service("heart", &site.url(), "")
        .service("sleep", &site.url(), "")
        .example("watch", &["activity", "heart", "sleep"])
        .builder()
        .write()
        .unwrap();
    let process = Process::serve(&config).unwrap();
    let address = process.address().unwrap();
    for id in ["first", "second"] {
        let request = format!("GET /watch/ada HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n");
        let mut wire = crate::wire::Wire::connect(address).await;
        wire.send(&request).await;
        wire.head().await;
        let line = |line: &Value| line["target"] == "access" && line["request_id"] == id;
        process.wait_for(line).unwrap();
    }
    assert!(site.count() >= 2);
    for service in ["activity", "heart", "sleep"] {
        let log = process.log();
        let told = |line: &&Value| {
            line["downstream"] == service
                && line["message"] == "a response could not be read as JSON"
        };
        let told: Vec<_> = log.iter().filter(told).collect();
        assert_eq!(told.len(), 1, "{service}: {told:?}");
        assert_eq!(told[0]["content_type"], "text/html; charset=utf-8");
        assert_eq!(told[0]["begins"], "markup such as HTML");
    }
    for line in process.lines() {
        assert!(!line.contains(SECRET), "{line}");
    }
}
