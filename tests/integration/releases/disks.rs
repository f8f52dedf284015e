//! The disk of the data directory is full, or read-only, and then is not.

use serde_json::json;
use tailor_harness::Process;

use super::api::{Api, digest};
use super::{builder, served_by, some, until};
use crate::disk::Disk;
use crate::swap::page::{page, stamped};

const LOG: &str = "log.format = \"json\"\n";

#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_take_and_takes_it_when_there_is_room() {
    let (path, dir) = builder(LOG).write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    api.release(&page("v1")).await;
    let (v2, large) = (page("v2"), stamped(&page("v3"), 400 << 10));
    api.put(&v2).await;
    disk.fill_but(0);
    let refused = api.put(&large).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (507, &json!("store")),
        "{refused:?}"
    );
    let fix = refused.json["fix"].as_str().unwrap();
    assert!(fix.contains("make room below engine.data-dir"), "{fix}");
    let refused = api.begin(&v2).await;
    assert_eq!(refused.status, 507, "{refused:?}");
    assert_eq!(served_by(&process).await, some("v1"));
    assert_eq!(api.states().await, [(1, "live".to_owned())]);
    // There is room again: the same process goes on.
    disk.empty();
    assert_eq!(api.release(&v2).await["state"], "live");
    assert_eq!(api.release(&large).await["state"], "live");
    drop(process);
    let process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(served_by(&process).await, some("v3"));
    // Nothing is left that was not written to its end.
    for kept in std::fs::read_dir(disk.path("releases")).unwrap() {
        let kept = kept.unwrap();
        let name = kept.file_name().into_string().unwrap();
        assert!(!name.starts_with(".unfinished"), "{name}");
        if let Some(name) = name.strip_suffix(".wasm") {
            assert_eq!(digest(&std::fs::read(kept.path()).unwrap()), name);
        }
    }
}

#[tokio::test]
async fn a_read_only_disk_serves_what_was_live_and_takes_orders_when_it_is_writable() {
    let (path, dir) = builder(LOG).write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    api.release(&page("v1")).await;
    api.put(&page("v2")).await;
    // The copy of what is live follows the release.
    until(async || disk.path("releases/live.json").exists().then_some(())).await;
    drop(process);
    disk.remount("ro");
    let process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(served_by(&process).await, some("v1"));
    let api = Api::of_process(&process);
    for refused in [api.put(&page("v3")).await, api.begin(&page("v2")).await] {
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (503, &json!("store")),
            "{refused:?}"
        );
        let told = refused.json.to_string();
        assert!(told.contains("read-only"), "{told}");
        assert!(told.contains("engine.data-dir"), "{told}");
    }
    disk.remount("rw");
    assert_eq!(api.release(&page("v2")).await["state"], "live");
    assert_eq!(served_by(&process).await, some("v2"));
}
