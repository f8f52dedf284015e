//! Releases that get a share of the requests first: who gets it, how it grows, and how it ends.

mod bodies;
mod ends;
mod held;
mod kills;
mod loading;
mod locked;
mod orders;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tailor_harness::{TestHost, TestHostBuilder};

use super::api::{Api, digest};
use super::{some, until};
use crate::swap::page::{kept, page};
use crate::wire::{Wire, get};

/// A BFF whose canaries have this plan.
fn builder(plan: &str) -> TestHostBuilder {
    let page = "[bff.page]\nreleases = true\n[bff.page.canary]\nclient-header = \"x-device\"\n";
    let route = "[[route]]\nbff = \"page\"\npath = \"/page\"\n";
    let host = TestHost::builder().unwrap();
    let host = host.config("log.format = \"json\"\n");
    host.config(&format!("{page}{plan}\n{route}"))
}

async fn start(plan: &str) -> (TestHost, Api) {
    let host = builder(plan).start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

/// A plan whose steps never end by themselves.
const LASTING: &str = "steps = [50, 95]\nstep-time = \"1h\"\nbake-time = \"1h\"";
/// One that is done as soon as there are requests.
const SHORT: &str = "steps = [50]\nbake-time = \"1ms\"\nmin-requests = 20\n\
                     max-extra-failures = 999";

/// The version that a device gets.
async fn asked(address: SocketAddr, device: &str) -> Option<String> {
    let field = format!("x-device: {device}\r\n");
    let answer = Wire::ask(address, &get("/page/x", &field)).await;
    (answer.status == 200).then(|| answer.header("x-version").to_owned())
}

/// The versions that 40 devices get.
async fn division(address: SocketAddr) -> BTreeMap<usize, String> {
    let mut versions = BTreeMap::new();
    for device in 0..40 {
        let version = asked(address, &format!("d{device}")).await;
        versions.insert(device, version.unwrap());
    }
    versions
}

fn count(versions: &BTreeMap<usize, String>, version: &str) -> usize {
    versions.values().filter(|it| *it == version).count()
}

async fn canary(api: &Api) -> Value {
    api.get("/v1/bffs/page").await.json["canary"].clone()
}

/// Releases v1, and v2 on trial. Returns the path of the second release.
async fn on_trial(api: &Api, second: &[u8], more: Value) -> String {
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    tried_out(api, second, more).await
}

async fn tried_out(api: &Api, component: &[u8], more: Value) -> String {
    let begun = api.try_out(component, more).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    api.becomes(&begun.location, "canary").await;
    // The journal says so a moment before it is.
    until(async || (!canary(api).await.is_null()).then_some(())).await;
    begun.location
}

#[tokio::test]
async fn a_device_keeps_its_version_over_a_reload_and_a_restart_and_only_ever_moves_on() {
    let (host, api) = start(LASTING).await;
    let path = on_trial(&api, &page("v2"), json!({"share": 30})).await;
    let before = division(host.address()).await;
    let got = count(&before, "v2");
    // 12 of 40 are expected. Anything else is less likely than one in 10,000.
    assert!((2..=26).contains(&got), "{before:?}");
    assert_eq!(division(host.address()).await, before);

    let state = canary(&api).await;
    assert_eq!(state["digest"], digest(&page("v2")));
    assert_eq!((&state["percent"], &state["step"]), (&json!(30), &json!(1)));
    assert_eq!(state["steps"], json!([30, 50, 95]));
    let counted = |track: &str| state["evidence"][track]["requests"].as_u64().unwrap();
    assert_eq!(counted("candidate") + counted("stable"), 80);
    assert_eq!(counted("candidate"), 2 * got as u64);

    let reloaded = host.host().reload().await.unwrap();
    assert!(reloaded.refused.is_empty());
    assert_eq!(division(host.address()).await, before);
    // What was counted is counted still.
    let counted = canary(&api).await["evidence"]["candidate"]["requests"].clone();
    assert_eq!(counted, json!(3 * got));

    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    until(async || (!canary(&api).await.is_null()).then_some(())).await;
    assert_eq!(division(host.address()).await, before);
    assert_eq!(api.get(&path).await.json["percent"], 30);
    host.stop().await;
}

#[tokio::test]
async fn what_is_live_is_left_alone_and_a_cache_keeps_no_mixture() {
    let (host, api) = start(LASTING).await;
    on_trial(&api, &page("v2"), json!({})).await;
    let answer = Wire::ask(host.address(), &get("/page/x", "x-device: d1\r\n")).await;
    assert_eq!(answer.header("cache-control"), "private");
    let live = api.get("/v1/bffs/page").await.json;
    assert_eq!(live["live"]["digest"], digest(&page("v1")));
    assert_eq!(live["sha256"], digest(&page("v1")));
    assert_eq!(live["draining"], json!([]));
    // A request that names no device is for itself.
    let mut versions = BTreeMap::new();
    for number in 0..40 {
        let answer = Wire::ask(host.address(), &get("/page/x", "")).await;
        versions.insert(number, answer.header("x-version").to_owned());
    }
    assert!(count(&versions, "v1") > 0 && count(&versions, "v2") > 0);
    api.post("/v1/bffs/page/abort", &json!({})).await;
    let answer = Wire::ask(host.address(), &get("/page/x", "x-device: d1\r\n")).await;
    assert_eq!(answer.header("cache-control"), "");
    host.stop().await;
}

#[tokio::test]
async fn a_cache_keeps_what_depends_on_the_device_alone_where_the_answer_says_so() {
    let (host, api) = start(LASTING).await;
    assert_eq!(api.release(&kept("v1")).await["state"], "live");
    let fields = async |more: &str| {
        let answer = Wire::ask(host.address(), &get("/page/x", more)).await;
        assert_eq!((answer.status, answer.header("vary")), (200, "x-device"));
        ["cache-control", "cdn-cache-control"].map(|it| answer.header(it).to_owned())
    };
    let public = ["public, max-age=60", "max-age=600"];
    assert_eq!(fields("").await, public);
    tried_out(&api, &kept("v2"), json!({})).await;
    assert_eq!(fields("x-device: d1\r\n").await, public);
    // Without the device, its version is that of the request.
    assert_eq!(fields("").await, ["max-age=60, private", ""]);
    host.stop().await;
}

#[tokio::test]
async fn where_nothing_is_live_a_canary_is_live_at_once() {
    let (host, api) = start(LASTING).await;
    let begun = api.try_out(&page("v1"), json!({})).await;
    assert_eq!(api.ended(&begun.location).await["state"], "live");
    // So is what is live already.
    let begun = api.try_out(&page("v1"), json!({})).await;
    assert_eq!(api.ended(&begun.location).await["state"], "live");
    host.stop().await;
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_with_the_way_out() {
    let (host, api) = start(LASTING).await;
    api.release(&page("v1")).await;
    for (more, status, step) in [
        (json!({"share": 0}), 400, "order"),
        (json!({"share": 100}), 400, "order"),
        (json!({"share": 7, "strategy": "all-at-once"}), 400, "order"),
        (json!({"strategy": "blue-green"}), 400, "order"),
        (json!({"again": true}), 400, "held"),
    ] {
        let refused = api.try_out(&page("v2"), more.clone()).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (status, &json!(step)),
            "{more}"
        );
        assert!(!refused.json["fix"].as_str().unwrap().is_empty());
    }
    for order in ["promote", "abort", "hold"] {
        let refused = api
            .post(&format!("/v1/bffs/page/{order}"), &json!({}))
            .await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (409, &json!("canary"))
        );
        assert_eq!(refused.json["reason"], "bff.page: no release is on trial");
    }
    host.stop().await;
}
