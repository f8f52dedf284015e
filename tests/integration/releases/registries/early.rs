//! What is refused before anything is pulled, and what before the component is: in the words and
//! the order in which an order by digest is refused.

use downstream_mock::scripted::{Gate, ScriptedService};
use rusqlite::Connection;
use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::super::api::{Answer, Api, digest};
use super::super::{PAGE, builder, components};
use super::registry::{Pushed, section};
use crate::swap::page::page;

const RELEASES: &str = "/v1/bffs/page/releases";
const PREVIEWS: &str = "/v1/bffs/page/previews";

/// What is said of an order, but for the number of its request.
fn said(mut answer: Answer) -> (u16, Value) {
    let document = answer.json.as_object_mut();
    document.map(|it| it.remove("request_id"));
    (answer.status, answer.json)
}

/// An order with these members is refused at this step with the same document, whether it names an
/// upload or a manifest, and the registry is asked for as much as this.
async fn refused_alike(
    api: &Api,
    (pushed, registry): (&Pushed, &ScriptedService),
    (path, members): (&str, &Value),
    step: &str,
    asked: u64,
) {
    let before = registry.count();
    let with = |name: &str, value: String| {
        let mut body = members.clone();
        body[name] = json!(value);
        body
    };
    let by_digest = with("digest", digest(&pushed.component));
    let by_digest = said(api.post(path, &by_digest).await);
    let reference = pushed.reference(&registry.address().to_string());
    let by_manifest = said(api.post(path, &with("oci", reference)).await);
    assert_eq!(by_digest.1["step"], step, "{members} {by_digest:?}");
    assert_eq!(by_manifest, by_digest, "{members}");
    assert_eq!((registry.count() - before) as u64, asked, "{members}");
}

#[tokio::test]
async fn what_is_known_before_a_pull_refuses_it_in_the_words_of_an_order_by_digest() {
    let (live, pushed) = (page("v1"), Pushed::new(&page("v2")));
    let registry = pushed.registry();
    let host = builder("").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.release(&live).await["state"], "live");
    assert_eq!(api.put(&pushed.component).await.status, 201);
    let other = digest(b"other");
    let both = json!({"expect_live": other, "signature": "x"});
    for (path, members, step) in [
        (RELEASES, json!({"expect_live": other}), "expect-live"),
        (RELEASES, json!({"expect_live": "none"}), "expect-live"),
        (RELEASES, json!({"signature": "x"}), "signature"),
        (RELEASES, both, "signature"),
        (PREVIEWS, json!({"name": "pr-1"}), "preview"),
        ("/v1/bffs/nothing/releases", json!({}), "bff"),
    ] {
        let sources = (&pushed, &registry);
        refused_alike(&api, sources, (path, &members), step, 0).await;
    }
    assert_eq!(api.states().await, [(1, "live".to_owned())]);
    host.stop().await;
}

#[tokio::test]
async fn an_order_without_the_signature_that_its_bff_needs_pulls_nothing() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let key = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let signers = format!("releases = true\nsigners = [{:?}]\n", key.pk.to_base64());
    let settings = PAGE.replace("releases = true\n", &signers);
    let host = TestHost::builder().unwrap().config(&settings);
    let host = host.config(&section(&registry, "[releases.preview]\nnames = 1\n"));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.put(&pushed.component).await.status, 201);
    let long = "x".repeat(3000);
    for (path, members) in [
        (RELEASES, json!({})),
        (RELEASES, json!({"signature": long})),
        (PREVIEWS, json!({"name": "pr-1"})),
    ] {
        let sources = (&pushed, &registry);
        refused_alike(&api, sources, (path, &members), "signature", 0).await;
    }
    host.stop().await;
}

#[tokio::test]
async fn a_preview_too_many_or_for_too_long_is_refused_before_its_pull() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let settings = "[releases.preview]\nnames = 1\nmax-lifetime = \"1d\"\nlifetime = \"1d\"\n";
    let host = builder("").config(&section(&registry, settings));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.put(&pushed.component).await.status, 201);
    let first = json!({"name": "pr-1", "digest": digest(&pushed.component)});
    let begun = api.post(PREVIEWS, &first).await;
    assert_eq!(api.ended(&begun.location).await["state"], "previewed");
    for members in [
        json!({"name": "pr-2"}),
        json!({"name": "pr-1", "expires_in": "2d"}),
    ] {
        let sources = (&pushed, &registry);
        refused_alike(&api, sources, (PREVIEWS, &members), "preview", 0).await;
    }
    host.stop().await;
}

#[tokio::test]
async fn a_component_that_is_held_is_refused_by_its_manifest_and_not_pulled() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let host = builder("").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(api.put(&pushed.component).await.status, 201);
    // As a rule leaves it that has rolled the component back.
    assert_eq!(api.states().await, []);
    let journal = Connection::open(host.dir().join("data/releases/journal.db")).unwrap();
    let held = "INSERT INTO held (bff, digest, release, reason, at) VALUES ('page', ?1, 7, 'r', 1)";
    journal.execute(held, [digest(&pushed.component)]).unwrap();
    let sources = (&pushed, &registry);
    refused_alike(&api, sources, (RELEASES, &json!({})), "held", 1).await;
    // With a word of its author, it is tried again.
    let reference = pushed.reference(&registry.address().to_string());
    let again = json!({"oci": reference, "again": true, "message": "mended elsewhere"});
    let begun = api.post(RELEASES, &again).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(api.ended(&begun.location).await["state"], "live");
    host.stop().await;
}

#[tokio::test]
async fn what_changes_during_a_pull_refuses_the_order_when_it_is_there() {
    let (live, pushed) = (page("v1"), Pushed::new(&page("v2")));
    let (gate, there) = (Gate::new(), pushed.clone());
    let wait = gate.clone();
    let registry = ScriptedService::start(move |request| match request.path() {
        path if path == there.blob_path() => there.answer(&request).after(wait.pass()),
        _ => there.answer(&request),
    })
    .unwrap();
    let host = builder("").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    let reference = pushed.reference(&registry.address().to_string());
    let body = json!({"oci": reference, "expect_live": "none"});
    let beside = async {
        registry.wait_for(2).await;
        assert_eq!(api.release(&live).await["state"], "live");
        gate.open_for_all();
    };
    let (answer, ()) = tokio::join!(api.post(RELEASES, &body), beside);
    assert_eq!(
        (answer.status, &answer.json["step"]),
        (409, &json!("expect-live")),
        "{answer:?}"
    );
    assert_eq!(api.states().await, [(1, "live".to_owned())]);
    // It is an upload without a release, and goes as one.
    assert_eq!(components(&host.dir().join("data")).len(), 2);
    host.stop().await;
}
