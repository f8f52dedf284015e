//! Trials that end by a rule.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{LASTING, SHORT, asked, canary, division, on_trial, start, tried_out, until};
use crate::releases::api::{Api, digest};
use crate::swap::page::{fragile, page};
use crate::wire::{Wire, get};

/// Asks for a page that a fragile version traps on, for this number of devices.
async fn provoke(address: SocketAddr, devices: usize) {
    for device in 0..devices {
        let field = format!("x-device: p{device}\r\n");
        Wire::ask(address, &get("/page/!", &field)).await;
    }
}

async fn rolled_back(api: &Api, address: SocketAddr, path: &str) -> Value {
    provoke(address, 60).await;
    api.becomes(path, "rolled-back").await
}

#[tokio::test]
async fn a_good_release_goes_through_its_plan_and_is_live() {
    let (host, api) = start(SHORT).await;
    let path = on_trial(&api, &page("v2"), json!({})).await;
    until(async || {
        division(host.address()).await;
        (api.get(&path).await.json["state"] == "live").then_some(())
    })
    .await;
    let live = api.get(&path).await.json;
    let candidate = live["evidence"]["candidate"]["requests"].as_u64().unwrap();
    assert!(candidate >= 20, "{live}");
    until(async || {
        let versions = division(host.address()).await;
        versions.values().all(|it| it == "v2").then_some(())
    })
    .await;
    assert_eq!(
        api.get("/v1/bffs/page").await.json["linked"],
        digest(&page("v1"))
    );
    host.stop().await;
}

#[tokio::test]
async fn a_release_that_traps_is_rolled_back_by_itself_with_its_evidence() {
    let (host, api) = start(LASTING).await;
    let fragile = fragile("v2");
    let path = on_trial(&api, &fragile, json!({})).await;
    let back = rolled_back(&api, host.address(), &path).await;
    assert_eq!(back["step"], "gate");
    let reason = back["reason"].as_str().unwrap();
    assert!(reason.starts_with("traps: "), "{reason}");
    let evidence = &back["evidence"];
    assert_eq!(evidence["rule"], json!({"test": "traps"}));
    let candidate = &evidence["candidate"];
    // By three traps on each client's account, and none on the other track, there is no doubt.
    assert!(candidate["traps"].as_u64().unwrap() < 30, "{candidate}");
    assert_eq!(evidence["stable"]["traps"], 0);
    assert_eq!(evidence["requests"].as_array().unwrap().len(), 3);
    // Not one more request goes there.
    assert!(division(host.address()).await.values().all(|it| it == "v1"));
    provoke(host.address(), 20).await;
    let events = api.get("/metrics").await;
    assert_eq!(events.status, 200);

    // The component is held: who tries it again says why.
    let again = api.try_out(&fragile, json!({})).await;
    assert_eq!((again.status, &again.json["step"]), (409, &json!("held")));
    let reason = again.json["reason"].as_str().unwrap();
    assert!(reason.contains("in release 2: traps: "), "{reason}");
    let all_at_once = api.begin(&fragile).await;
    assert_eq!(
        (all_at_once.status, &all_at_once.json["step"]),
        (409, &json!("held"))
    );
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.begin(&fragile).await.status, 409);
    let more = json!({"again": true, "message": "the service was down"});
    tried_out(&api, &fragile, more).await;
    // It is held until it is live.
    assert_eq!(
        api.post("/v1/bffs/page/abort", &json!({})).await.status,
        200
    );
    assert_eq!(api.begin(&fragile).await.status, 409);
    host.stop().await;
}

#[tokio::test]
async fn what_is_live_released_again_gets_all_requests_at_once() {
    let (host, api) = start(LASTING).await;
    // Its component runs already, so that nothing of it is published anew.
    for order in ["releases", "rollback"] {
        let on_trial = on_trial(&api, &page("v2"), json!({})).await;
        let live = digest(&page("v1"));
        let body = match order {
            "releases" => json!({"digest": live}),
            _ => json!({"to": live}),
        };
        let begun = api.post(&format!("/v1/bffs/page/{order}"), &body).await;
        assert_eq!(begun.status, 202, "{begun:?}");
        api.becomes(&begun.location, "live").await;
        let versions = division(host.address()).await;
        assert!(versions.values().all(|it| it == "v1"), "{versions:?}");
        assert_eq!(canary(&api).await, json!(null));
        assert_eq!(api.get(&on_trial).await.json["state"], "aborted");
    }
    host.stop().await;
}

#[tokio::test]
async fn the_second_rollback_in_a_short_time_ends_the_automation() {
    let (host, api) = start(SHORT).await;
    let first = on_trial(&api, &fragile("v2"), json!({})).await;
    rolled_back(&api, host.address(), &first).await;
    let automation = async || api.get("/v1/bffs/page").await.json["automation_off"].clone();
    assert_eq!(automation().await, json!(null));
    let second = tried_out(&api, &fragile("v3"), json!({})).await;
    rolled_back(&api, host.address(), &second).await;
    let why = automation().await;
    let why = why.as_str().unwrap();
    assert!(why.contains("two releases were rolled back"), "{why}");
    let third = tried_out(&api, &page("v4"), json!({})).await;
    for _ in 0..3 {
        division(host.address()).await;
    }
    let state = canary(&api).await;
    let held = state["held"].as_str().unwrap();
    assert!(held.contains("two releases were rolled back"), "{held}");
    assert_eq!(api.get(&third).await.json["state"], "canary");
    // A rule ends it all the same, and it is let go by order.
    let off = api.post("/v1/bffs/page/hold", &json!({"off": true})).await;
    assert_eq!(off.status, 200);
    assert_eq!(automation().await, json!(null));
    until(async || {
        division(host.address()).await;
        (api.get(&third).await.json["state"] == "live").then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn what_fails_with_both_versions_rolls_nothing_back() {
    let (host, api) = start(LASTING).await;
    assert_eq!(api.release(&fragile("v1")).await["state"], "live");
    let path = tried_out(&api, &fragile("v2"), json!({})).await;
    // In turns: a row of devices that all have the one version would rightly end the trial.
    let versions = division(host.address()).await;
    let of = |version: &'static str| {
        let devices = versions.iter().filter(move |(_, it)| *it == version);
        devices.map(|(device, _)| *device).take(10)
    };
    for (one, other) in of("v1").zip(of("v2")) {
        for device in [one, other] {
            let field = format!("x-device: d{device}\r\n");
            Wire::ask(host.address(), &get("/page/!", &field)).await;
        }
    }
    let state = canary(&api).await;
    for track in ["stable", "candidate"] {
        let traps = state["evidence"][track]["traps"].as_u64().unwrap();
        // Not all of them: two devices may share a mark, and count as one.
        assert!(traps >= 4, "{state}");
    }
    assert_eq!(api.get(&path).await.json["state"], "canary");
    assert!(asked(host.address(), "d1").await.is_some());
    host.stop().await;
}
