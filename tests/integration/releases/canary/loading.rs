//! What has to be loaded on a host that has not proven it: after a start, or where another host of
//! the data directory has released it.

use std::fs;

use serde_json::{Value, json};
use tailor_harness::Process;

use super::{LASTING, builder, division, on_trial, some, start, until};
use crate::compile_child::bombs;
use crate::releases::api::{Api, digest};
use crate::releases::{served, served_by};
use crate::swap::page::page;

/// One compile at a time, and limits that none reaches here.
const PATIENT: &str = "engine.compile-jobs = 1\nengine.compile-timeout = \"10m\"\n\
                       engine.compile-cpu = \"10m\"\n";

/// Whether a process has started another one, which compiles.
fn compiles(process: &Process) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let mut children =
        tasks.filter_map(|it| fs::read_to_string(it.ok()?.path().join("children")).ok());
    children.any(|it| !it.trim().is_empty())
}

/// On a host that loads what another one has released, which lasts for as long as the test does, a
/// rollback is live at once.
async fn a_rollback_waits_for_no_load(strategy: &str, told: &str) {
    let other = "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\n\
                 path = \"/other\"\n";
    let builder = builder(&format!("{LASTING}\n"));
    let builder = builder.file("other.wasm", &page("v1")).unwrap();
    let (path, files) = builder.write().unwrap();
    let text = PATIENT.to_owned() + &fs::read_to_string(&path).unwrap();
    fs::write(&path, &text).unwrap();
    let one = Process::serve(&path).unwrap();
    let first = Api::of_process(&one);
    for version in ["v0", "v1"] {
        assert_eq!(first.release(&page(version)).await["state"], "live");
    }
    let second_path = path.with_file_name("second.toml");
    fs::write(&second_path, format!("{text}\n{other}")).unwrap();
    let two = Process::serve(&second_path).unwrap();
    let second = Api::of_process(&two);
    let linked = digest(&page("v0"));
    until(async || {
        let linked_now = second.get("/v1/bffs/page").await.json["linked"].clone();
        (linked_now == linked).then_some(())
    })
    .await;
    // It compiles one component, and the next one has to wait for that.
    fs::write(files.path().join("new.wasm"), bombs::loops(600, 600)).unwrap();
    fs::rename(
        files.path().join("new.wasm"),
        files.path().join("other.wasm"),
    )
    .unwrap();
    until(async || compiles(&two).then_some(())).await;
    two.signal("STOP").unwrap();
    first.put(&page("v2")).await;
    let order = json!({"digest": digest(&page("v2")), "strategy": strategy});
    let begun = first.post("/v1/bffs/page/releases", &order).await;
    first.ended(&begun.location).await;
    // What the first host has compiled is not there for the second.
    for kept in fs::read_dir(files.path().join("data/compiled")).unwrap() {
        fs::remove_file(kept.unwrap().path()).unwrap();
    }
    two.signal("CONT").unwrap();
    let is_told = |line: &Value| line["message"] == told;
    two.wait_for(is_told).unwrap();
    let back = second.rollback(&json!({"to": linked})).await;
    assert_eq!(back["state"], "live", "{back}");
    assert_eq!(served_by(&two).await, some("v0"));
    assert!(compiles(&two), "there was nothing to wait for");
    until(async || (served_by(&one).await == some("v0")).then_some(())).await;
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_the_load_of_another_hosts_trial() {
    a_rollback_waits_for_no_load("canary", "what is on trial is loaded").await;
}

#[tokio::test]
async fn a_rollback_does_not_wait_for_the_load_of_another_hosts_release() {
    a_rollback_waits_for_no_load("all-at-once", "what another host released is loaded").await;
}

#[tokio::test]
async fn an_order_just_after_a_start_finds_what_is_on_trial() {
    let (host, api) = start(LASTING).await;
    on_trial(&api, &page("v2"), json!({})).await;
    let host = host.restart().await.unwrap();
    let held = Api::of(&host).post("/v1/bffs/page/hold", &json!({})).await;
    assert_eq!((held.status, &held.json["state"]), (200, &json!("canary")));
    let host = host.restart().await.unwrap();
    let promoted = Api::of(&host)
        .post("/v1/bffs/page/promote", &json!({}))
        .await;
    assert_eq!(
        (promoted.status, &promoted.json["state"]),
        (200, &json!("live"))
    );
    assert_eq!(served(host.address()).await, some("v2"));
    let api = Api::of(&host);
    let begun = api.try_out(&page("v3"), json!({})).await;
    api.becomes(&begun.location, "canary").await;
    let host = host.restart().await.unwrap();
    let ended = Api::of(&host)
        .post("/v1/bffs/page/rollback", &json!({}))
        .await;
    assert_eq!(ended.json["state"], "aborted", "{ended:?}");
    assert!(division(host.address()).await.values().all(|it| it == "v2"));
    host.stop().await;
}
