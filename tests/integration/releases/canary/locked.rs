//! Trials while the journal cannot be written or read: nothing that ends one waits for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{LASTING, asked, canary, division, on_trial, some, start, tried_out, until};
use crate::releases::api::{Answer, Api, digest};
use crate::releases::{lock, served, unlock};
use crate::swap::page::{fragile, page};
use crate::wire::{Wire, beside, get};

/// Sends an order with a key.
async fn keyed(api: &Api, order: &str, body: &Value) -> Answer {
    let fields = "content-type: application/json\r\nidempotency-key: job-1\r\n";
    let path = format!("/v1/bffs/page/{order}");
    let body = body.to_string();
    api.send("POST", &path, fields, body.as_bytes()).await
}

/// Ends a trial twice by the same order while the journal is locked, and once more when it is not.
async fn ends_once(order: &str, body: Value) {
    let (host, api) = start(LASTING).await;
    api.release(&page("v0")).await;
    let second = on_trial(&api, &page("v2"), json!({})).await;
    let journal = lock(host.dir(), "IMMEDIATE");
    for _ in 0..2 {
        let ended = keyed(&api, order, &body).await;
        assert_eq!(ended.status, 200, "{ended:?}");
        assert_eq!(ended.json["digest"], digest(&page("v1")), "{ended:?}");
        assert!(ended.json["unrecorded"].is_string(), "{ended:?}");
        let versions = division(host.address()).await;
        assert!(versions.values().all(|it| it == "v1"), "{versions:?}");
    }
    let unlocked = SystemTime::now();
    unlock(&journal);
    let aborted = api.becomes(&second, "aborted").await;
    let since = aborted["since"].as_str().unwrap();
    assert!(
        humantime::parse_rfc3339(since).unwrap() < unlocked,
        "it ended before it was recorded: {aborted}"
    );
    // The journal may have it a moment before that is known.
    let again = until(async || {
        let again = keyed(&api, order, &body).await.json;
        again["unrecorded"].is_null().then_some(again)
    })
    .await;
    assert_eq!(
        (&again["number"], &again["state"]),
        (&json!(3), &json!("aborted"))
    );
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_rollback_with_a_key_ends_one_trial_and_goes_no_further_on_a_locked_journal() {
    ends_once("rollback", json!({})).await;
}

#[tokio::test]
async fn the_same_abort_has_the_same_answer_while_it_cannot_be_recorded() {
    ends_once("abort", json!({"release": 3})).await;
}

/// Begins a release, which waits for the lock of the journal.
async fn waiting(api: &Api) -> JoinHandle<Answer> {
    api.put(&page("v3")).await;
    let (address, order) = (api.0, json!({"digest": digest(&page("v3"))}));
    beside(async move { Api(address).post("/v1/bffs/page/releases", &order).await })
}

#[tokio::test]
async fn an_abort_waits_for_no_lock_and_an_order_to_hold_is_refused_soon() {
    let (host, api) = start(LASTING).await;
    let second = on_trial(&api, &page("v2"), json!({})).await;
    let journal = lock(host.dir(), "IMMEDIATE");
    let third = waiting(&api).await;
    let held = api.post("/v1/bffs/page/hold", &json!({})).await;
    assert_eq!(
        (held.status, &held.json["step"]),
        (503, &json!("store")),
        "{held:?}"
    );
    let abort = api.post("/v1/bffs/page/abort", &json!({})).await;
    assert_eq!(abort.status, 200, "{abort:?}");
    assert!(abort.json["unrecorded"].is_string(), "{abort:?}");
    assert!(!third.is_finished(), "the abort waits for the lock");
    let versions = division(host.address()).await;
    assert!(versions.values().all(|it| it == "v1"), "{versions:?}");
    let status = api.get("/v1/bffs/page").await.json;
    assert_eq!(status["unrecorded"], abort.json["unrecorded"]);
    let again = api.post("/v1/bffs/page/abort", &json!({})).await;
    assert_eq!(
        (again.status, &again.json["reason"]),
        (409, &json!("bff.page: no release is on trial")),
        "{again:?}"
    );
    unlock(&journal);
    api.becomes(&second, "aborted").await;
    until(async || {
        let status = api.get("/v1/bffs/page").await.json;
        status["unrecorded"].is_null().then_some(())
    })
    .await;
    third.await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_rule_that_breaks_while_a_promotion_can_not_be_committed_ends_the_trial() {
    let plan = "steps = [50]\nbake-time = \"1ms\"\nmin-requests = 60\nmax-extra-failures = 999";
    let (host, api) = start(plan).await;
    let second = on_trial(&api, &fragile("v2"), json!({})).await;
    let mut devices = Vec::new();
    for number in 0..40 {
        let device = format!("c{number}");
        if asked(host.address(), &device).await.as_deref() == Some("v2") {
            devices.push(device);
        }
    }
    let journal = lock(host.dir(), "IMMEDIATE");
    // It waits for nothing but its commit.
    until(async || {
        division(host.address()).await;
        let canary = canary(&api).await;
        let requests = canary["evidence"]["candidate"]["requests"].as_u64()?;
        (requests >= 60 && canary["waits_for"].is_null()).then_some(())
    })
    .await;
    until(async || {
        for device in &devices {
            let field = format!("x-device: {device}\r\n");
            Wire::ask(host.address(), &get("/page/!", &field)).await;
        }
        (asked(host.address(), &devices[0]).await == some("v1")).then_some(())
    })
    .await;
    until(async || {
        let status = api.get("/v1/bffs/page").await.json;
        (status["canary"].is_null() && status["unrecorded"].is_string()).then_some(())
    })
    .await;
    unlock(&journal);
    let back = api.becomes(&second, "rolled-back").await;
    assert_eq!(back["step"], "gate", "{back}");
    assert!(division(host.address()).await.values().all(|it| it == "v1"));
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

/// Has the commit that makes release 2 live take some seconds.
fn slow_promotion(dir: &Path) -> Connection {
    let journal = Connection::open(dir.join("data/releases/journal.db")).unwrap();
    let slow = "BEGIN IMMEDIATE;
        CREATE TABLE slow (x);
        WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 5500)
            INSERT INTO slow SELECT x FROM n;
        CREATE TRIGGER slow AFTER UPDATE ON live WHEN NEW.release = 2 BEGIN
            UPDATE slow SET x = (SELECT count(*) FROM slow a, slow b WHERE a.x + b.x = -1)
                WHERE rowid = 1;
        END;
        COMMIT;";
    journal.execute_batch(slow).unwrap();
    journal.busy_timeout(Duration::ZERO).unwrap();
    journal
}

/// Whether the host writes to its journal at this moment.
fn is_written_to(journal: &Connection) -> bool {
    journal.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
}

#[tokio::test]
async fn a_rule_that_breaks_while_a_promotion_is_committed_takes_it_back() {
    let plan = "steps = [50]\nbake-time = \"1ms\"\nmin-requests = 40\nmax-extra-failures = 999";
    let (host, api) = start(plan).await;
    let second = on_trial(&api, &fragile("v2"), json!({})).await;
    let versions = division(host.address()).await;
    let candidates = versions.iter().filter(|(_, it)| *it == "v2");
    let candidates: Vec<_> = candidates.map(|(device, _)| *device).collect();
    let journal = slow_promotion(host.dir());
    let devices = std::cell::RefCell::new(versions.keys().cycle());
    until(async || {
        let device = devices.borrow_mut().next().map(|it| format!("d{it}"))?;
        let is_writing = is_written_to(&journal);
        asked(host.address(), &device).await;
        // Nothing else takes as long as a request.
        (is_writing && is_written_to(&journal)).then_some(())
    })
    .await;
    for device in candidates {
        let field = format!("x-device: d{device}\r\n");
        Wire::ask(host.address(), &get("/page/!", &field)).await;
    }
    assert!(is_written_to(&journal), "the commit was too fast");
    let third = second.replace("/2", "/3");
    let back = api.becomes(&third, "live").await;
    assert_eq!(
        (&back["actor"], &back["digest"], &back["kind"]),
        (
            &json!("gate"),
            &json!(digest(&page("v1"))),
            &json!("rollback")
        ),
        "{back}"
    );
    assert!(division(host.address()).await.values().all(|it| it == "v1"));
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

/// Has the journal fail at its next use, by a file of the same content under another number in a
/// folder that others can write to.
fn fail(data: &Path) -> impl Fn() + use<> {
    let mode = |mode| fs::set_permissions(data, fs::Permissions::from_mode(mode)).unwrap();
    fs::copy(data.join("journal.db"), data.join("copy.db")).unwrap();
    fs::rename(data.join("copy.db"), data.join("journal.db")).unwrap();
    mode(0o777);
    let data = data.to_owned();
    move || fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap()
}

#[tokio::test]
async fn a_journal_that_failed_is_well_again_without_an_order_and_a_trial_begins() {
    let (host, api) = start(LASTING).await;
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    let data = host.dir().join("data/releases");
    // What is copied is one file, without the log beside it. The last act may come late.
    let journal = Connection::open(data.join("journal.db")).unwrap();
    until(async || {
        let emptied = journal.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        let log = fs::metadata(data.join("journal.db-wal")).map_or(0, |it| it.len());
        (emptied.is_ok() && data.join("live.json").exists() && log == 0).then_some(())
    })
    .await;
    drop(journal);
    let mend = fail(&data);
    until(async || {
        let page = super::super::admin_page(api.0, "/readyz").await;
        api.get("/v1/bffs/page").await;
        (page != "ready\n").then_some(())
    })
    .await;
    mend();
    // No order has to come for that.
    until(async || {
        let page = super::super::admin_page(api.0, "/readyz").await;
        (page == "ready\n").then_some(())
    })
    .await;
    let path = tried_out(&api, &page("v2"), json!({})).await;
    assert_eq!(api.get(&path).await.json["state"], "canary");
    assert_eq!(canary(&api).await["digest"], digest(&page("v2")));
    let aborted = api.post("/v1/bffs/page/abort", &json!({})).await;
    assert_eq!(
        (aborted.status, &aborted.json["state"]),
        (200, &json!("aborted"))
    );
    host.stop().await;
}
