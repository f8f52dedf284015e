//! Members of orders that say nothing: each is a mistake, and none of them means all.

use serde_json::{Value, json};

use super::api::digest;
use super::start;
use crate::swap::page::page;

#[tokio::test]
async fn what_is_empty_is_refused_by_its_name() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    let one = digest(&page("v1"));
    let order = |name: &str, value: Value| {
        let mut order = json!({"digest": one});
        order[name] = value;
        order
    };
    let releases = "/v1/bffs/page/releases";
    let (rollback, previews) = ("/v1/bffs/page/rollback", "/v1/bffs/page/previews");
    let token = |name: &str, value: Value| {
        let mut token = json!({"team": "a", "bffs": ["page"]});
        token[name] = value;
        token
    };
    for (path, name, body) in [
        (releases, "digest", order("digest", json!(""))),
        (releases, "oci", json!({"oci": ""})),
        (releases, "message", order("message", json!(""))),
        (releases, "message", order("message", json!(" \u{2003}"))),
        (releases, "source", order("source", json!(""))),
        (releases, "source", order("source", json!("commit abc"))),
        (releases, "source", order("source", json!("ftp://a/b"))),
        (releases, "expect_live", order("expect_live", json!(""))),
        (releases, "consent", order("consent", json!(""))),
        (releases, "signature", order("signature", json!(""))),
        (rollback, "to", json!({"to": ""})),
        (rollback, "expect_live", json!({"expect_live": ""})),
        (rollback, "message", json!({"message": ""})),
        ("/v1/bffs/page/abort", "message", json!({"message": ""})),
        ("/v1/bffs/page/hold", "message", json!({"message": " "})),
        ("/v1/bffs/page/shadow", "digest", json!({"digest": ""})),
        ("/v1/bffs/page/shadow", "for", order("for", json!(""))),
        (previews, "name", order("name", json!(""))),
        (
            previews,
            "expires_in",
            json!({"name": "a", "digest": one, "expires_in": ""}),
        ),
        ("/v1/tokens", "team", token("team", json!(""))),
        ("/v1/tokens", "bffs", token("bffs", json!([]))),
        ("/v1/tokens", "bffs", token("bffs", json!([""]))),
        ("/v1/tokens", "scopes", token("scopes", json!([]))),
        ("/v1/tokens", "scopes", token("scopes", json!([""]))),
        ("/v1/tokens", "expires_in", token("expires_in", json!(""))),
        ("/v1/tokens", "note", token("note", json!(""))),
        (
            "/v1/tokens",
            "operator",
            json!({"team": "a", "operator": true, "bffs": []}),
        ),
    ] {
        let refused = api.post(path, &body).await;
        assert_eq!(refused.status, 400, "{path} {body} {refused:?}");
        let reason = refused.json["reason"].as_str().unwrap();
        assert!(reason.starts_with(name), "{path} {body} {reason}");
        assert!(refused.json["fix"].as_str().unwrap().len() > 5, "{body}");
    }
    let tokens = api.get("/v1/tokens").await.json;
    assert_eq!(tokens["tokens"], json!([]));
    // Without a list, it is all of them.
    let made = api
        .post("/v1/tokens", &json!({"team": "a", "bffs": ["page"]}))
        .await;
    assert_eq!(made.json["scopes"].as_array().unwrap().len(), 6, "{made:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_member_that_is_null_is_refused_by_its_name() {
    let (host, api) = start().await;
    api.release(&page("v1")).await;
    let operations = [
        (
            "/v1/bffs/page/releases",
            &[
                "digest",
                "oci",
                "strategy",
                "message",
                "source",
                "expect_live",
                "consent",
                "share",
                "again",
                "signature",
                "older",
            ][..],
        ),
        (
            "/v1/bffs/page/previews",
            &["name", "expires_in", "message", "source", "signature"],
        ),
        ("/v1/bffs/page/rollback", &["to", "message", "expect_live"]),
        ("/v1/bffs/page/promote", &["release", "message"]),
        ("/v1/bffs/page/abort", &["release", "message"]),
        ("/v1/bffs/page/hold", &["release", "message", "off"]),
        ("/v1/bffs/page/shadow", &["digest", "for", "sample"]),
        (
            "/v1/tokens",
            &["team", "operator", "bffs", "scopes", "expires_in", "note"],
        ),
    ];
    for (path, members) in operations {
        for member in members {
            let mut order = match path {
                "/v1/tokens" => json!({"team": "a", "bffs": ["page"]}),
                "/v1/bffs/page/releases" | "/v1/bffs/page/shadow" => {
                    json!({"digest": digest(&page("v1"))})
                }
                "/v1/bffs/page/previews" => json!({"name": "a", "digest": digest(&page("v1"))}),
                _ => json!({}),
            };
            order[*member] = Value::Null;
            let refused = api.post(path, &order).await;
            assert_eq!(
                (refused.status, &refused.json["step"]),
                (400, &json!("order")),
                "{path} {order} {refused:?}"
            );
            let reason = format!("{member} is null");
            assert_eq!(refused.json["reason"], reason, "{path} {refused:?}");
            assert!(refused.json["fix"].as_str().unwrap().len() > 5, "{order}");
        }
    }
    assert_eq!(api.get("/v1/tokens").await.json["tokens"], json!([]));
    assert_eq!(api.states().await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_component_is_tried_again_for_a_reason_that_says_something() {
    let (host, api) = start().await;
    api.put(&page("v1")).await;
    for message in [None, Some(""), Some(" "), Some("\u{2003}")] {
        let mut order = json!({"digest": digest(&page("v1")), "again": true});
        if let Some(message) = message {
            order["message"] = json!(message);
        }
        let refused = api.post("/v1/bffs/page/releases", &order).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (400, &json!("held")),
            "{order} {refused:?}"
        );
    }
    let order = json!({"digest": digest(&page("v1")), "again": true, "message": "mended"});
    assert_eq!(api.post("/v1/bffs/page/releases", &order).await.status, 202);
    host.stop().await;
}

#[tokio::test]
async fn a_team_has_no_name_that_the_history_has_for_others() {
    let (host, api) = start().await;
    for team in ["operator", "data-dir", "local", "gate"] {
        let order = json!({"team": team, "bffs": ["page"]});
        let refused = api.post("/v1/tokens", &order).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        let reason = refused.json["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("team: {team:?}")), "{reason}");
    }
    let order = json!({"team": "operator", "operator": true});
    assert_eq!(api.post("/v1/tokens", &order).await.status, 201);
    host.stop().await;
}
