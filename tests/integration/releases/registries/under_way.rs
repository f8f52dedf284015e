//! What happens beside a pull that takes its time.

use std::fs;

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use serde_json::json;

use super::super::api::{Answer, Api};
use super::super::tokens::{Holder, token};
use super::super::{builder, components};
use super::registry::{Pushed, order, refused, section};
use crate::swap::page::page;

const RELEASES: &str = "/v1/bffs/page/releases";

/// A registry whose blobs wait for a gate.
fn waiting(pushed: &Pushed, gate: &Gate) -> ScriptedService {
    let (pushed, gate) = (pushed.clone(), gate.clone());
    ScriptedService::start(move |request| match request.path() {
        path if path == pushed.blob_path() => pushed.answer(&request).after(gate.pass()),
        _ => pushed.answer(&request),
    })
    .unwrap()
}

#[tokio::test]
async fn a_token_that_is_revoked_during_a_pull_releases_nothing() {
    let pushed = Pushed::new(&page("v1"));
    let gate = Gate::new();
    let registry = waiting(&pushed, &gate);
    let host = builder("admin.tokens = true\n").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let (api, config) = (Api::of(&host), host.dir().join("tailor.toml"));
    let (_, text) = token(&config, &["create", "--team", "shop", "--bff", "page"]).await;
    let (_, operator) = token(&config, &["create", "--operator"]).await;
    let body = json!({"oci": pushed.reference(&registry.address().to_string())});
    let own = Holder(&api, &text);
    let revoking = async {
        registry.wait_for(2).await;
        let path = format!("/v1/tokens/{}", &text[4..12]);
        let revoked = Holder(&api, &operator).send("DELETE", &path, b"").await;
        assert_eq!(revoked.status, 200, "{revoked:?}");
        gate.open_for_all();
    };
    let (answer, ()) = tokio::join!(own.post(RELEASES, &body), revoking);
    assert_eq!(
        (answer.status, &answer.json["step"]),
        (401, &json!("token")),
        "{answer:?}"
    );
    let all = Holder(&api, &operator).send("GET", RELEASES, b"").await;
    assert_eq!(all.json["releases"], json!([]), "{all:?}");
    let folder = host.dir().join("data");
    if folder.join("releases").exists() {
        assert_eq!(components(&folder), Vec::<String>::new());
    }
    host.stop().await;
}

#[tokio::test]
async fn a_registry_that_a_reload_takes_away_during_a_pull_gives_nothing() {
    let pushed = Pushed::new(&page("v1"));
    let gate = Gate::new();
    let registry = waiting(&pushed, &gate);
    let host = builder("").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let (api, path) = (Api::of(&host), host.dir().join("tailor.toml"));
    let reference = pushed.reference(&registry.address().to_string());
    let reloading = async {
        registry.wait_for(2).await;
        let text = fs::read_to_string(&path).unwrap();
        let other = text.replace(
            "repositories = [\"shop/*\"]",
            "repositories = [\"other/*\"]",
        );
        assert_ne!(text, other);
        fs::write(&path, other).unwrap();
        host.host().reload().await.unwrap();
        gate.open_for_all();
    };
    let (answer, ()) = tokio::join!(order(&api, &reference), reloading);
    refused(&answer, 404, "no such manifest");
    assert_eq!(api.states().await, []);
    host.stop().await;
}

#[tokio::test]
async fn an_order_that_is_sent_again_during_its_pull_takes_no_second_place() {
    let pushed = Pushed::new(&page("v1"));
    let gate = Gate::new();
    let registry = waiting(&pushed, &gate);
    let host = builder("releases.uploads = 4\n").config(&section(&registry, ""));
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    let body = json!({"oci": pushed.reference(&registry.address().to_string())}).to_string();
    let send = async || -> Answer {
        let fields = "content-type: application/json\r\nidempotency-key: build-1\r\n";
        api.send("POST", RELEASES, fields, body.as_bytes()).await
    };
    let again = async {
        registry.wait_for(2).await;
        let second = send().await;
        assert_eq!(
            (second.status, &second.json["step"]),
            (503, &json!("upload")),
            "{second:?}"
        );
        assert!(
            second.json["reason"]
                .as_str()
                .unwrap()
                .contains("being pulled")
        );
        gate.open_for_all();
    };
    let (first, ()) = tokio::join!(send(), again);
    assert_eq!((first.status, registry.count()), (202, 2), "{first:?}");
    let third = send().await;
    assert_eq!((third.status, &third.location), (202, &first.location));
    assert_eq!(registry.count(), 2);
    host.stop().await;
}

#[tokio::test]
async fn the_pulls_of_one_team_leave_places_to_others() {
    let pushed = Pushed::new(&page("v1"));
    let registry = ScriptedService::start(|_| Response::hang()).unwrap();
    let host = builder("admin.tokens = true\nreleases.uploads = 3\n");
    let host = host.config(&section(&registry, "")).start().await.unwrap();
    let (api, config) = (Api::of(&host), host.dir().join("tailor.toml"));
    let make = async |team: &str| {
        token(&config, &["create", "--team", team, "--bff", "page"])
            .await
            .1
    };
    let (slow, other) = (make("slow").await, make("other").await);
    let body = json!({"oci": pushed.reference(&registry.address().to_string())});
    let slow = Holder(&api, &slow);
    let beside = async {
        registry.wait_for(2).await;
        let third = slow.post(RELEASES, &body).await;
        assert_eq!(
            (third.status, &third.json["step"]),
            (429, &json!("upload")),
            "{third:?}"
        );
        assert!(
            third.json["reason"].as_str().unwrap().contains("of slow"),
            "{third:?}"
        );
        let put = Holder(&api, &other).put(&pushed.component).await;
        assert_eq!(put.status, 201, "{put:?}");
    };
    // The slow ones are not answered, and end with the host.
    tokio::select! {
        answer = slow.post(RELEASES, &body) => panic!("{answer:?}"),
        answer = slow.post(RELEASES, &body) => panic!("{answer:?}"),
        () = beside => {}
    }
    host.stop().await;
}

#[tokio::test]
async fn a_team_reads_no_path_of_the_operator() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let settings = section(&registry, "credentials = \"registry.secret\"\n");
    let host = builder("admin.tokens = true\n").config(&settings);
    let host = host.file("registry.secret", b"user:\n").unwrap();
    let host = host.start().await.unwrap();
    let (api, config) = (Api::of(&host), host.dir().join("tailor.toml"));
    super::registry::secret(host.dir(), "user:\n", 0o600);
    let (_, team) = token(&config, &["create", "--team", "shop", "--bff", "page"]).await;
    let (_, operator) = token(&config, &["create", "--operator"]).await;
    let body = json!({"oci": pushed.reference(&registry.address().to_string())});
    let answer = Holder(&api, &team).post(RELEASES, &body).await;
    let said = refused(
        &answer,
        503,
        "releases.registry.shop: a file of this section",
    );
    assert!(!said.contains("registry.secret"), "{said}");
    let answer = Holder(&api, &operator).post(RELEASES, &body).await;
    refused(&answer, 503, "registry.secret is no line of a user");
    assert_eq!(registry.count(), 0);
    host.stop().await;
}
