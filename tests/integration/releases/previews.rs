//! Versions that are not live, and are shown to holders of tokens.

mod bounds;
mod calls;
mod command;
mod lines;

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::api::{Api, digest};
use super::tokens::{Holder, token};
use super::{builder, served, some, until};
use crate::swap::page::{page, trap};
use crate::wire::{ClientResponse, Wire};

/// Previews with host names, and a second BFF, which is another team's.
const PREVIEWS: &str = "admin.tokens = true\n[releases.preview]\nurl = \"https://preview.test\"\n";
const OTHER: &str = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

/// A host with tokens: one for all, and one to look at previews.
struct Shown {
    host: TestHost,
    api: Api,
    operator: String,
    viewer: String,
}

/// Makes a token in the data directory of a host.
async fn made(host: &TestHost, arguments: &[&str]) -> String {
    let config = host.dir().join("tailor.toml");
    let (made, text) = token(&config, &[&["create"], arguments].concat()).await;
    assert!(made, "{text}");
    text
}

impl Shown {
    /// `page("v1")` is live, and `page("v2")` is shown as `pr-12`.
    async fn start(more: &str) -> Self {
        let host = builder(&format!("{PREVIEWS}{more}")).config(OTHER);
        let host = host.start().await.unwrap();
        let operator = made(&host, &["--operator"]).await;
        let viewer = ["--team", "t", "--bff", "page", "--scope", "preview"];
        let viewer = made(&host, &viewer).await;
        let api = Api::of(&host);
        let shown = Self {
            host,
            api,
            operator,
            viewer,
        };
        let holder = shown.holder();
        assert_eq!(holder.put(&page("v1")).await.status, 201);
        let begun = holder.release("page", &page("v1")).await;
        holder.is_live(&begun.location).await;
        let ended = shown.preview("pr-12", &page("v2"), json!({})).await;
        assert_eq!(ended["state"], "previewed", "{ended}");
        shown
    }

    fn holder(&self) -> Holder<'_> {
        Holder(&self.api, &self.operator)
    }

    /// Orders a preview, and waits for the end of its proof.
    async fn preview(&self, name: &str, component: &[u8], more: Value) -> Value {
        let holder = self.holder();
        let put = holder.put(component).await;
        assert!([200, 201].contains(&put.status), "{put:?}");
        let mut body = json!({"name": name, "digest": digest(component)});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let begun = holder.post("/v1/bffs/page/previews", &body).await;
        assert_eq!(begun.status, 202, "{begun:?}");
        until(async || {
            let release = holder.send("GET", &begun.location, b"").await.json;
            (release["state"] != "proving").then_some(release)
        })
        .await
    }

    /// Asks for a page by a host name of a preview.
    async fn by_host(&self, label: &str) -> ClientResponse {
        let fields = format!("authorization: {}\r\n", basic(&self.viewer));
        ask(
            self.host.address(),
            &format!("{label}.preview.test"),
            &fields,
        )
        .await
    }

    /// Asks for a page on the route of all, by a header field.
    async fn by_field(&self, name: &str) -> ClientResponse {
        let fields = format!(
            "tailor-version: {name}\r\ntailor-token: {}\r\n",
            self.viewer
        );
        ask(self.host.address(), "localhost", &fields).await
    }
}

/// A token as a browser sends it that has asked its user.
fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("me:{token}")))
}

async fn ask(address: SocketAddr, host: &str, fields: &str) -> ClientResponse {
    let request = format!("GET /page/x HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n");
    Wire::ask(address, &request).await
}

#[tokio::test]
async fn a_preview_is_shown_by_its_name_and_by_its_digest() {
    let shown = Shown::start("").await;
    let digest = digest(&page("v2"));
    let short = &digest[..7];
    let answers = [
        shown.by_host("pr-12--page").await,
        shown.by_host(&format!("{short}--page")).await,
        shown.by_field("pr-12").await,
        shown.by_field(&digest).await,
    ];
    for answer in answers {
        assert_eq!(
            (answer.status, answer.header("x-version")),
            (200, "v2"),
            "{answer:?}"
        );
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("x-robots-tag"), "noindex");
        let version = answer.header("tailor-version");
        assert!(
            digest.starts_with(version) && !version.is_empty(),
            "{answer:?}"
        );
    }
    // Clients get what is live, also where they name what is.
    let answer = ask(shown.host.address(), "localhost", "").await;
    assert_eq!(answer.header("x-version"), "v1");
    assert_eq!(answer.header("tailor-version"), "");
    let live = shown
        .by_field(&crate::releases::api::digest(&page("v1")))
        .await;
    assert_eq!(live.header("x-version"), "v1");
    let listed = shown.holder();
    let listed = listed.send("GET", "/v1/bffs/page/previews", b"").await.json;
    assert_eq!(listed["served"], true);
    let [preview] = listed["previews"].as_array().unwrap().as_slice() else {
        panic!("{listed}");
    };
    assert_eq!(
        (&preview["name"], &preview["digest"], &preview["url"]),
        (
            &json!("pr-12"),
            &json!(digest),
            &json!("https://pr-12--page.preview.test/")
        )
    );
    shown.host.stop().await;
}

#[tokio::test]
async fn nobody_without_a_token_for_it_sees_a_preview_or_learns_of_one() {
    let shown = Shown::start("").await;
    let address = shown.host.address();
    let other = [
        "--team", "o", "--bff", "other", "--scope", "preview", "--scope", "read",
    ];
    let other = made(&shown.host, &other).await;
    let reader = ["--team", "r", "--bff", "page", "--scope", "read"];
    let reader = made(&shown.host, &reader).await;
    let wrong = format!("{}x", &shown.viewer[..shown.viewer.len() - 1]);
    // A checksum that is right, and a secret that is not.
    let (head, _) = shown.viewer.split_at(13);
    let unknown = format!("{head}{}", &other[13..]);
    for text in ["", "secret", &wrong, &unknown, &other, &reader] {
        let fields = match text {
            "" => String::new(),
            text => format!("tailor-token: {text}\r\n"),
        };
        let mut answers = Vec::new();
        // A BFF that is another team's, and one that is nobody's.
        for label in ["pr-12--page", "pr-13--page", "pr-12--nowhere"] {
            let answer = ask(address, &format!("{label}.preview.test"), &fields).await;
            assert_eq!(
                (answer.status, answer.code()),
                (401, "preview-token"),
                "{text} {answer:?}"
            );
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Basic "), "{challenge}");
            let document: Value = serde_json::from_str(&answer.body).unwrap();
            answers.push(document["detail"].clone());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        let by_field = format!("tailor-version: pr-12\r\n{fields}");
        let answer = ask(address, "localhost", &by_field).await;
        assert_eq!((answer.status, answer.code()), (401, "preview-token"));
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
    }
    for (label, code) in [
        ("pr-13--page", "preview-unknown"),
        ("0000000--page", "preview-unknown"),
    ] {
        let answer = shown.by_host(label).await;
        assert_eq!((answer.status, answer.code()), (404, code), "{answer:?}");
    }
    // A token that is revoked shows nothing more.
    let id = &shown.viewer[4..12];
    let path = format!("/v1/tokens/{id}");
    assert_eq!(
        shown.holder().send("DELETE", &path, b"").await.status / 100,
        2
    );
    until(async || (shown.by_field("pr-12").await.status == 401).then_some(())).await;
    shown.host.stop().await;
}

#[tokio::test]
async fn a_name_goes_over_to_a_later_release_and_ends_by_order_and_with_its_time() {
    let shown = Shown::start("").await;
    let holder = shown.holder();
    let newer = shown.preview("pr-12", &page("v3"), json!({})).await;
    assert_eq!(newer["name"], "pr-12");
    until(async || {
        let answer = shown.by_field("pr-12").await;
        (answer.header("x-version") == "v3").then_some(())
    })
    .await;
    let older = holder.send("GET", "/v1/bffs/page/releases/2", b"").await;
    assert_eq!(older.json["state"], "aborted");
    assert_eq!(older.json["reason"], "release 3 took its name");
    // By its digest, it is there still.
    let older = shown.by_field(&digest(&page("v2"))[..9]).await;
    assert_eq!(older.header("x-version"), "v2");

    let path = "/v1/bffs/page/previews/pr-12";
    let ended = holder.send("DELETE", path, b"").await;
    assert_eq!(
        (ended.status, &ended.json["state"]),
        (200, &json!("aborted"))
    );
    assert_eq!(holder.send("DELETE", path, b"").await.status, 404);
    until(async || (shown.by_field("pr-12").await.status == 404).then_some(())).await;

    let brief = json!({"expires_in": "2s"});
    shown.preview("pr-13", &page("v4"), brief).await;
    until(async || (shown.by_field("pr-13").await.status == 200).then_some(())).await;
    until(async || (shown.by_field("pr-13").await.status == 404).then_some(())).await;
    let listed = holder.send("GET", "/v1/bffs/page/previews", b"").await;
    assert_eq!(listed.json["previews"], json!([]));
    // Nothing of it has touched what is live.
    assert_eq!(served(shown.host.address()).await, some("v1"));
    shown.host.stop().await;
}

#[tokio::test]
async fn previews_last_over_a_restart_and_follow_the_configuration() {
    let shown = Shown::start("max-loaded = 1\n").await;
    assert_eq!(shown.by_field("pr-12").await.header("x-version"), "v2");
    let Shown {
        host,
        operator,
        viewer,
        ..
    } = shown;
    let host = host.restart().await.unwrap();
    let shown = Shown {
        api: Api::of(&host),
        host,
        operator,
        viewer,
    };
    // One version is in memory at a time, and each is found.
    shown.preview("pr-13", &page("v3"), json!({})).await;
    for _ in 0..3 {
        assert_eq!(shown.by_host("pr-12--page").await.header("x-version"), "v2");
        assert_eq!(shown.by_host("pr-13--page").await.header("x-version"), "v3");
    }
    // A reload takes the section away: the field is as unknown as ever, and so is the name.
    let path = shown.host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once("[releases.preview]").unwrap();
    let (_, after) = after.split_once("\n[").unwrap();
    std::fs::write(&path, format!("{before}[{after}")).unwrap();
    shown.host.host().changes().reload().await.unwrap();
    assert_eq!(shown.by_field("pr-12").await.header("x-version"), "v1");
    let answer = shown.by_host("pr-12--page").await;
    assert_eq!(answer.header("x-version"), "v1", "a route without a host");
    let body = json!({"name": "pr-14", "digest": digest(&page("v3"))});
    let refused = shown.holder().post("/v1/bffs/page/previews", &body).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (409, &json!("preview")),
        "{refused:?}"
    );
    shown.host.stop().await;
}

#[tokio::test]
async fn what_is_told_to_be_shown_is_what_the_next_request_gets() {
    let shown = Shown::start("").await;
    for version in ["v3", "v4", "v5"] {
        // What is known of it is a moment old.
        assert_eq!(shown.by_host("pr-12--page").await.status, 200);
        shown.preview("pr-12", &page(version), json!({})).await;
        let answer = shown.by_host("pr-12--page").await;
        assert_eq!(answer.header("x-version"), version);
    }
    let holder = shown.holder();
    let path = "/v1/bffs/page/previews/pr-12";
    assert_eq!(holder.send("DELETE", path, b"").await.status, 200);
    assert_eq!(shown.by_host("pr-12--page").await.status, 404);
    shown.host.stop().await;
}

#[tokio::test]
async fn a_preview_that_fails_is_counted_nowhere_as_its_bff() {
    let shown = Shown::start("").await;
    shown.preview("pr-13", &trap("v3"), json!({})).await;
    let answer = shown.by_host("pr-13--page").await;
    assert_eq!((answer.status, answer.code()), (502, "bff-trap"));
    let metrics = ask_metrics(&shown).await;
    assert!(!metrics.contains("bff-trap"), "{metrics}");
    assert_eq!(served(shown.host.address()).await, some("v1"));
    shown.host.stop().await;
}

async fn ask_metrics(shown: &Shown) -> String {
    shown.api.raw("GET", "/metrics", "", b"").await.body
}
