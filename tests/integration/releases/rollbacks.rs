//! The short way back: nothing is read, compiled or waited for, and no disk is needed.

mod locked;

use serde_json::{Value, json};
use tailor_harness::Process;

use super::api::{Api, digest};
use super::{builder, components, held, served, served_by, some, start, until};
use crate::disk::Disk;
use crate::downstream::relay::relay;
use crate::swap::page::{page, stamped};
use crate::swap::running::holding;
use crate::wire::soon;

const LOG: &str = "log.format = \"json\"\n";

async fn linked(api: &Api) -> Value {
    api.get("/v1/bffs/page").await.json["linked"].clone()
}

/// Takes all components and all compiled code away.
fn remove_all(data_dir: &std::path::Path) {
    for name in components(data_dir) {
        std::fs::remove_file(data_dir.join("releases").join(name)).unwrap();
    }
    std::fs::remove_dir_all(data_dir.join("compiled")).unwrap();
}

#[tokio::test]
async fn a_rollback_needs_neither_the_component_nor_its_code() {
    let (host, api) = start().await;
    let (v1, v2) = (page("v1"), page("v2"));
    api.release(&v1).await;
    assert_eq!(linked(&api).await, Value::Null);
    api.release(&v2).await;
    // The journal says that it is live a moment before it is.
    until(async || (linked(&api).await == digest(&v1)).then_some(())).await;
    remove_all(&host.dir().join("data"));
    let body = json!({"to": digest(&v1), "expect_live": digest(&v2), "message": "v2 is wrong"});
    let back = api.post("/v1/bffs/page/rollback", &body).await;
    // It is live with the answer.
    assert_eq!((back.status, &back.json["state"]), (202, &json!("live")));
    assert_eq!(back.json["message"], "v2 is wrong");
    assert_eq!(served(host.address()).await, some("v1"));
    let again = api.post("/v1/bffs/page/rollback", &body).await;
    assert_eq!(again.status, 409);
    assert_eq!(linked(&api).await, digest(&v2));
    assert_eq!(api.rollback(&json!({})).await["digest"], digest(&v2));
    assert_eq!(served(host.address()).await, some("v2"));
    // The copy of what is live follows a rollback, too.
    let copy = host.dir().join("data/releases/live.json");
    let has = |text: String| text.contains("\"release\": 4").then_some(());
    until(async || std::fs::read_to_string(&copy).ok().and_then(has)).await;
    host.stop().await;
}

#[tokio::test]
async fn the_same_rollback_with_a_key_is_executed_once() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    let fields = "content-type: application/json\r\nidempotency-key: back-1\r\n";
    for _ in 0..2 {
        let back = api
            .send("POST", "/v1/bffs/page/rollback", fields, b"{}")
            .await;
        assert_eq!((back.status, &back.json["number"]), (202, &json!(3)));
        assert_eq!(served(host.address()).await, some("v1"));
    }
    host.stop().await;
}

#[tokio::test]
async fn after_a_restart_the_component_before_is_linked_again() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    until(async || (linked(&api).await == digest(&page("v1"))).then_some(())).await;
    remove_all(&host.dir().join("data"));
    api.rollback(&json!({})).await;
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_a_release_of_the_same_bff_and_is_not_undone_by_it() {
    let (service, gate) = holding();
    let host = held(&service).start().await.unwrap();
    let api = Api::of(&host);
    let version = |number: usize| stamped(&relay("v1", None), number);
    gate.open(2);
    for number in [1, 2] {
        assert_eq!(api.release(&version(number)).await["state"], "live");
    }
    api.put(&version(3)).await;
    let third = api.begin(&version(3)).await;
    soon(service.wait_for(3)).await;
    // Its smoke request is held.
    let back = api.rollback(&json!({})).await;
    assert_eq!(back["digest"], digest(&version(1)));
    gate.open(1);
    let refused = api.ended(&third.location).await;
    assert_eq!(
        (&refused["state"], &refused["step"]),
        (&json!("refused"), &json!("superseded"))
    );
    let reason = refused["reason"].as_str().unwrap();
    assert!(
        reason.contains("release 4 went live while 3 was proven"),
        "{reason}"
    );
    let live = api.get("/v1/bffs/page").await.json;
    assert_eq!(
        (&live["sha256"], &live["live"]["digest"]),
        (&back["digest"], &back["digest"])
    );
    host.stop().await;
}

#[tokio::test]
async fn a_rollback_is_live_on_a_read_only_disk_and_recorded_when_that_can_be_written() {
    let (path, dir) = builder(LOG).write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    let (v1, v2) = (page("v1"), page("v2"));
    api.release(&v1).await;
    api.release(&v2).await;
    // The copy of what is live follows the release.
    let copy = disk.path("releases/live.json");
    let has = |text: String| text.contains(&digest(&v2)).then_some(());
    until(async || std::fs::read_to_string(&copy).ok().and_then(has)).await;
    drop(process);
    disk.remount("ro");
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    until(async || (linked(&api).await == digest(&v1)).then_some(())).await;
    let other = json!({"expect_live": digest(&v1)});
    let refused = api.post("/v1/bffs/page/rollback", &other).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("expect-live"))
    );
    let fields = "content-type: application/json\r\nidempotency-key: back-1\r\n";
    // A client that comes again with the same order does not go back to the bad one.
    for _ in 0..2 {
        let back = api
            .send("POST", "/v1/bffs/page/rollback", fields, b"")
            .await;
        assert_eq!(back.status, 200, "{back:?}");
        assert_eq!(
            (&back.json["digest"], &back.json["state"]),
            (&json!(digest(&v1)), &json!("live"))
        );
        assert!(
            !back.json["unrecorded"].as_str().unwrap().is_empty(),
            "{back:?}"
        );
        assert_eq!(served_by(&process).await, some("v1"));
    }
    // A reload does not bring the bad one back.
    process.signal("HUP").unwrap();
    until(async || {
        format!("{:?}", process.log())
            .contains("reloaded")
            .then_some(())
    })
    .await;
    assert_eq!(served_by(&process).await, some("v1"));
    disk.remount("rw");
    until(async || {
        let live = api.get("/v1/bffs/page").await.json["live"].clone();
        (live["digest"] == digest(&v1)).then_some(())
    })
    .await;
    drop(process);
    let process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(served_by(&process).await, some("v1"));
    let api = Api::of_process(&process);
    assert_eq!(api.states().await[0], (3, "live".to_owned()));
}
