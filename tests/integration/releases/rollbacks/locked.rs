//! Rollbacks while another program holds a lock on the journal.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::api::{Answer, Api, digest};
use super::super::cli::{tailor, url};
use super::super::{admin_page, builder, held, lock, served, some, unlock, until};
use crate::downstream::relay::relay;
use crate::swap::page::{page, stamped};
use crate::swap::running::holding;
use crate::wire::{beside, soon};

const OTHER: &str = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

async fn status(api: &Api) -> Value {
    api.get("/v1/bffs/page").await.json
}

/// What a rollback is answered that the journal could not take.
async fn back(api: &Api, message: &str) -> Value {
    let order = json!({"message": message});
    let back = api.post("/v1/bffs/page/rollback", &order).await;
    assert_eq!(back.status, 200, "{back:?}");
    let why = back.json["unrecorded"].as_str().unwrap();
    assert!(why.contains("another program holds a lock"), "{why}");
    back.json
}

/// Releases two versions, of which the first is linked still.
async fn both(api: &Api) -> [Vec<u8>; 2] {
    let both = [page("v1"), page("v2")];
    for version in &both {
        api.release(version).await;
    }
    until(async || (status(api).await["linked"] == digest(&both[0])).then_some(())).await;
    both
}

/// Goes back twice while the journal is locked.
async fn goes_back(kind: &str) {
    let host = builder("").config(OTHER).start().await.unwrap();
    let api = Api::of(&host);
    let [v1, v2] = both(&api).await;
    let journal = lock(host.dir(), kind);
    let (address, order) = (api.0, json!({"digest": digest(&v1)}));
    let other = async move { Api(address).post("/v1/bffs/other/releases", &order).await };
    let other = beside(other);
    let first = back(&api, "one").await;
    assert_eq!(served(host.address()).await, some("v1"));
    // The order of another team waits for the lock.
    assert!(!other.is_finished(), "a rollback waits for another team");

    // What is live is marked in the same way everywhere.
    let why = first["unrecorded"].as_str().unwrap();
    let one = status(&api).await;
    assert_eq!(
        (&one["unrecorded"], &one["sha256"]),
        (&json!(why), &json!(digest(&v1)))
    );
    assert_eq!(one["live"]["digest"], digest(&v2));
    let all = api.get("/v1/bffs").await.json["bffs"].clone();
    let marks: Vec<&Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["unrecorded"])
        .collect();
    assert_eq!(marks, [&Value::Null, &json!(why)]);
    let bffs: Value = serde_json::from_str(&admin_page(api.0, "/bffs").await).unwrap();
    assert_eq!(bffs["bffs"]["page"]["unrecorded"], why);
    let ready = admin_page(api.0, "/readyz").await;
    assert!(
        ready.contains(&format!("page serves what is unrecorded: {why}\n")),
        "{ready}"
    );
    let said = tailor(&url(&api), &["status", "page"]).await;
    assert!(said.out.contains("page: unrecorded: a restart"), "{said:?}");
    assert!(said.out.contains(why), "{said:?}");

    back(&api, "two").await;
    assert_eq!(served(host.address()).await, some("v2"));
    unlock(&journal);
    until(async || status(&api).await["unrecorded"].is_null().then_some(())).await;
    assert_eq!(served(host.address()).await, some("v2"));
    let list = api.get("/v1/bffs/page/releases").await.json["releases"].clone();
    let rows: Vec<_> = list.as_array().unwrap().iter().take(2).collect();
    let told = |it: &Value| {
        (
            it["message"].clone(),
            it["digest"].clone(),
            it["state"].clone(),
        )
    };
    assert_eq!(
        told(rows[0]),
        (json!("two"), json!(digest(&v2)), json!("live"))
    );
    assert_eq!(
        told(rows[1]),
        (json!("one"), json!(digest(&v1)), json!("replaced"))
    );
    assert!(!admin_page(api.0, "/readyz").await.contains("unrecorded"));
    other.await.unwrap();
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v2"));
    host.stop().await;
}

#[tokio::test]
async fn a_rollback_waits_neither_for_a_lock_nor_for_another_team_and_each_has_its_row() {
    goes_back("IMMEDIATE").await;
}

#[tokio::test]
async fn a_lock_that_is_exclusive_is_no_other_case() {
    goes_back("EXCLUSIVE").await;
}

#[tokio::test]
async fn a_rollback_goes_before_a_release_that_waits_for_the_lock() {
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
    let journal = lock(host.dir(), "IMMEDIATE");
    // It is proven, and its commit waits.
    gate.open(1);
    let first = back(&api, "one").await;
    assert_eq!(first["digest"], digest(&version(1)));
    assert_eq!(status(&api).await["sha256"], first["digest"]);
    unlock(&journal);
    let refused = api.ended(&third.location).await;
    assert_eq!(
        (&refused["state"], &refused["step"]),
        (&json!("refused"), &json!("superseded"))
    );
    until(async || status(&api).await["unrecorded"].is_null().then_some(())).await;
    let live = status(&api).await;
    assert_eq!(
        (&live["sha256"], &live["live"]["digest"]),
        (&first["digest"], &first["digest"])
    );
    host.stop().await;
}

/// Sends a rollback with a key.
async fn keyed(api: &Api, order: &Value) -> Answer {
    let fields = "content-type: application/json\r\nidempotency-key: job-1\r\n";
    let body = order.to_string();
    let path = "/v1/bffs/page/rollback";
    api.send("POST", path, fields, body.as_bytes()).await
}

#[tokio::test]
async fn a_key_and_a_name_mean_the_same_while_a_rollback_is_unrecorded() {
    let host = builder("").start().await.unwrap();
    let api = Api::of(&host);
    let [v1, v2] = both(&api).await;
    let journal = lock(host.dir(), "IMMEDIATE");
    for _ in 0..2 {
        let first = keyed(&api, &json!({"message": "one"})).await;
        assert_eq!(
            (first.status, &first.json["digest"]),
            (200, &json!(digest(&v1)))
        );
        let why = first.json["unrecorded"].as_str().unwrap();
        assert!(why.contains("another program holds a lock"), "{why}");
    }
    // Another order has another key.
    let other = keyed(&api, &json!({"message": "two"})).await;
    assert_eq!(other.status, 422, "{other:?}");
    assert_eq!(served(host.address()).await, some("v1"));
    // What is live is what serves, not what the journal has.
    let diff = api
        .get("/v1/bffs/page/diff?from=live&to=previous")
        .await
        .json;
    assert_eq!(
        (&diff["from"], &diff["to"]),
        (&json!(digest(&v1)), &json!(digest(&v2)))
    );
    let expecting = json!({"expect_live": "live"});
    let again = api.post("/v1/bffs/page/rollback", &expecting).await;
    assert_eq!(
        (again.status, &again.json["digest"]),
        (200, &json!(digest(&v2)))
    );
    let unlocked = SystemTime::now();
    unlock(&journal);
    until(async || status(&api).await["unrecorded"].is_null().then_some(())).await;
    // A row has the time at which it was live, not that of the lock's end.
    let list = api.get("/v1/bffs/page/releases").await.json["releases"].clone();
    for row in &list.as_array().unwrap()[..2] {
        let begun = humantime::parse_rfc3339(row["begun"].as_str().unwrap()).unwrap();
        assert!(begun < unlocked, "{row}");
    }
    host.stop().await;
}

#[tokio::test]
async fn what_is_unrecorded_when_a_host_stops_is_recorded_before_its_end() {
    let host = builder("").start().await.unwrap();
    let api = Api::of(&host);
    let [v1, _] = both(&api).await;
    let journal = lock(host.dir(), "IMMEDIATE");
    back(&api, "one").await;
    unlock(&journal);
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    assert_eq!(status(&Api::of(&host)).await["live"]["digest"], digest(&v1));
    host.stop().await;
}

#[tokio::test]
async fn a_host_that_starts_on_a_locked_journal_reads_what_is_live() {
    let host = builder("").start().await.unwrap();
    let api = Api::of(&host);
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    let mut journal = None;
    let locking = |dir: &Path| {
        // The copy is none that a host could serve.
        std::fs::write(dir.join("data/releases/live.json"), "{}").unwrap();
        journal = Some(lock(dir, "IMMEDIATE"));
    };
    let host = host.restart_after(locking).await.unwrap();
    assert_eq!(served(host.address()).await, some("v2"));
    let api = Api::of(&host);
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    unlock(&journal.unwrap());
    assert_eq!(api.release(&page("v3")).await["state"], "live");
    host.stop().await;
}
