//! Events of releases, and what runs.

use serde_json::{Value, json};

use super::api::{Api, digest};
use super::{builder, start, until};
use crate::swap::page::{page, trap};
use crate::wire::{Wire, get};

/// A client of the stream.
struct Stream(Wire);

impl Stream {
    async fn open(api: &Api, path: &str, fields: &str) -> Self {
        let mut wire = Wire::connect(api.0).await;
        wire.send(&get(path, fields)).await;
        let head = wire.head().await;
        assert_eq!(
            (head.status, head.header("content-type")),
            (200, "text/event-stream")
        );
        Self(wire)
    }

    /// The next event: its id, its release and its state.
    async fn next(&mut self) -> (i64, i64, String) {
        let id = self.0.until("\nevent: release\ndata: ").await;
        let id = id.rsplit_once("id: ").unwrap().1;
        let id = id.split('\n').next().unwrap().parse().unwrap();
        let data = self.0.until("\n").await;
        let data: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(data["number"], json!(id));
        let state = data["state"].as_str().unwrap().to_owned();
        (id, data["release"].as_i64().unwrap(), state)
    }
}

#[tokio::test]
async fn a_client_that_comes_again_misses_no_event() {
    let smoke = "[bff.page.smoke]\npath = \"/x\"\n";
    let host = builder(smoke).start().await.unwrap();
    let api = Api::of(&host);
    let mut stream = Stream::open(&api, "/v1/events", "").await;
    api.release(&page("v1")).await;
    let told = [stream.next().await, stream.next().await];
    let expected = |id, release, state: &str| (id, release, state.to_owned());
    assert_eq!(told, [expected(1, 1, "proving"), expected(2, 1, "live")]);
    drop(stream);
    api.release(&trap("v2")).await;
    // The field goes before the query, which a browser's client repeats.
    let mut stream = Stream::open(&api, "/v1/events?after=0", "last-event-id: 2\r\n").await;
    assert_eq!(stream.next().await, expected(3, 2, "proving"));
    assert_eq!(stream.next().await, expected(4, 2, "refused"));
    let mut all = Stream::open(&api, "/v1/events?after=0&bff=page", "").await;
    assert_eq!(all.next().await, told[0]);
    let mut none = Stream::open(&api, "/v1/events?after=0&bff=other", "").await;
    api.release(&page("v3")).await;
    assert_eq!(stream.next().await, expected(5, 3, "proving"));
    // A host that stops ends its streams.
    let (_, rest) = tokio::join!(host.stop(), none.0.rest());
    assert!(!rest.contains("event:"), "{rest}");
}

#[tokio::test]
async fn streams_are_bounded_and_bad_ids_are_refused() {
    let host = builder("releases.event-streams = 1\n")
        .start()
        .await
        .unwrap();
    let api = Api::of(&host);
    for (path, fields, step) in [
        ("/v1/events?after=x", "", "query"),
        ("/v1/events?since=1", "", "query"),
        ("/v1/events", "last-event-id: x\r\n", "last-event-id"),
    ] {
        let refused = api.send("GET", path, fields, b"").await;
        assert_eq!((refused.status, &refused.json["step"]), (400, &json!(step)));
    }
    let stream = Stream::open(&api, "/v1/events", "").await;
    let more = api.get("/v1/events").await;
    assert_eq!((more.status, &more.json["step"]), (503, &json!("events")));
    drop(stream);
    until(async || {
        let mut wire = Wire::connect(api.0).await;
        wire.send(&get("/v1/events", "")).await;
        (wire.head().await.status == 200).then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn the_state_of_a_bff_says_what_runs_and_what_is_live() {
    let (host, api) = start().await;
    let before = api.get("/v1/bffs/page").await;
    assert_eq!(before.status, 200);
    assert_eq!(
        (&before.json["serves"], &before.json["live"]),
        (&json!("nothing"), &Value::Null)
    );
    assert_eq!(before.json["releases"], true);
    let v1 = page("v1");
    api.release(&v1).await;
    let all = api.get("/v1/bffs").await.json;
    let page = &all["bffs"][0];
    assert_eq!(
        (&page["name"], &page["serves"]),
        (&json!("page"), &json!("newest"))
    );
    assert_eq!(
        (&page["sha256"], &page["live"]["digest"]),
        (&json!(digest(&v1)), &json!(digest(&v1)))
    );
    assert_eq!(page["live"]["release"], 1);
    assert_eq!(api.get("/v1/bffs/other").await.status, 404);
    host.stop().await;
}
