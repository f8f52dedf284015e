//! A new version answers one request before it is published, if the operator names one.

use downstream_mock::scripted::{Response, ScriptedService};
use tailor_harness::TestHost;

use super::page::{page, page_with_status, trap};
use super::{host, live, served, swaps};
use crate::downstream::relay::relay;
use crate::observe::{bff, eventually, swapped};
use crate::wire::soon;

async fn refused(host: &TestHost, name: &str, times: f64) -> String {
    eventually("a refusal", async || {
        (swaps(host, name, "refused").await == times).then_some(())
    })
    .await;
    let state = bff(host, name).await;
    state["refused"]["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_version_that_answers_otherwise_than_it_should_is_refused() {
    let host = host("", "[bff.page.smoke]\npath = \"/ada?date=2026-01-15\"\n").await;
    let first = live(&host, "page").await;
    for (times, file, words) in [
        (1.0, page_with_status("v2", 503), ["503", "200"]),
        (2.0, page_with_status("v2", 404), ["404", "200"]),
        (3.0, trap("v2"), ["trap", "failed"]),
        // An illegal answer counts as a failure.
        (4.0, page_with_status("v2", 99), ["99", "illegal"]),
    ] {
        host.replace("page.wasm", &file).unwrap();
        let reason = refused(&host, "page", times).await;
        assert!(reason.contains("/ada?date=2026-01-15"), "{reason}");
        assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        assert_eq!(live(&host, "page").await, first);
        assert_eq!(served(&host, "/page").await, "v1");
    }
    host.replace("page.wasm", &page("v3")).unwrap();
    swapped(&host, "page", 1).await;
    assert_eq!(served(&host, "/page").await, "v3");
}

#[tokio::test]
async fn the_status_that_is_expected_need_not_be_200() {
    let host = host("", "[bff.page.smoke]\npath = \"/nobody\"\nstatus = 404\n").await;
    let reason = refused(&host, "page", 1.0).await;
    assert!(reason.contains("200, not 404"), "{reason}");
    host.replace("page.wasm", &page_with_status("v2", 404))
        .unwrap();
    eventually("a version", async || {
        (swaps(&host, "page", "published").await == 1.0).then_some(())
    })
    .await;
    assert_eq!(host.get("/page").await.unwrap().status, 404);
}

/// A host with a relay to a service and this smoke request.
async fn relaying(service: &ScriptedService, smoke: &str, files: &[(&str, &str)]) -> TestHost {
    let mut builder = TestHost::builder().unwrap();
    for (name, content) in files {
        builder = builder.file(name, content.as_bytes()).unwrap();
    }
    builder
        .service_at("smoke", &[service.url()])
        .settings("smoke", "idle-timeout = \"100ms\"")
        .bff("relay", &relay("v1", None), &format!("[smoke]\n{smoke}"))
        .route("bff = \"relay\"\nclient = \"smoke\"")
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn with_a_fixture_no_service_is_called() {
    let fixture = |status: u16| {
        format!(
            r#"{{"request":{{"path":"/unused"}},
                "downstreams":[{{"service":"smoke","path":"/probe","reply":{{"status":{status}}}}}]}}"#
        )
    };
    let service = ScriptedService::start(|_| Response::new(500)).unwrap();
    let smoke = "path = \"/probe\"\nfixture = \"smoke.json\"";
    let host = relaying(&service, smoke, &[("smoke.json", &fixture(200))]).await;
    host.replace("relay.wasm", &relay("v2", None)).unwrap();
    swapped(&host, "relay", 1).await;
    // The fixture is read anew for each attempt.
    host.replace("smoke.json", fixture(500).as_bytes()).unwrap();
    host.replace("relay.wasm", &relay("v3", None)).unwrap();
    let reason = refused(&host, "relay", 1.0).await;
    assert!(reason.contains("500, not 200"), "{reason}");
    // A fixture that cannot be read proves nothing, so nothing is published.
    host.replace("smoke.json", b"{").unwrap();
    host.replace("relay.wasm", &relay("v4", None)).unwrap();
    let reason = refused(&host, "relay", 2.0).await;
    assert!(reason.contains("smoke.json"), "{reason}");
    assert_eq!(service.accepted(), 0);
    assert_eq!(host.get("/x").await.unwrap().header("x-version"), "v2");
}

#[tokio::test]
async fn what_the_fixture_expects_of_the_same_request_is_compared() {
    let fixture = |path: &str, version: &str| {
        format!(
            r#"{{"request":{{"path":"{path}"}},
                "downstreams":[{{"service":"smoke","path":"/probe","reply":{{"status":200}}}}],
                "expect":{{"headers":{{"x-version":"{version}"}}}}}}"#
        )
    };
    let service = ScriptedService::start(|_| Response::new(500)).unwrap();
    let smoke = "path = \"/probe\"\nfixture = \"smoke.json\"";
    let host = relaying(&service, smoke, &[("smoke.json", &fixture("/probe", "v1"))]).await;
    host.replace("relay.wasm", &relay("v2", None)).unwrap();
    let reason = refused(&host, "relay", 1.0).await;
    for part in [
        "/probe was not answered as its fixture expects",
        "x-version",
        "\"v1\"",
        "\"v2\"",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    // What it expects of another request says nothing of this one.
    host.replace("smoke.json", fixture("/other", "v1").as_bytes())
        .unwrap();
    host.replace("relay.wasm", &relay("v3", None)).unwrap();
    swapped(&host, "relay", 1).await;
    host.stop().await;
}

#[tokio::test]
async fn without_a_fixture_the_services_themselves_are_called() {
    let service = ScriptedService::start(|_| Response::new(200)).unwrap();
    let host = relaying(&service, "path = \"/probe\"", &[]).await;
    host.replace("relay.wasm", &relay("v2", None)).unwrap();
    swapped(&host, "relay", 1).await;
    let requests = service.requests();
    // One for the first version, one for the second.
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.line(), "GET /probe HTTP/1.1");
        assert_eq!(request.header("x-request-id"), Some("smoke"));
    }
    // What was opened for it does not stay open for ever.
    soon(service.wait_open(0)).await;
}
