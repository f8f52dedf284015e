//! Candidates that run on what clients ask: what their reports say, and that no client and no
//! service learns of them.

mod ends;
mod guest;
mod refused;
mod shed;
mod told;
mod turns;
mod waits;

use downstream_mock::scripted::Response;
use serde_json::{Value, json};
use tailor_harness::{TestHost, TestHostBuilder};

use super::api::{Api, digest};
use super::until;
use crate::wire::{ClientResponse, Wire, get};
use guest::{ENDLESS, MORE_DICE};

pub(super) use guest::Guest;

const PATH: &str = "/v1/bffs/page/shadow";
/// As much of the processors as there is.
pub(super) const FREE: &str = "[releases.shadow]\ncpu = 100\n";

/// A host with a service that answers at once.
pub(super) fn builder(more: &str) -> TestHostBuilder {
    let builder = TestHost::builder().unwrap();
    let builder = builder.service("facts", |_| Response::json("{}"));
    with_page(builder, more)
}

fn with_page(builder: TestHostBuilder, more: &str) -> TestHostBuilder {
    let page = "[bff.page]\nreleases = true\ndownstreams = [\"facts\"]\n";
    let route = "[[route]]\nbff = \"page\"\npath = \"/page\"\n";
    builder.config(&format!("log.format = \"json\"\n{page}{more}\n{route}"))
}

/// A host on which the usual version is live, and the others were proven.
pub(super) async fn start(builder: TestHostBuilder, others: &[Guest]) -> (TestHost, Api) {
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    for guest in others.iter().chain([&Guest::LIVE]) {
        let released = api.release(&guest.component()).await;
        assert_eq!(released["state"], "live", "{released}");
    }
    runs(&api, Guest::LIVE).await;
    (host, api)
}

/// Waits until a version serves: the journal says so a moment before.
async fn runs(api: &Api, guest: Guest) {
    let wanted = digest(&guest.component());
    let sha256 = async || api.get("/v1/bffs/page").await.json["sha256"].clone();
    until(async || (sha256().await == wanted).then_some(())).await;
}

pub(super) async fn ask(host: &TestHost) -> ClientResponse {
    Wire::ask(host.address(), &get("/page/x", "")).await
}

/// Begins a shadow, and waits until it takes requests.
async fn begin(api: &Api, candidate: Guest) -> Value {
    let order = json!({"digest": digest(&candidate.component())});
    let begun = api.post(PATH, &order).await;
    assert_eq!((begun.status, &*begun.location), (202, PATH), "{begun:?}");
    until(async || {
        let report = api.get(PATH).await.json;
        (report["state"] == "running").then_some(report)
    })
    .await
}

/// Asks until the candidate ran so often. Each client gets the answer of what is live.
async fn compared(host: &TestHost, api: &Api, runs: u64) -> Value {
    until(async || {
        let answer = ask(host).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("\"Ada\""), "{answer:?}");
        let report = api.get(PATH).await.json;
        (report["runs"].as_u64().unwrap() >= runs).then_some(report)
    })
    .await
}
