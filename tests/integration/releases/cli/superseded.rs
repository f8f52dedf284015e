//! What a host says of rollbacks that go before its journal and before what is being proven.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::super::api::{Api, digest};
use super::super::{builder, served_by, some, until};
use super::asked::after;
use super::away::{host, problem};
use super::stub::{answer, stub};
use super::{file, tailor, url};
use crate::disk::Disk;
use crate::swap::page::page;
use tailor_harness::Process;

#[tokio::test]
async fn a_rollback_is_live_also_where_its_disk_can_not_be_written() {
    let (path, dir) = builder("log.format = \"json\"\n").write().unwrap();
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
    let linked = digest(&v1);
    until(async || (api.get("/v1/bffs/page").await.json["linked"] == linked).then_some(())).await;
    let said = tailor(&url(&api), &["rollback", "page", "--json"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let lines = said.json();
    let back = lines.iter().find(|it| it["event"] == "unrecorded").unwrap();
    assert_eq!(back["digest"], digest(&v1));
    assert!(
        back["reason"].as_str().unwrap().contains("read-only"),
        "{said:?}"
    );
    assert_eq!(served_by(&process).await, some("v1"));
    // What is live now is gone back from, whatever the journal says.
    let said = tailor(&url(&api), &["rollback", "page"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let (from, to) = (&digest(&v1)[..7], &digest(&v2)[..7]);
    assert!(
        said.out
            .contains(&format!("page: {from} goes back to {to} ")),
        "{said:?}"
    );
    assert!(
        said.out.contains("is live again, which a restart"),
        "{said:?}"
    );
    assert_eq!(served_by(&process).await, some("v2"));
    disk.remount("rw");
}

#[tokio::test]
async fn a_history_that_can_not_be_read_keeps_nobody_from_going_back() {
    let (live, before) = ("a".repeat(64), "b".repeat(64));
    let other = move |head: &str| {
        let fine =
            |body: serde_json::Value| Some(answer("200 OK", "application/json", &body.to_string()));
        match head.split("\r\n").next() {
            Some("GET /v1/bffs/page HTTP/1.1") => fine(json!({"name": "page", "releases": true,
                "serves": "newest", "sha256": live, "linked": before,
                "live": {"release": 1, "digest": live, "previous": null, "since": "now"}})),
            Some("POST /v1/bffs/page/rollback HTTP/1.1") => fine(json!({"bff": "page",
                "digest": before, "kind": "rollback", "state": "live", "unrecorded": "full"})),
            // A rollback does not wait for what it only tells.
            _ => Some(after(&problem("503 Service Unavailable", "store"), "1")),
        }
    };
    let address = stub(move |head| host(head, &other)).await;
    let said = tailor(&format!("http://{address}"), &["rollback", "page"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let told = "page: aaaaaaa (release 1) goes back to bbbbbbb (the history cannot be read: ";
    assert!(said.out.starts_with(told), "{said:?}");
    assert!(
        said.out.contains("page: bbbbbbb is live again, which"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_rollback_that_the_host_refuses_goes_back_to_nothing() {
    let (live, before) = ("a".repeat(64), "b".repeat(64));
    let other = move |head: &str| {
        let fine =
            |body: serde_json::Value| answer("200 OK", "application/json", &body.to_string());
        Some(match head.split("\r\n").next() {
            Some("GET /v1/bffs/page HTTP/1.1") => fine(json!({"name": "page", "releases": true,
                "serves": "newest", "sha256": live, "linked": before,
                "live": {"release": 1, "digest": live, "previous": before, "since": "now"}})),
            Some("POST /v1/bffs/page/rollback HTTP/1.1") => problem("403 Forbidden", "scope"),
            _ => fine(json!({"releases": []})),
        })
    };
    let address = stub(move |head| host(head, &other)).await;
    let said = tailor(&format!("http://{address}"), &["rollback", "page"]).await;
    assert_eq!((said.code, &*said.out), (4, ""), "{said:?}");
}

#[tokio::test]
async fn a_rollback_at_the_moment_of_a_promotion_goes_back_from_what_is_live_then() {
    let (live, before) = ("a".repeat(64), "b".repeat(64));
    let asked = AtomicBool::new(false);
    let other = move |head: &str| {
        let fine =
            |body: serde_json::Value| answer("200 OK", "application/json", &body.to_string());
        Some(match head.split("\r\n").next() {
            // It is promoted when it has been told that it is on trial.
            Some("GET /v1/bffs/page HTTP/1.1") if !asked.swap(true, Ordering::Relaxed) => {
                fine(json!({"name": "page", "releases": true,
                    "serves": "newest", "sha256": before,
                    "canary": {"release": 2, "digest": live, "percent": 50},
                    "live": {"release": 1, "digest": before, "previous": null, "since": "now"}}))
            }
            Some("POST /v1/bffs/page/abort HTTP/1.1") => problem("409 Conflict", "canary"),
            Some("GET /v1/bffs/page HTTP/1.1") => fine(json!({"name": "page", "releases": true,
                "serves": "newest", "sha256": live, "linked": before,
                "live": {"release": 2, "digest": live, "previous": before, "since": "now"}})),
            Some("POST /v1/bffs/page/rollback HTTP/1.1") => fine(json!({"bff": "page",
                "digest": before, "kind": "rollback", "state": "live", "unrecorded": "full"})),
            _ => fine(json!({"releases": []})),
        })
    };
    let address = stub(move |head| host(head, &other)).await;
    let said = tailor(&format!("http://{address}"), &["rollback", "page"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let told = "page: aaaaaaa (release 2) goes back to bbbbbbb ";
    assert!(said.out.starts_with(told), "{said:?}");
}

#[tokio::test]
async fn what_a_rollback_goes_before_ends_with_5() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let superseded = |head: &str| {
        let release = json!({"number": 7, "bff": "page", "digest": "a", "kind": "deploy",
            "begun": "now", "state": "refused", "since": "now", "step": "superseded",
            "reason": "release 8 went live while 7 was proven"});
        let body = release.to_string();
        let is_asked = head.contains("/releases/7");
        is_asked.then(|| answer("200 OK", "application/json", &body))
    };
    let address = stub(move |head| host(head, superseded)).await;
    let typed = ["deploy", "page", &*path, "--json"];
    let said = tailor(&format!("http://{address}"), &typed).await;
    assert_eq!(said.code, 5, "{said:?}");
    assert!(
        said.err
            .contains("refused at superseded: release 8 went live"),
        "{said:?}"
    );
    assert_eq!(said.end()["release"]["state"], "refused");
}
