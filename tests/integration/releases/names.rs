//! Names of components in orders, which mean what they do in the commands.

use serde_json::json;

use super::api::digest;
use super::{served, some, start};
use crate::swap::page::page;

#[tokio::test]
async fn each_name_of_an_order_means_one_component() {
    let (host, api) = start().await;
    let versions = ["v1", "v2", "v3"];
    for version in versions {
        api.release(&page(version)).await;
    }
    let [one, two, three] = versions.map(|version| digest(&page(version)));
    for (to, version) in [
        ("previous", "v2"),
        ("previous", "v3"),
        (&one[..7], "v1"),
        (&two[..20], "v2"),
        (&three, "v3"),
        ("latest", "v3"),
        ("live", "v3"),
    ] {
        let back = api.rollback(&json!({"to": to})).await;
        assert_eq!(back["digest"], digest(&page(version)), "{to}");
        assert_eq!(served(host.address()).await, some(version), "{to}");
    }
    // The same for a release, and for what it expects.
    for (name, expected, version) in [
        (&one[..7], "live", "v1"),
        ("previous", &one[..9], "v3"),
        ("latest", &three, "v3"),
        (&two[..7], "latest", "v2"),
        ("live", "any", "v2"),
    ] {
        let order = json!({"digest": name, "expect_live": expected});
        let begun = api.post("/v1/bffs/page/releases", &order).await;
        assert_eq!(begun.status, 202, "{name} {begun:?}");
        let ended = api.ended(&begun.location).await;
        assert_eq!(
            (&ended["state"], &ended["digest"]),
            (&json!("live"), &json!(digest(&page(version)))),
            "{name}"
        );
    }
    let shadow = json!({"digest": &one[..7], "for": "1s"});
    let begun = api.post("/v1/bffs/page/shadow", &shadow).await;
    assert_eq!(
        (begun.status, &begun.json["candidate"]),
        (202, &json!(one)),
        "{begun:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn a_name_that_means_nothing_is_refused_and_nothing_else_is_live_for_it() {
    let (host, api) = start().await;
    let first = json!({"digest": digest(&page("v1")), "expect_live": "live"});
    api.put(&page("v1")).await;
    let none = api.post("/v1/bffs/page/releases", &first).await;
    assert_eq!(
        (none.status, &none.json["step"]),
        (409, &json!("expect-live")),
        "{none:?}"
    );
    api.release(&page("v1")).await;
    api.release(&page("v2")).await;
    let one = digest(&page("v1"));
    let (releases, rollback) = ("/v1/bffs/page/releases", "/v1/bffs/page/rollback");
    for (path, order, status, step) in [
        (releases, json!({"digest": "0000000"}), 404, "digest"),
        (rollback, json!({"to": "0000000"}), 404, "digest"),
        (
            "/v1/bffs/page/shadow",
            json!({"digest": "0000000"}),
            404,
            "digest",
        ),
        (
            releases,
            json!({"digest": one, "expect_live": "0000000"}),
            409,
            "expect-live",
        ),
        (
            rollback,
            json!({"expect_live": "previous"}),
            409,
            "expect-live",
        ),
        (rollback, json!({"to": "000000"}), 400, "digest"),
        (rollback, json!({"to": "Live"}), 400, "digest"),
        (rollback, json!({"to": "any"}), 400, "digest"),
        (
            releases,
            json!({"digest": one, "consent": "latest"}),
            400,
            "digest",
        ),
    ] {
        let refused = api.post(path, &order).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (status, &json!(step)),
            "{order} {refused:?}"
        );
        assert!(refused.json["fix"].as_str().unwrap().len() > 5, "{order}");
    }
    assert_eq!(served(host.address()).await, some("v2"));
    host.stop().await;
}

#[tokio::test]
async fn where_nothing_is_live_the_way_out_is_a_release() {
    let (host, api) = start().await;
    let (releases, rollback) = ("/v1/bffs/page/releases", "/v1/bffs/page/rollback");
    let by_digest = "release a component by its digest";
    let one = digest(&page("v1"));
    for (path, order, told, fix) in [
        (
            releases,
            json!({"digest": "live"}),
            (404, "digest", "nothing is live yet"),
            by_digest,
        ),
        (
            releases,
            json!({"digest": "previous"}),
            (404, "digest", "none was live before"),
            by_digest,
        ),
        (
            releases,
            json!({"digest": "latest"}),
            (404, "digest", "nothing was released yet"),
            by_digest,
        ),
        (
            "/v1/bffs/page/shadow",
            json!({"digest": "live"}),
            (404, "digest", "nothing is live yet"),
            by_digest,
        ),
        (
            rollback,
            json!({"to": "live"}),
            (404, "digest", "nothing is live yet"),
            by_digest,
        ),
        (
            rollback,
            json!({}),
            (409, "rollback", "nothing is live"),
            "release a component",
        ),
        (
            rollback,
            json!({"to": "previous"}),
            (409, "rollback", "nothing is live"),
            "release a component",
        ),
        (
            releases,
            json!({"digest": one, "expect_live": "live"}),
            (409, "expect-live", "nothing is live yet"),
            "\"none\"",
        ),
    ] {
        let refused = api.post(path, &order).await;
        let (status, step, reason) = told;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (status, &json!(step)),
            "{order} {refused:?}"
        );
        let text = |name: &str| refused.json[name].as_str().unwrap().to_owned();
        assert!(text("reason").contains(reason), "{order} {refused:?}");
        assert!(text("fix").contains(fix), "{order} {refused:?}");
    }
    // Of what is live, there is none before.
    api.release(&page("v1")).await;
    let refused = api.post(rollback, &json!({})).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(refused.json["fix"], "name a digest with \"to\"");
    host.stop().await;
}

#[tokio::test]
async fn a_preview_has_no_name_that_means_another_component() {
    let (host, api) = start().await;
    for (name, why) in [
        ("live", "a word for a component"),
        ("previous", "a word for a component"),
        ("latest", "a word for a component"),
        ("0123abc", "the first digits of a digest"),
        ("a--b", "none that a preview may have"),
    ] {
        let order = json!({"name": name, "digest": digest(&page("v1"))});
        let refused = api.post("/v1/bffs/page/previews", &order).await;
        assert_eq!(refused.status, 400, "{name} {refused:?}");
        let reason = refused.json["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("name ") && reason.contains(why),
            "{reason}"
        );
    }
    host.stop().await;
}

#[tokio::test]
async fn an_order_with_a_name_that_is_sent_twice_is_executed_once() {
    let (host, api) = start().await;
    for version in ["v1", "v2", "v3"] {
        api.release(&page(version)).await;
    }
    let fields = "content-type: application/json\r\nidempotency-key: job-7\r\n";
    let order = async |body: &str| {
        api.send("POST", "/v1/bffs/page/releases", fields, body.as_bytes())
            .await
    };
    let named = r#"{"digest": "previous", "expect_live": "live"}"#;
    let begun = order(named).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    api.ended(&begun.location).await;
    // The name means another one by now.
    let again = order(named).await;
    assert_eq!((again.status, &again.location), (202, &begun.location));
    assert_eq!(again.json["digest"], digest(&page("v2")));
    let whole = json!({"digest": digest(&page("v2")), "expect_live": digest(&page("v3"))});
    let other = order(&whole.to_string()).await;
    assert_eq!(
        (other.status, &other.json["step"]),
        (422, &json!("idempotency-key"))
    );
    assert_eq!(served(host.address()).await, some("v2"));
    host.stop().await;
}
