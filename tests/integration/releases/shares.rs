//! What one team does at once keeps no other one out.

use serde_json::json;

use super::api::digest;
use super::tokens::{Holder, Teams, teams_of};
use crate::swap::page::page;
use crate::wire::{Wire, get, until};

const JSON: &str = "content-type: application/json\r\n";

/// Sends the head of a request whose body is asked for, and does not come yet.
async fn begin(teams: &Teams, line: &str, fields: &str, length: usize) -> Wire {
    let mut wire = Wire::connect(teams.api.0).await;
    wire.send(&format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\n{fields}content-length: {length}\r\n\
         expect: 100-continue\r\n\r\n"
    ))
    .await;
    wire
}

fn bearer(secret: &str) -> String {
    format!("authorization: Bearer {secret}\r\n")
}

fn holders(teams: &Teams) -> (Holder<'_>, Holder<'_>) {
    let of = |secret| Holder(&teams.api, secret);
    (of(&teams.page), of(&teams.other))
}

#[tokio::test]
async fn a_team_has_requests_under_way_on_half_of_the_connections() {
    let teams = teams_of("admin.max-connections = 8\n").await;
    let (team, other) = holders(&teams);
    let fields = bearer(&teams.page) + JSON;
    let slow_order = async || begin(&teams, "POST /v1/bffs/page/rollback", &fields, 2).await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        let mut order = slow_order().await;
        // Its body is asked for: it has its place.
        assert_eq!(order.head().await.status, 100);
        orders.push(order);
    }
    // Far more than there are connections, each with an order that waits for its client.
    let mut more = Vec::new();
    for _ in 0..40 {
        let mut order = slow_order().await;
        let refused = order.answer().await;
        assert_eq!(refused.status, 429, "{refused:?}");
        assert_eq!(refused.header("retry-after"), "1");
        more.push(order);
    }
    let refused = team.send("GET", "/v1/bffs/page", b"").await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (429, &json!("requests")),
        "{refused:?}"
    );
    let fix = refused.json["fix"].as_str().unwrap();
    assert!(fix.contains("admin.max-connections"), "{fix}");
    // The other team ships meanwhile.
    let v1 = page("v1");
    assert_eq!(other.put(&v1).await.status, 201);
    let begun = other.release("other", &v1).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    other.is_live(&begun.location).await;
    // The orders that were there first are carried out.
    for mut order in orders {
        order.send("{}").await;
        assert_eq!(order.answer().await.status, 409);
    }
    let found = team.send("GET", "/v1/bffs/page", b"").await;
    assert_eq!(found.status, 200, "{found:?}");
    // What got no place was not written to the journal either.
    let operator = Holder(&teams.api, &teams.operator);
    let audit = operator.send("GET", "/v1/audit", b"").await.json;
    let acts = audit["acts"].as_array().unwrap();
    assert!(acts.iter().any(|it| it["status"] == 409), "{audit}");
    assert!(acts.iter().all(|it| it["status"] != 429), "{audit}");
    teams.host.stop().await;
}

#[tokio::test]
async fn an_upload_and_a_stream_of_one_team_leave_a_place_to_another() {
    let teams = teams_of("releases.uploads = 2\nreleases.event-streams = 2\n").await;
    let (team, other) = holders(&teams);
    let (v1, v2) = (page("v1"), page("v2"));
    let line = format!("PUT /v1/components/{}", digest(&v1));
    let mut upload = begin(&teams, &line, &bearer(&teams.page), v1.len()).await;
    assert_eq!(upload.head().await.status, 100);
    let refused = team.put(&v2).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (429, &json!("upload")),
        "{refused:?}"
    );
    assert_eq!(other.put(&v2).await.status, 201);
    upload.send_bytes(&v1).await;
    assert_eq!(upload.answer().await.status, 201);
    until(async || (team.put(&v2).await.status != 429).then_some(())).await;

    let stream = async |secret: &str| {
        let mut wire = Wire::connect(teams.api.0).await;
        wire.send(&get("/v1/events", &bearer(secret))).await;
        let status = wire.head().await.status;
        (wire, status)
    };
    let (first, status) = stream(&teams.page).await;
    assert_eq!(status, 200);
    assert_eq!(stream(&teams.page).await.1, 429);
    let (_second, status) = stream(&teams.other).await;
    assert_eq!(status, 200);
    drop(first);
    until(async || (stream(&teams.page).await.1 == 200).then_some(())).await;
    teams.host.stop().await;
}

#[tokio::test]
async fn jobs_that_show_no_token_keep_no_team_out() {
    let teams = teams_of("admin.max-connections = 2\n").await;
    let ask = async || {
        let mut wire = begin(&teams, "POST /v1/tokens/exchange", JSON, 2).await;
        let status = wire.head().await.status;
        (wire, status)
    };
    let (_first, status) = ask().await;
    assert_eq!(status, 100);
    assert_eq!(ask().await.1, 429);
    let team = Holder(&teams.api, &teams.page);
    let found = team.send("GET", "/v1/bffs/page", b"").await;
    assert_eq!(found.status, 200, "{found:?}");
    teams.host.stop().await;
}

#[tokio::test]
async fn what_a_team_uploads_and_never_releases_has_a_bound() {
    let teams = teams_of("releases.max-unreleased = \"2MiB\"\n").await;
    let (team, other) = holders(&teams);
    let pages = ["v1", "v2", "v3"].map(page);
    // However small it is, each counts as 1 MiB.
    for component in &pages[..2] {
        assert_eq!(team.put(component).await.status, 201);
    }
    let refused = team.put(&pages[2]).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (507, &json!("upload")),
        "{refused:?}"
    );
    let reason = refused.json["reason"].as_str().unwrap();
    assert!(reason.starts_with("releases.max-unreleased: "), "{reason}");
    let fix = refused.json["fix"].as_str().unwrap();
    assert!(fix.starts_with("release it, or wait"), "{fix}");
    // What is there is there, and the other team has its own.
    assert_eq!(team.put(&pages[0]).await.status, 200);
    assert_eq!(other.put(&pages[2]).await.status, 201);
    // What is released makes room.
    let begun = team.release("page", &pages[0]).await;
    team.is_live(&begun.location).await;
    assert_eq!(team.put(&pages[2]).await.status, 201);
    let refused = team.put(&page("v4")).await;
    assert_eq!(refused.status, 507, "{refused:?}");
    teams.host.stop().await;
}
