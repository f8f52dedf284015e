//! A request ends on the version that it began on, and that version lives exactly as long.

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use serde_json::json;
use tailor_harness::{Reply, TestHost};

use super::page::page;
use super::{PAGE, live, served, swaps, versions};
use crate::downstream::relay::relay;
use crate::observe::{bff, eventually, metric, swapped};
use crate::wire::soon;

/// A service that holds back the answers to `/held` and below until they are released, and answers
/// everything else at once.
pub fn holding() -> (ScriptedService, Gate) {
    let gate = Gate::new();
    let held = gate.clone();
    let service = ScriptedService::start(move |request| {
        let ok = Response::text("ok");
        match request.path() {
            path if path.starts_with("/held") => ok.after(held.pass()),
            _ => ok,
        }
    });
    (service.unwrap(), gate)
}

pub async fn host(service: &ScriptedService) -> TestHost {
    let builder = TestHost::builder().unwrap();
    builder
        .service_at("svc", &[service.url()])
        .settings("svc", "timeout = \"50s\"\nfirst-byte-timeout = \"50s\"")
        .bff("relay", &relay("v1", None), "deadline = \"60s\"")
        .route("bff = \"relay\"\nclient = \"svc\"")
        .start()
        .await
        .unwrap()
}

/// The version that gave an answer, which must be a good one.
fn version(reply: anyhow::Result<Reply>) -> String {
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
    reply.header("x-version").to_owned()
}

async fn drained(host: &TestHost) {
    eventually("the old version is gone", async || {
        let nothing = bff(host, "relay").await["draining"] == json!([]);
        (nothing && versions(host, "relay").await == 1.0).then_some(())
    })
    .await;
}

/// Requests of a version with a good answer; `None` when the version has no series any more.
async fn answered(host: &TestHost, version: &str) -> Option<f64> {
    let labels = [("bff", "relay"), ("version", version), ("outcome", "2xx")];
    metric(host, "tailor_requests_total", &labels).await
}

#[tokio::test]
async fn a_request_that_runs_ends_on_the_version_it_began_on() {
    let (service, gate) = holding();
    let host = host(&service).await;
    let first = live(&host, "relay").await;
    let meanwhile = async {
        soon(service.wait_for(1)).await;
        host.replace("relay.wasm", &relay("v2", None)).unwrap();
        let state = swapped(&host, "relay", 1).await;
        assert_ne!(state["version"], json!(first));
        assert_eq!(state["draining"], json!([first]));
        assert_eq!(versions(&host, "relay").await, 2.0);
        // Others are on the new version at once.
        assert_eq!(version(host.get("/x").await), "v2");
        assert_eq!(version(host.get_http2("/x").await), "v2");
        gate.open(1);
    };
    let (held, ()) = tokio::join!(host.get("/held"), meanwhile);
    assert_eq!(version(held), "v1");
    drained(&host).await;
    assert_eq!(answered(&host, &first).await, None);
    assert_eq!(
        answered(&host, &live(&host, "relay").await).await,
        Some(2.0)
    );
    assert_eq!(swaps(&host, "relay", "published").await, 1.0);
}

#[tokio::test]
async fn a_version_can_be_taken_back_to_while_it_drains_and_its_counters_go_on() {
    let (service, gate) = holding();
    let host = host(&service).await;
    let first = live(&host, "relay").await;
    assert_eq!(version(host.get("/x").await), "v1");
    let meanwhile = async {
        soon(service.wait_for(2)).await;
        host.replace("relay.wasm", &relay("v2", None)).unwrap();
        swapped(&host, "relay", 1).await;
        assert_eq!(version(host.get("/x").await), "v2");
        host.replace("relay.wasm", &relay("v1", None)).unwrap();
        let state = swapped(&host, "relay", 2).await;
        assert_eq!(state["version"], json!(first));
        assert_eq!(version(host.get("/x").await), "v1");
        assert_eq!(answered(&host, &first).await, Some(2.0));
        gate.open(1);
    };
    let (held, ()) = tokio::join!(host.get("/held"), meanwhile);
    assert_eq!(version(held), "v1");
    drained(&host).await;
    // What the first life of the version counted stays, although that life has ended.
    assert_eq!(answered(&host, &first).await, Some(3.0));
    assert_eq!(swaps(&host, "relay", "published").await, 2.0);
}

#[tokio::test]
async fn a_request_that_runs_survives_a_reload_that_takes_its_bff_away() {
    let (service, gate) = holding();
    let host = host(&service).await;
    let meanwhile = async {
        soon(service.wait_for(1)).await;
        host.replace("page.wasm", &page("w1")).unwrap();
        super::edit(&host, |text| {
            let (start, _) = text.split_once("[bff.relay]").unwrap();
            format!("{start}{PAGE}")
        });
        host.host().reload().await.unwrap();
        assert_eq!(host.get("/x").await.unwrap().status, 404);
        assert_eq!(served(&host, "/page").await, "w1");
        gate.open(1);
    };
    let (held, ()) = tokio::join!(host.get("/held"), meanwhile);
    assert_eq!(version(held), "v1");
}
