//! What is a team's own, and ends with its token.

use serde_json::json;

use super::api::digest;
use super::tokens::{Holder, teams};
use crate::swap::page::page;
use crate::wire::{Wire, get};

#[tokio::test]
async fn a_key_of_one_team_is_none_of_another() {
    let teams = teams().await;
    let (v1, api) = (page("v1"), &teams.api);
    for (bff, secret) in [("page", &teams.page), ("other", &teams.other)] {
        let team = Holder(api, secret);
        team.put(&v1).await;
        let fields = format!(
            "authorization: Bearer {secret}\r\ncontent-type: application/json\r\n\
             idempotency-key: build-1\r\n"
        );
        let body = json!({"digest": digest(&v1)}).to_string();
        let path = format!("/v1/bffs/{bff}/releases");
        let begun = api.send("POST", &path, &fields, body.as_bytes()).await;
        assert_eq!(
            (begun.status, &begun.json["bff"]),
            (202, &json!(bff)),
            "{begun:?}"
        );
        team.is_live(&begun.location).await;
    }
    teams.host.stop().await;
}

#[tokio::test]
async fn a_stream_of_events_ends_with_its_token() {
    let teams = teams().await;
    let (v1, api) = (page("v1"), &teams.api);
    let fields = format!("authorization: Bearer {}\r\n", teams.page);
    let mut stream = Wire::connect(api.0).await;
    stream.send(&get("/v1/events", &fields)).await;
    assert_eq!(stream.head().await.status, 200);
    let operator = Holder(api, &teams.operator);
    let path = format!("/v1/tokens/{}", &teams.page[4..12]);
    assert_eq!(operator.send("DELETE", &path, b"").await.status, 200);
    operator.put(&v1).await;
    assert_eq!(operator.release("page", &v1).await.status, 202);
    assert!(!stream.rest().await.contains("event:"));
    teams.host.stop().await;
}

#[tokio::test]
async fn events_of_a_bff_that_a_team_does_not_know_are_not_there() {
    let teams = teams().await;
    let team = Holder(&teams.api, &teams.page);
    // Another team's, and nobody's: nothing tells one from the other.
    for bff in ["other", "nowhere"] {
        let path = format!("/v1/events?after=0&bff={bff}");
        let refused = team.send("GET", &path, b"").await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (404, &json!("bff")),
            "{refused:?}"
        );
        let reason = refused.json["reason"].as_str().unwrap();
        assert!(reason.contains(bff), "{reason}");
    }
    for (secret, bff) in [
        (&teams.page, "page"),
        (&teams.operator, "other"),
        (&teams.operator, "nowhere"),
    ] {
        let fields = format!("authorization: Bearer {secret}\r\n");
        let mut stream = Wire::connect(teams.api.0).await;
        stream
            .send(&get(&format!("/v1/events?bff={bff}"), &fields))
            .await;
        assert_eq!(stream.head().await.status, 200, "{bff}");
    }
    teams.host.stop().await;
}
