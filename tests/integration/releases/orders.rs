//! Orders: releases, rollbacks, and why they are refused.

use serde_json::json;

use super::api::{Api, digest};
use super::{admin_page, builder, served, some, start};
use crate::swap::page::{page, page_with_status, trap};
use crate::wire::Wire;

#[tokio::test]
async fn a_component_is_uploaded_released_and_undone() {
    let (host, api) = start().await;
    assert_eq!(served(host.address()).await, None);
    let ready = admin_page(api.0, "/readyz").await;
    assert!(ready.starts_with("no BFF can be served"), "{ready}");
    let (v1, v2) = (page("v1"), page("v2"));
    let first = api.release(&v1).await;
    assert_eq!(
        (&first["state"], &first["number"]),
        (&json!("live"), &json!(1))
    );
    assert_eq!(served(host.address()).await, some("v1"));
    api.put(&v2).await;
    let order = json!({"digest": digest(&v2), "message": "a new page", "source": "https://git.example/abc",
        "strategy": "all-at-once", "expect_live": digest(&v1)});
    let begun = api.post("/v1/bffs/page/releases", &order).await;
    assert_eq!(begun.status, 202);
    let second = api.ended(&begun.location).await;
    for (key, value) in [
        ("state", json!("live")),
        ("kind", json!("deploy")),
        ("digest", json!(digest(&v2))),
        ("message", json!("a new page")),
        ("source", json!("https://git.example/abc")),
    ] {
        assert_eq!(second[key], value, "{key}");
    }
    assert_eq!(served(host.address()).await, some("v2"));
    let third = api.rollback(&json!({})).await;
    assert_eq!(
        (&third["state"], &third["kind"]),
        (&json!("live"), &json!("rollback"))
    );
    assert_eq!(served(host.address()).await, some("v1"));
    let fourth = api.rollback(&json!({"to": digest(&v2)})).await;
    assert_eq!(fourth["digest"], digest(&v2));
    assert_eq!(served(host.address()).await, some("v2"));
    let replaced = |number| (number, "replaced".to_owned());
    let states = [
        (4, "live".to_owned()),
        replaced(3),
        replaced(2),
        replaced(1),
    ];
    assert_eq!(api.states().await, states);
    let page = api.get("/v1/bffs/page/releases?before=3&limit=1").await;
    assert_eq!(page.json["releases"][0]["number"], 2);
    assert_eq!(page.json["releases"].as_array().unwrap().len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_bad_component_is_refused_at_its_step_and_the_old_one_goes_on() {
    let smoke = "[bff.page.smoke]\npath = \"/x\"\n";
    let host = builder("").config(smoke).start().await.unwrap();
    let api = Api::of(&host);
    api.release(&page("v1")).await;
    let other = tailor_harness::components::from_module("(module)");
    let other = other.unwrap_or_default();
    for (component, step, reason) in [
        (b"no component".to_vec(), "form", "component"),
        (other, "world", "handler"),
        (
            page_with_status("v2", 500),
            "smoke",
            "was answered 500, not 200",
        ),
        (trap("v3"), "smoke", "/x failed"),
    ] {
        if component.is_empty() {
            continue;
        }
        let release = api.release(&component).await;
        assert_eq!(release["state"], "refused", "{release}");
        assert_eq!(release["step"], step, "{release}");
        let told = release["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_eq!(served(host.address()).await, some("v1"));
        let ready = admin_page(api.0, "/readyz").await;
        assert_eq!(ready, "ready\n");
    }
    // What was never live is no way back, since a rollback asks nothing.
    let body = json!({"to": digest(&trap("v3"))});
    let refused = api.post("/v1/bffs/page/rollback", &body).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("rollback"))
    );
    assert!(
        refused.json["fix"].as_str().unwrap().len() > 5,
        "{refused:?}"
    );
    api.release(&page("v4")).await;
    assert_eq!(admin_page(api.0, "/readyz").await, "ready\n");
    host.stop().await;
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_with_a_way_out() {
    let (host, api) = start().await;
    let (v1, v2) = (page("v1"), page("v2"));
    let releases = "/v1/bffs/page/releases";
    let none = api.post("/v1/bffs/page/rollback", &json!({})).await;
    assert_eq!((none.status, &none.json["step"]), (409, &json!("rollback")));
    api.release(&v1).await;
    let absent = api.begin(&v2).await;
    assert_eq!(
        (absent.status, &absent.json["step"]),
        (409, &json!("digest"))
    );
    api.put(&v2).await;
    for (path, body, status, step) in [
        (
            "/v1/bffs/nowhere/releases",
            json!({"digest": digest(&v2)}),
            404,
            "bff",
        ),
        ("/v1/bffs/page/undo", json!({}), 404, "path"),
        ("/v1/components/abc", json!({}), 405, "method"),
        (releases, json!({"digest": "abc"}), 400, "digest"),
        (
            releases,
            json!({"digest": digest(&v2), "strategy": "blue-green"}),
            400,
            "order",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "consent": "x"}),
            400,
            "digest",
        ),
        (releases, json!([]), 400, "order"),
        (
            releases,
            json!({"digest": digest(&v2), "message": "x".repeat(1001)}),
            400,
            "order",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "source": "a\nb"}),
            400,
            "order",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "source": "x".repeat(20_000)}),
            400,
            "order",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "expect_live": "x"}),
            400,
            "digest",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "expect_live": "none"}),
            409,
            "expect-live",
        ),
        (
            releases,
            json!({"digest": digest(&v2), "expect_live": digest(&v2)}),
            409,
            "expect-live",
        ),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!(
            (answer.status, answer.json["step"].as_str()),
            (status, Some(step)),
            "{answer:?}"
        );
        for key in ["reason", "fix", "request_id", "type", "title"] {
            let text = answer.json[key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{path} {key}: {answer:?}");
        }
    }
    let who = api
        .post(
            releases,
            &json!({"digest": digest(&v2), "expect_live": "none"}),
        )
        .await;
    let reason = who.json["reason"].as_str().unwrap();
    assert!(
        reason.contains("release 1 of") && reason.contains("is live, since 2"),
        "{reason}"
    );
    for (path, status) in [
        ("/v1/bffs/page/releases/99", 404),
        ("/v1/bffs/page/releases/x", 404),
        ("/v1/bffs/nowhere/releases/1", 404),
        ("/v1/bffs/nowhere/releases", 404),
        ("/v1/bffs/page/releases?limit=0", 400),
        ("/v1/bffs/page/releases?after=1", 400),
        ("/v1/openapi.json", 200),
    ] {
        assert_eq!(api.get(path).await.status, status, "{path}");
    }
    let body = json!({"digest": digest(&v2)}).to_string();
    let text = api
        .send(
            "POST",
            releases,
            "content-type: text/plain\r\n",
            body.as_bytes(),
        )
        .await;
    assert_eq!(text.status, 415);
    assert_eq!(api.states().await, [(1, "live".to_owned())]);
    host.stop().await;
}

#[tokio::test]
async fn the_same_order_with_a_key_is_executed_once() {
    let (host, api) = start().await;
    let v1 = page("v1");
    api.put(&v1).await;
    let order = json!({"digest": digest(&v1)}).to_string();
    let fields = "content-type: application/json\r\nidempotency-key: job-7\r\n";
    let path = "/v1/bffs/page/releases";
    let first = api.send("POST", path, fields, order.as_bytes()).await;
    let again = api.send("POST", path, fields, order.as_bytes()).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.location, again.location);
    let other = json!({"digest": digest(&v1), "message": "other"}).to_string();
    let other = api.send("POST", path, fields, other.as_bytes()).await;
    assert_eq!(
        (other.status, &other.json["step"]),
        (422, &json!("idempotency-key"))
    );
    let twice = "content-type: application/json\r\nidempotency-key: a\r\nidempotency-key: b\r\n";
    assert_eq!(
        api.send("POST", path, twice, order.as_bytes()).await.status,
        400
    );
    assert_eq!(api.states().await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_web_page_and_a_listener_that_others_reach_release_nothing() {
    let (host, api) = start().await;
    let v1 = page("v1");
    api.put(&v1).await;
    let order = json!({"digest": digest(&v1)}).to_string();
    let path = "/v1/bffs/page/releases";
    for sign in ["origin: null", "sec-fetch-site: same-origin"] {
        let fields = format!("content-type: application/json\r\n{sign}\r\n");
        let refused = api.send("POST", path, &fields, order.as_bytes()).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (403, &json!("browser"))
        );
        let read = api.send("GET", path, &format!("{sign}\r\n"), b"").await;
        assert_eq!(read.status, 403);
    }
    let foreign = Wire::ask(
        api.0,
        "GET /v1/openapi.json HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    );
    assert_eq!(foreign.await.status, 421);
    assert_eq!(api.states().await, []);
    host.stop().await;
}
