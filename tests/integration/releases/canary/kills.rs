//! A host that is killed while a trial begins or ends has what was before, or what is after.

use serde_json::json;
use tailor_harness::Process;

use super::{LASTING, builder, canary, division, on_trial, until};
use crate::releases::api::{Api, digest};
use crate::releases::kills::{send, that_ends_at};
use crate::swap::page::page;

/// All devices of a host get this version.
async fn all_get(process: &Process, version: &str) {
    let versions = division(process.address().unwrap()).await;
    assert!(versions.values().all(|it| it == version), "{versions:?}");
}

/// The points of a drill count from an upload on.
async fn upload(api: &Api) {
    let path = format!("/v1/components/{}", digest(&page("v2")));
    send(api, "PUT", &path, &page("v2")).await;
}

#[tokio::test]
async fn a_trial_that_is_not_committed_has_not_begun() {
    let (path, _files) = builder(&format!("{LASTING}\n")).write().unwrap();
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    api.release(&page("v1")).await;
    drop(process);
    let mut process = Process::start(that_ends_at("going-live"), &path).unwrap();
    let api = Api::of_process(&process);
    upload(&api).await;
    let order = json!({"digest": digest(&page("v2")), "strategy": "canary"}).to_string();
    send(&api, "POST", "/v1/bffs/page/releases", order.as_bytes()).await;
    assert_eq!(process.wait().unwrap().code(), None);
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    assert_eq!(api.states().await[0], (2, "interrupted".to_owned()));
    assert_eq!(canary(&api).await, json!(null));
    all_get(&process, "v1").await;
}

#[tokio::test]
async fn a_promotion_that_is_committed_is_live() {
    let (path, _files) = builder(&format!("{LASTING}\n")).write().unwrap();
    let process = Process::serve(&path).unwrap();
    on_trial(&Api::of_process(&process), &page("v2"), json!({})).await;
    drop(process);
    let mut process = Process::start(that_ends_at("committed"), &path).unwrap();
    let api = Api::of_process(&process);
    until(async || (!canary(&api).await.is_null()).then_some(())).await;
    upload(&api).await;
    send(&api, "POST", "/v1/bffs/page/promote", b"{}").await;
    assert_eq!(process.wait().unwrap().code(), None);
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    let states = [(2, "live".to_owned()), (1, "replaced".to_owned())];
    assert_eq!(api.states().await, states);
    all_get(&process, "v2").await;
}
