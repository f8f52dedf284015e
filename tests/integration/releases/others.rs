//! What others do to the store meanwhile: another host, an operator who moves the journal away, a
//! client that hangs up.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;
use tailor_harness::{Process, TestHost};
use tokio::net::TcpStream;

use super::api::{Api, digest};
use super::{builder, held, served, served_by, some, start, until};
use crate::disk::Disk;
use crate::downstream::relay::relay;
use crate::swap::page::{page, page_with_status, stamped};
use crate::swap::running::holding;
use crate::wire::{Wire, soon};

const OTHER: &str = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

/// Moves the journal away, as an operator does with a damaged one.
fn move_away(data: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = fs::rename(
            data.join(format!("journal.db{end}")),
            data.join(format!("old{end}")),
        );
    }
}

#[tokio::test]
async fn a_store_that_is_moved_away_whole_leaves_what_is_live_to_a_host_that_runs() {
    let host = builder("").config(OTHER).start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.release(&page("v0")).await["state"], "live");
    both(&host, &api).await;
    let data = host.dir().join("data");
    fs::rename(data.join("releases"), data.join("elsewhere")).unwrap();
    for (bff, version) in [("page", "v1"), ("other", "v2")] {
        let live = api.get(&format!("/v1/bffs/{bff}")).await.json["live"].clone();
        assert_eq!(live["digest"], digest(&page(version)), "{live}");
    }
    assert_eq!(
        api.rollback(&json!({})).await["digest"],
        digest(&page("v0"))
    );
    assert_eq!(served(host.address()).await, some("v0"));
    // Its bytes are not there for a restart, which says so, until they are released again.
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    let ready = crate::releases::admin_page(api.0, "/readyz").await;
    let missing = format!("component {}: not there", digest(&page("v2")));
    assert!(ready.contains(&missing), "{ready}");
    assert_eq!(api.release(&page("v0")).await["state"], "live");
    assert_eq!(served(host.address()).await, some("v0"));
    host.stop().await;
}

async fn both(host: &TestHost, api: &Api) {
    for (bff, version) in [("page", "v1"), ("other", "v2")] {
        api.put(&page(version)).await;
        let path = format!("/v1/bffs/{bff}/releases");
        let begun = api
            .post(&path, &json!({"digest": digest(&page(version))}))
            .await;
        assert_eq!(api.ended(&begun.location).await["state"], "live");
    }
    let copy = host.dir().join("data/releases/live.json");
    let has = |text: String| text.contains(&digest(&page("v2"))).then_some(());
    until(async || fs::read_to_string(&copy).ok().and_then(has)).await;
}

#[tokio::test]
async fn a_journal_that_is_moved_away_leaves_what_is_live_to_the_next_one() {
    let host = builder("").config(OTHER).start().await.unwrap();
    let api = Api::of(&host);
    both(&host, &api).await;
    for version in ["a", "b", "c", "v1"] {
        assert_eq!(api.release(&page(version)).await["state"], "live");
    }
    let copied = |text: String| text.contains("\"release\": 6").then_some(());
    let copy = host.dir().join("data/releases/live.json");
    until(async || fs::read_to_string(&copy).ok().and_then(copied)).await;
    // While the host runs: the next release has a lower number than the last one, and is not
    // written to a file that nobody finds.
    move_away(&host.dir().join("data/releases"));
    assert_eq!(api.release(&page("v3")).await["state"], "live");
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v3"));
    assert_eq!(host.get("/other/x").await.unwrap().status, 200);
    let host = host.restart_after(|dir| move_away(&dir.join("data/releases")));
    let host = host.await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v3"));
    assert_eq!(host.get("/other/x").await.unwrap().status, 200);
    let states = api.states().await;
    assert_eq!(
        states.iter().filter(|(_, state)| state == "live").count(),
        1
    );
    assert_eq!(
        api.rollback(&json!({})).await["digest"],
        digest(&page("v1"))
    );
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_copy_of_the_file_alone_has_all_that_was_released() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    let data = host.dir().join("data/releases");
    let count = async || {
        fs::copy(data.join("journal.db"), data.join("copy.db")).unwrap();
        let copy = Connection::open(data.join("copy.db")).unwrap();
        let count = copy.query_row("SELECT count(*) FROM live", [], |row| row.get::<_, i64>(0));
        count.ok().filter(|count| *count == 1)
    };
    until(count).await;
    host.stop().await;
}

#[tokio::test]
async fn two_hosts_of_one_store_serve_the_same_and_end_nothing_of_each_other() {
    let (service, gate) = holding();
    let builder = held(&service);
    let (path, _files) = builder.write().unwrap();
    let one = Process::serve(&path).unwrap();
    let first = Api::of_process(&one);
    let (v1, v2) = (relay("v1", None), stamped(&relay("v1", None), 1));
    gate.open(1);
    assert_eq!(first.release(&v1).await["state"], "live");
    first.put(&v2).await;
    let begun = first.begin(&v2).await;
    soon(service.wait_for(2)).await;
    let two = Process::serve(&path).unwrap();
    let second = Api::of_process(&two);
    let state = second.get(&begun.location).await.json;
    assert_eq!(state["state"], "proving", "{state}");
    gate.open(1);
    assert_eq!(first.ended(&begun.location).await["state"], "live");
    let runs = async |api: &Api| api.get("/v1/bffs/page").await.json["sha256"].clone();
    until(async || (runs(&second).await == digest(&v2)).then_some(())).await;
    // And the other way round.
    second.rollback(&json!({})).await;
    until(async || (runs(&first).await == digest(&v1)).then_some(())).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_release_without_an_end() {
    let (host, api) = start().await;
    api.put(&page("v1")).await;
    let body = json!({"digest": digest(&page("v1"))}).to_string();
    for _ in 0..6 {
        let mut wire = Wire::over(TcpStream::connect(api.0).await.unwrap());
        let length = body.len();
        wire.send(&format!(
            "POST /v1/bffs/page/releases HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
        drop(wire);
    }
    until(async || {
        let states = api.states().await;
        let ended = states.iter().all(|(_, state)| state != "proving");
        (ended && !states.is_empty()).then_some(())
    })
    .await;
    assert_eq!(api.release(&page("v2")).await["state"], "live");
    host.stop().await;
}

#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_is_recorded_later() {
    let (service, gate) = holding();
    let builder = held(&service);
    let (path, dir) = builder.write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    let v1 = relay("v1", None);
    api.put(&v1).await;
    let begun = api.begin(&v1).await;
    soon(service.wait_for(1)).await;
    disk.fill_but(0);
    gate.open(1);
    until(async || {
        let log = format!("{:?}", process.log());
        log.contains("the refusal is not recorded yet")
            .then_some(())
    })
    .await;
    disk.empty();
    let ended = api.ended(&begun.location).await;
    assert_eq!(
        (&ended["state"], &ended["step"]),
        (&json!("refused"), &json!("store"))
    );
    gate.open(1);
    assert_eq!(api.release(&v1).await["state"], "live");
}

#[tokio::test]
async fn a_key_is_remembered_when_its_release_is_kept_no_longer() {
    let host = builder("releases.keep = 2\n[bff.page.smoke]\npath = \"/x\"\n")
        .start()
        .await
        .unwrap();
    let api = Api::of(&host);
    api.put(&page("v1")).await;
    let order = json!({"digest": digest(&page("v1"))}).to_string();
    let fields = "content-type: application/json\r\nidempotency-key: build-1\r\n";
    let path = "/v1/bffs/page/releases";
    let first = api.send("POST", path, fields, order.as_bytes()).await;
    api.ended(&first.location).await;
    for version in ["v2", "v3", "v4"] {
        assert_eq!(api.release(&page(version)).await["state"], "live");
    }
    until(async || (api.get(&first.location).await.status == 404).then_some(())).await;
    let again = api.send("POST", path, fields, order.as_bytes()).await;
    assert_eq!(
        (again.status, &again.json["step"]),
        (404, &json!("release"))
    );
    assert!(!again.json["fix"].as_str().unwrap().is_empty(), "{again:?}");
    assert_eq!(served(host.address()).await, some("v4"));
    // A refused one is in the history alone: what is live is what should be.
    assert_eq!(
        api.release(&page_with_status("v5", 500)).await["state"],
        "refused"
    );
    assert_eq!(super::admin_page(api.0, "/readyz").await, "ready\n");
    host.stop().await;
}

#[tokio::test]
async fn a_damaged_component_is_found_by_its_order_and_mended_by_an_upload() {
    let (path, files) = builder("log.format = \"json\"\n").write().unwrap();
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    let v1 = page("v1");
    api.release(&v1).await;
    let file = files
        .path()
        .join(format!("data/releases/{}.wasm", digest(&v1)));
    fs::write(&file, "damaged").unwrap();
    let order = json!({"digest": digest(&v1)});
    let refused = api.post("/v1/bffs/page/releases", &order).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("digest"))
    );
    let fix = refused.json["fix"].as_str().unwrap();
    assert!(fix.starts_with("upload it"), "{fix}");
    drop(process);
    let process = Process::serve(&path).unwrap();
    assert_eq!(served_by(&process).await, None);
    let api = Api::of_process(&process);
    api.put(&v1).await;
    until(async || served_by(&process).await).await;
    assert_eq!(served_by(&process).await, some("v1"));
}
