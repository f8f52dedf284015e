//! What is compared with a release before it is live: what the live component called in its proof is
//! known after any way back, after a restart, and when the component itself is damaged.

use std::path::Path;

use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::api::{Api, digest};
use crate::downstream::relay::{relay, silent};
use crate::swap::page::stamped;

/// A BFF whose smoke request has a fixture, and that may call the service of that name.
async fn start() -> (TestHost, Api) {
    let settings = "[releases]\nkeep = 3\n[bff.page]\nreleases = true\n\
                    downstreams = [\"smoke\"]\n[bff.page.smoke]\npath = \"/probe\"\n\
                    fixture = \"smoke.json\"\n[[route]]\nbff = \"page\"\n";
    let fixture = r#"{"request":{"path":"/probe"},
        "downstreams":[{"service":"smoke","path":"/probe","reply":{"status":200}}]}"#;
    let host = TestHost::builder()
        .unwrap()
        .config(settings)
        .file("smoke.json", fixture.as_bytes())
        .unwrap()
        .service_at("smoke", &["http://127.0.0.1:9".to_owned()]);
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

async fn live(api: &Api, component: &[u8]) {
    let release = api.release(component).await;
    assert_eq!(release["state"], "live", "{release}");
}

/// Releases a component that calls what the live one does not. Returns the digest of the difference.
async fn refused(api: &Api, component: &[u8]) -> String {
    let release = api.release(component).await;
    assert_eq!(
        (&release["state"], &release["step"]),
        (&json!("refused"), &json!("consent")),
        "{release}"
    );
    let difference = &release["difference"];
    assert_eq!(difference["grows"], json!(["calls"]), "{release}");
    assert_eq!(
        difference["calls"],
        json!({"added": ["GET smoke"], "removed": []})
    );
    let reason = release["reason"].as_str().unwrap();
    assert!(reason.contains("it calls GET smoke"), "{reason}");
    difference["consent"].as_str().unwrap().to_owned()
}

async fn with_consent(api: &Api, component: &[u8], consent: &str) -> Value {
    let order = json!({"digest": digest(component), "consent": consent});
    let begun = api.post("/v1/bffs/page/releases", &order).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    api.ended(&begun.location).await
}

#[tokio::test]
async fn what_the_live_component_called_is_known_after_a_second_release_of_it() {
    let (host, api) = start().await;
    let (quiet, calling) = (silent("v1"), relay("v2", None));
    live(&api, &quiet).await;
    let first = refused(&api, &calling).await;
    // No smoke request is made of what is live already.
    live(&api, &quiet).await;
    assert_eq!(refused(&api, &calling).await, first);
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(refused(&api, &calling).await, first);
    let other = stamped(&calling, 1);
    api.put(&other).await;
    let other = with_consent(&api, &other, &first).await;
    assert_eq!(other["step"], "consent", "{other}");
    assert_eq!(with_consent(&api, &calling, &first).await["state"], "live");
    // To call less needs no consent, and the way from there is growth again.
    live(&api, &quiet).await;
    assert_eq!(refused(&api, &calling).await, first);
    host.stop().await;
}

#[tokio::test]
async fn what_the_live_component_called_is_known_after_each_way_back() {
    let (host, api) = start().await;
    let quiet = silent("v1");
    let (second, third) = (stamped(&quiet, 1), stamped(&quiet, 2));
    let calling = relay("v2", None);
    live(&api, &quiet).await;
    live(&api, &second).await;
    // The short way makes no proof. The row of the last one goes, since three are kept.
    let back = api.rollback(&json!({})).await;
    assert_eq!(back["digest"], digest(&quiet));
    let first = refused(&api, &calling).await;
    for _ in 0..3 {
        assert_eq!(refused(&api, &calling).await, first);
    }
    live(&api, &third).await;
    live(&api, &second).await;
    live(&api, &quiet).await;
    // The long way makes no smoke request.
    let back = api.rollback(&json!({"to": digest(&third)})).await;
    assert_eq!(back["state"], "live", "{back}");
    refused(&api, &calling).await;
    host.stop().await;
}

#[tokio::test]
async fn a_live_component_that_is_damaged_is_compared_with_still() {
    let (host, api) = start().await;
    let (quiet, calling) = (silent("v1"), relay("v2", None));
    live(&api, &quiet).await;
    let file = format!("{}.wasm", digest(&quiet));
    let damage = |dir: &Path| damage(&dir.join("data/releases"), &file);
    let host = host.restart_after(damage).await.unwrap();
    let api = Api::of(&host);
    let consent = refused(&api, &calling).await;
    assert_eq!(
        with_consent(&api, &calling, &consent).await["state"],
        "live"
    );
    host.stop().await;
}

fn damage(releases: &Path, file: &str) {
    let path = releases.join(file);
    assert!(path.is_file(), "{}", path.display());
    std::fs::write(path, b"\0asm").unwrap();
}
