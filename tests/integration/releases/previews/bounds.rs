//! What an order for a preview may not say, and what is proven of it.

use serde_json::json;

use super::{PREVIEWS, Shown, ask, made};
use crate::releases::api::{Api, digest};
use crate::releases::{builder, served, some, until};
use crate::swap::page::page;

#[tokio::test]
async fn what_cannot_be_a_preview_is_refused_with_the_way_out() {
    let shown = Shown::start("names = 2\nmax-lifetime = \"8d\"\n").await;
    let holder = shown.holder();
    let v2 = digest(&page("v2"));
    let long = "n".repeat(41);
    for (name, expires_in, status, step, reason) in [
        ("a--b", "1h", 400, "order", "name is none"),
        ("Pr-1", "1h", 400, "order", "name is none"),
        ("", "1h", 400, "order", "name is none"),
        (&*long, "1h", 400, "order", "name is none"),
        (
            "abcdef0",
            "1h",
            400,
            "order",
            "name reads as the first digits",
        ),
        ("live", "1h", 400, "order", "name is a word for a component"),
        (
            "pr-1",
            "soon",
            400,
            "order",
            "expires_in (`--expires`) is no time",
        ),
        (
            "pr-1",
            "0s",
            400,
            "order",
            "expires_in (`--expires`) is no time",
        ),
        ("pr-1", "9d", 409, "preview", "max-lifetime"),
    ] {
        let body = json!({"name": name, "digest": v2, "expires_in": expires_in});
        let refused = holder.post("/v1/bffs/page/previews", &body).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (status, &json!(step)),
            "{refused:?}"
        );
        let told = refused.json["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_ne!(refused.json["fix"], "");
    }
    // Two names, of which one is there: a third has no room, and the same one has.
    shown.preview("pr-13", &page("v3"), json!({})).await;
    let body = json!({"name": "pr-14", "digest": v2});
    let refused = holder.post("/v1/bffs/page/previews", &body).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("preview"))
    );
    // Time mends nothing of it.
    let fields = format!(
        "authorization: Bearer {}\r\ncontent-type: application/json\r\n",
        shown.operator
    );
    let body = body.to_string();
    let path = "/v1/bffs/page/previews";
    let refused = shown.api.raw("POST", path, &fields, body.as_bytes()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (409, ""));
    let again = shown.preview("pr-13", &page("v2"), json!({})).await;
    assert_eq!(again["state"], "previewed");
    shown.host.stop().await;
}

#[tokio::test]
async fn a_component_is_proven_before_it_is_shown_and_what_is_live_goes_on() {
    let shown = Shown::start("").await;
    let refused = shown
        .preview("pr-13", b"\0asm\x0d\0\x01\0", json!({}))
        .await;
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["step"], "world", "{refused}");
    let answer = shown.by_host("pr-13--page").await;
    assert_eq!(answer.code(), "preview-unknown");
    // Neither the BFF nor its metrics say that a file of it is refused.
    let page_of = async |path: &str| shown.holder().send("GET", path, b"").await.json;
    assert_eq!(page_of("/v1/bffs/page").await["refused"], json!(null));
    assert_eq!(served(shown.host.address()).await, some("v1"));
    shown.host.stop().await;
}

#[tokio::test]
async fn a_preview_is_in_the_way_of_no_release_and_none_is_in_its_way() {
    let shown = Shown::start("").await;
    let holder = shown.holder();
    for version in ["v3", "v4", "v5"] {
        assert_eq!(holder.put(&page(version)).await.status, 201);
    }
    // A release, a preview after it, and a release that only waits if the one before it does.
    let order = |version: &str| json!({"digest": digest(&page(version))});
    let released = holder.post("/v1/bffs/page/releases", &order("v3")).await;
    let mut named = order("v4");
    named["name"] = json!("pr-13");
    let previewed = holder.post("/v1/bffs/page/previews", &named).await;
    holder.is_live(&released.location).await;
    let newer = holder.post("/v1/bffs/page/releases", &order("v5")).await;
    holder.is_live(&newer.location).await;
    let state = holder.send("GET", &previewed.location, b"").await.json;
    assert_eq!(state["state"], "previewed", "{state}");
    assert_eq!(shown.by_host("pr-13--page").await.header("x-version"), "v4");
    shown.host.stop().await;
}

#[tokio::test]
async fn a_host_without_tokens_of_its_listener_shows_previews_to_holders_alone() {
    let more = PREVIEWS.replace("admin.tokens = true\n", "");
    let host = builder(&more).start().await.unwrap();
    let api = Api::of(&host);
    api.release(&page("v1")).await;
    let fields = "tailor-version: 0000000\r\n";
    let answer = ask(host.address(), "localhost", fields).await;
    assert_eq!((answer.status, answer.code()), (401, "preview-token"));
    host.stop().await;
}

#[tokio::test]
async fn a_preview_whose_component_is_lost_says_so_and_is_shown_when_it_is_back() {
    let shown = Shown::start("max-loaded = 1\n").await;
    // The one that was asked for last takes the place in memory.
    shown.preview("pr-13", &page("v3"), json!({})).await;
    assert_eq!(shown.by_host("pr-13--page").await.header("x-version"), "v3");
    let file = format!("{}.wasm", digest(&page("v2")));
    let path = shown.host.dir().join("data/releases").join(file);
    std::fs::remove_file(&path).unwrap();
    for _ in 0..2 {
        let answer = shown.by_host("pr-12--page").await;
        assert_eq!(
            (answer.status, answer.code()),
            (503, "preview-unavailable"),
            "{answer:?}"
        );
        assert_eq!(answer.header("retry-after"), "1");
        // Where its file is, is the operator's business.
        assert!(!answer.body.contains("data"), "{answer:?}");
    }
    assert_eq!(shown.by_host("pr-13--page").await.header("x-version"), "v3");
    assert_eq!(served(shown.host.address()).await, some("v1"));
    shown.holder().put(&page("v2")).await;
    until(async || {
        let answer = shown.by_host("pr-12--page").await;
        (answer.header("x-version") == "v2").then_some(())
    })
    .await;
    shown.host.stop().await;
}

#[tokio::test]
async fn a_token_that_is_new_is_known_soon_also_where_it_was_asked_for_before() {
    let shown = Shown::start("").await;
    assert_eq!(shown.by_host("pr-12--page").await.status, 200);
    let new = ["--team", "n", "--bff", "page", "--scope", "preview"];
    let viewer = made(&shown.host, &new).await;
    let fields = format!("tailor-version: pr-12\r\ntailor-token: {viewer}\r\n");
    until(async || {
        let answer = ask(shown.host.address(), "localhost", &fields).await;
        (answer.status == 200).then_some(())
    })
    .await;
    shown.host.stop().await;
}
