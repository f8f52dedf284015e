//! Orders about a release on trial.

use serde_json::json;
use tailor_harness::Process;

use super::{LASTING, asked, builder, canary, division, on_trial, some, start, tried_out, until};
use crate::disk::Disk;
use crate::releases::api::{Api, digest};
use crate::releases::{served, served_by};
use crate::swap::page::page;

#[tokio::test]
async fn a_release_on_trial_is_promoted_by_order() {
    let (host, api) = start(LASTING).await;
    let path = on_trial(&api, &page("v2"), json!({})).await;
    let other = api
        .post("/v1/bffs/page/promote", &json!({"release": 1}))
        .await;
    assert_eq!((other.status, &other.json["step"]), (409, &json!("canary")));
    assert_eq!(
        other.json["reason"],
        "bff.page: release 2 is on trial, not 1"
    );
    let order = json!({"release": 2, "message": "the launch is today"});
    let promoted = api.post("/v1/bffs/page/promote", &order).await;
    assert_eq!(
        (promoted.status, &promoted.json["state"]),
        (200, &json!("live"))
    );
    assert_eq!(promoted.json["evidence"]["percent"], 50);
    // It is live with the answer, for each device, and has a way back.
    assert!(division(host.address()).await.values().all(|it| it == "v2"));
    let status = api.get("/v1/bffs/page").await.json;
    assert_eq!(status["canary"], json!(null));
    assert_eq!(status["linked"], digest(&page("v1")));
    assert_eq!(api.get(&path).await.json["state"], "live");
    api.rollback(&json!({})).await;
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_trial_is_ended_by_order_or_by_a_rollback_and_its_component_may_come_again() {
    let (host, api) = start(LASTING).await;
    let mut path = on_trial(&api, &page("v2"), json!({})).await;
    for order in ["abort", "rollback"] {
        let fields = "content-type: application/json\r\nidempotency-key: ";
        let fields = format!("{fields}{order}\r\n");
        let order_path = format!("/v1/bffs/page/{order}");
        // A second time, the rollback would go back further.
        for _ in 0..2 {
            let ended = api.send("POST", &order_path, &fields, b"{}").await;
            assert_eq!(ended.json["state"], "aborted", "{ended:?}");
        }
        assert!(division(host.address()).await.values().all(|it| it == "v1"));
        assert_eq!(api.get(&path).await.json["reason"], "ended by local");
        assert_eq!(canary(&api).await, json!(null));
        path = tried_out(&api, &page("v2"), json!({})).await;
    }
    // What is live before is another component for an order that says so.
    let other = json!({"expect_live": digest(&page("v2"))});
    let refused = api.post("/v1/bffs/page/rollback", &other).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("expect-live"))
    );
    host.stop().await;
}

#[tokio::test]
async fn a_share_that_is_held_is_held_over_a_restart_until_it_is_let_go() {
    let (host, api) = start("steps = [50, 60]\nstep-time = \"1ms\"\nmin-requests = 1").await;
    let path = on_trial(&api, &page("v2"), json!({})).await;
    let order = json!({"message": "wait for the night"});
    let held = api.post("/v1/bffs/page/hold", &order).await;
    assert_eq!(
        (held.status, &held.json["held"]),
        (200, &json!("wait for the night"))
    );
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    until(async || (!canary(&api).await.is_null()).then_some(())).await;
    division(host.address()).await;
    assert_eq!(canary(&api).await["held"], "wait for the night");
    let off = api.post("/v1/bffs/page/hold", &json!({"off": true})).await;
    assert_eq!((off.status, &off.json["held"]), (200, &json!(null)));
    // With nothing bad in this number of requests, the rate is low enough.
    until(async || {
        division(host.address()).await;
        (api.get(&path).await.json["percent"] == 60).then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn another_release_takes_the_place_of_one_on_trial() {
    let (host, api) = start(LASTING).await;
    let second = on_trial(&api, &page("v2"), json!({})).await;
    // Not where the order says what it expects: somebody else is at work.
    let order = json!({"expect_live": digest(&page("v1"))});
    let refused = api.try_out(&page("v3"), order).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("expect-live"))
    );
    let reason = refused.json["reason"].as_str().unwrap();
    assert!(reason.contains("release 2 is on trial"), "{reason}");

    let third = tried_out(&api, &page("v3"), json!({})).await;
    let ended = api.get(&second).await.json;
    assert_eq!(
        (&ended["state"], &ended["reason"]),
        (&json!("aborted"), &json!("release 3 took its place"))
    );
    let versions = division(host.address()).await;
    assert!(versions.values().all(|it| it == "v1" || it == "v3"));
    assert_eq!(api.release(&page("v4")).await["state"], "live");
    assert_eq!(api.get(&third).await.json["state"], "aborted");
    assert_eq!(canary(&api).await, json!(null));
    assert!(division(host.address()).await.values().all(|it| it == "v4"));
    host.stop().await;
}

#[tokio::test]
async fn a_trial_ends_on_a_full_disk_and_that_is_recorded_when_there_is_room() {
    let (path, dir) = builder(&format!("{LASTING}\n")).write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    let second = on_trial(&api, &page("v2"), json!({})).await;
    // What the release did last: there is room in the file before.
    let log = disk.path("releases/journal.db-wal");
    let is_empty = || log.metadata().is_ok_and(|it| it.len() == 0);
    until(async || is_empty().then_some(())).await;
    disk.fill_but(0);
    let held = api.post("/v1/bffs/page/hold", &json!({})).await;
    assert_eq!((held.status, &held.json["step"]), (507, &json!("store")));
    let ended = api.post("/v1/bffs/page/abort", &json!({})).await;
    assert_eq!(
        (ended.status, &ended.json["digest"]),
        (200, &json!(digest(&page("v1"))))
    );
    assert!(
        ended.json["unrecorded"]
            .as_str()
            .unwrap()
            .contains("no space left")
    );
    assert_eq!(served_by(&process).await, some("v1"));
    assert_eq!(asked(process.address().unwrap(), "d1").await, some("v1"));
    disk.empty();
    api.becomes(&second, "aborted").await;
    drop(process);
    let process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(canary(&Api::of_process(&process)).await, json!(null));
}
