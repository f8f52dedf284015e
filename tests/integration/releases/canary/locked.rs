//! Trials while the journal cannot be written or read: nothing that ends one waits for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tailor_harness::TestHost;
use tokio::time::timeout;

use super::{LASTING, asked, canary, division, on_trial, some, start, tried_out, until};
use crate::releases::api::{Answer, Api, digest};
use crate::releases::served;
use crate::swap::page::{fragile, page};
use crate::wire::{Wire, beside, get};

/// Holds the lock of the journal, as an operator's `sqlite3` in a transaction does.
fn lock(host: &TestHost) -> Connection {
    let journal = host.dir().join("data/releases/journal.db");
    let journal = Connection::open(journal).unwrap();
    journal.execute_batch("BEGIN IMMEDIATE").unwrap();
    journal
}

fn unlock(journal: &Connection) {
    journal.execute_batch("ROLLBACK").unwrap();
}

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
    let journal = lock(&host);
    for _ in 0..2 {
        let ended = keyed(&api, order, &body).await;
        assert_eq!(ended.status, 200, "{ended:?}");
        assert_eq!(ended.json["digest"], digest(&page("v1")), "{ended:?}");
        assert!(ended.json["unrecorded"].is_string(), "{ended:?}");
        let versions = division(host.address()).await;
        assert!(versions.values().all(|it| it == "v1"), "{versions:?}");
    }
    unlock(&journal);
    api.becomes(&second, "aborted").await;
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

#[tokio::test]
async fn an_abort_is_done_before_the_journal_is_asked() {
    let (host, api) = start(LASTING).await;
    let second = on_trial(&api, &page("v2"), json!({})).await;
    let journal = lock(&host);
    let address = api.0;
    let abort = async move { Api(address).post("/v1/bffs/page/abort", &json!({})).await };
    let abort = beside(abort);
    until(async || {
        let versions = division(host.address()).await;
        versions.values().all(|it| it == "v1").then_some(())
    })
    .await;
    assert!(!abort.is_finished(), "the journal has taken it");
    unlock(&journal);
    assert_eq!(abort.await.unwrap().status, 200);
    api.becomes(&second, "aborted").await;
    host.stop().await;
}

#[tokio::test]
async fn a_rule_that_breaks_while_a_promotion_is_committed_takes_it_back() {
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
    let journal = lock(&host);
    // The commit of the promotion waits for the lock, and those who read wait for the commit.
    until(async || {
        division(host.address()).await;
        let mut reading = pin!(api.get(&second));
        timeout(Duration::from_secs(1), &mut reading).await.err()?;
        // A machine with much to do answers late, too: then what was asked before these is answered.
        for _ in 0..20 {
            super::super::admin_page(api.0, "/livez").await;
        }
        timeout(Duration::from_millis(1), reading).await.err()
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
    unlock(&journal);
    let third = "/v1/bffs/page/releases/3";
    let back = until(async || {
        let release = api.get(third).await;
        (release.status == 200).then_some(release.json)
    })
    .await;
    assert_eq!(
        (&back["state"], &back["kind"], &back["actor"]),
        (&json!("live"), &json!("rollback"), &json!("gate"))
    );
    assert_eq!(back["digest"], digest(&page("v1")));
    let message = back["message"].as_str().unwrap();
    assert!(message.contains("a rule broke"), "{message}");
    assert_eq!(api.get(&second).await.json["state"], "replaced");
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
async fn a_trial_begins_although_the_journal_has_just_failed() {
    let (host, api) = start(LASTING).await;
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    let data = host.dir().join("data/releases");
    // The journal is in its one file when the copy of what is live is written.
    until(async || {
        let log = fs::metadata(data.join("journal.db-wal")).map_or(0, |it| it.len());
        (data.join("live.json").exists() && log == 0).then_some(())
    })
    .await;
    let mend = fail(&data);
    until(async || {
        let page = super::super::admin_page(api.0, "/readyz").await;
        api.get("/v1/bffs/page").await;
        (page != "ready\n").then_some(())
    })
    .await;
    mend();
    // For some seconds, what is live is taken from the copy, which has no trials.
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
