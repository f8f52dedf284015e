//! Shares that are held.

use rusqlite::Connection;
use serde_json::json;

use super::{LASTING, canary, division, on_trial, start, tried_out, until};
use crate::releases::api::{Api, digest};
use crate::swap::page::page;

const MONTH: i64 = 30 * 24 * 3600 * 1000;

#[tokio::test]
async fn a_share_that_was_held_for_longer_than_a_trial_may_last_grows_when_it_is_let_go() {
    let (host, api) = start("steps = [50, 60]\nstep-time = \"1ms\"\nmin-requests = 1").await;
    let path = on_trial(&api, &page("v2"), json!({})).await;
    let held = api.post("/v1/bffs/page/hold", &json!({})).await;
    assert_eq!(held.status, 200, "{held:?}");
    let host = host.restart_after(|dir| {
        let journal = Connection::open(dir.join("data/releases/journal.db")).unwrap();
        let older = "UPDATE canary SET began = began - ?1";
        assert_eq!(journal.execute(older, [MONTH]).unwrap(), 1);
    });
    let host = host.await.unwrap();
    let api = Api::of(&host);
    until(async || (!canary(&api).await.is_null()).then_some(())).await;
    let off = api.post("/v1/bffs/page/hold", &json!({"off": true})).await;
    assert_eq!((off.status, &off.json["held"]), (200, &json!(null)));
    until(async || {
        division(host.address()).await;
        let release = api.get(&path).await.json;
        assert_eq!(release["state"], "canary", "{release}");
        (release["percent"] == 60).then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn the_automation_is_switched_on_again_without_a_release_on_trial() {
    let (host, api) = start(LASTING).await;
    assert_eq!(api.release(&page("v1")).await["state"], "live");
    let off = json!({"off": true, "message": "the services are well again"});
    // Nothing is off.
    let refused = api.post("/v1/bffs/page/hold", &off).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("canary"))
    );
    let journal = Connection::open(host.dir().join("data/releases/journal.db")).unwrap();
    let ended = "INSERT INTO automation (bff, back, off) VALUES ('page', 1, 'two in an hour')";
    journal.execute(ended, []).unwrap();
    let fields = "content-type: application/json\r\nidempotency-key: on-1\r\n";
    for _ in 0..2 {
        let body = off.to_string();
        let on = api.send("POST", "/v1/bffs/page/hold", fields, body.as_bytes());
        let on = on.await;
        assert_eq!((on.status, &on.json["state"]), (200, &json!("live")));
        assert_eq!(on.json["digest"], digest(&page("v1")));
    }
    tried_out(&api, &page("v2"), json!({})).await;
    assert_eq!(canary(&api).await["held"], json!(null));
    host.stop().await;
}
