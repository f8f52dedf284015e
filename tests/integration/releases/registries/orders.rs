//! Orders about components of registries: what becomes of them, and who may give them.

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use serde_json::json;

use super::super::api::{Api, digest};
use super::super::tokens::{Holder, token};
use super::super::{builder, components, served, some, until};
use super::registry::{Pushed, host, order, refused, section};
use crate::swap::page::page;
use crate::wire::Wire;

#[tokio::test]
async fn a_component_is_pulled_released_and_there_after_a_restart() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    let begun = order(&api, &reference).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let release = api.ended(&begun.location).await;
    assert_eq!(release["state"], "live", "{release}");
    assert_eq!(release["digest"], digest(&pushed.component));
    assert_eq!(release["source"], reference);
    assert_eq!(served(host.address()).await, some("v1"));
    let requests = registry.requests();
    let asked: Vec<String> = requests.iter().map(|it| it.line()).collect();
    let line = |path: String| format!("GET {path} HTTP/1.1");
    assert_eq!(
        asked,
        [line(pushed.manifest_path()), line(pushed.blob_path())]
    );
    // On one connection, and nobody is told who asks.
    assert_eq!(
        (requests[1].connection, requests[1].header("authorization")),
        (1, None)
    );
    let accept = requests[0].header("accept").unwrap();
    assert!(
        accept.contains("application/vnd.oci.image.manifest.v1+json"),
        "{accept}"
    );

    // The bytes are the host's own from there on.
    registry.stop().await;
    let host = host.restart().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    let kept = components(&host.dir().join("data"));
    assert_eq!(kept, [format!("{}.wasm", digest(&pushed.component))]);
    host.stop().await;
}

#[tokio::test]
async fn an_order_has_one_of_digest_and_oci_and_a_tag_says_nothing() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let (host, api) = host(&registry, "").await;
    let at = registry.address().to_string();
    let reference = pushed.reference(&at);
    let path = "/v1/bffs/page/releases";
    for body in [
        json!({"oci": reference, "digest": digest(&pushed.component)}),
        json!({"message": "nothing"}),
        json!({"oci": null}),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!(
            (answer.status, &answer.json["step"]),
            (400, &json!("order")),
            "{body}"
        );
    }
    let tagged = format!("oci://{at}/shop/page:v1");
    refused(&order(&api, &tagged).await, 400, "has no digest");
    for wrong in [
        format!("http://{at}/shop/page"),
        format!("oci://{at}/shop/../page@sha256:{}", digest(b"")),
        format!("oci://{at}/shop%2fpage@sha256:{}", digest(b"")),
    ] {
        refused(&order(&api, &wrong).await, 400, "is no reference");
    }
    // A password that stands in it is shown to nobody.
    let user = format!("oci://bot:secret@{at}/shop/page@sha256:{}", digest(b""));
    let answer = order(&api, &user).await;
    refused(&answer, 400, "has a user before its host");
    assert!(!format!("{answer:?}").contains("secret"), "{answer:?}");
    assert_eq!(registry.count(), 0);
    let (name, digest) = reference.split_once('@').unwrap();
    let source = json!({"oci": format!("{name}:old@{digest}"), "source": "https://ci.example/7"});
    let begun = api.post(path, &source).await;
    let release = api.ended(&begun.location).await;
    assert_eq!(
        (&release["state"], &release["source"]),
        (&json!("live"), &json!("https://ci.example/7"))
    );
    host.stop().await;
}

#[tokio::test]
async fn a_preview_is_pulled_too() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let more = "[releases.preview]\n";
    let (host, api) = host(&registry, more).await;
    let reference = pushed.reference(&registry.address().to_string());
    let body = json!({"name": "pr-1", "oci": reference});
    let begun = api.post("/v1/bffs/page/previews", &body).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(api.ended(&begun.location).await["state"], "previewed");
    host.stop().await;
}

#[tokio::test]
async fn an_order_that_is_sent_again_pulls_nothing() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    let send = async |text: &str| {
        let fields = "content-type: application/json\r\nidempotency-key: build-1\r\n";
        let body = json!({"oci": text}).to_string();
        api.send("POST", "/v1/bffs/page/releases", fields, body.as_bytes())
            .await
    };
    let first = send(&reference).await;
    assert_eq!(first.status, 202, "{first:?}");
    api.ended(&first.location).await;
    let asked = registry.count();
    let again = send(&reference).await;
    assert_eq!((again.status, &again.location), (202, &first.location));
    let other = send(&reference.replace("shop/page", "shop/other")).await;
    assert_eq!(
        (other.status, &other.json["step"]),
        (422, &json!("idempotency-key"))
    );
    assert_eq!(registry.count(), asked);
    host.stop().await;
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_whole_release() {
    let pushed = Pushed::new(&page("v1"));
    let (gate, there) = (Gate::new(), pushed.clone());
    let wait = gate.clone();
    let registry = ScriptedService::start(move |request| match request.path() {
        path if path == there.blob_path() => there.answer(&request).after(wait.pass()),
        _ => there.answer(&request),
    })
    .unwrap();
    let (host, api) = host(&registry, "").await;
    let body = json!({"oci": pushed.reference(&registry.address().to_string())}).to_string();
    let head = format!(
        "POST /v1/bffs/page/releases HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut wire = Wire::connect(api.0).await;
    wire.send(&head).await;
    registry.wait_for(2).await;
    drop(wire);
    gate.open_for_all();
    until(async || {
        let states = api.states().await;
        (states == [(1, "live".to_owned())]).then_some(())
    })
    .await;
    let kept = components(&host.dir().join("data"));
    assert_eq!(kept, [format!("{}.wasm", digest(&pushed.component))]);
    host.stop().await;
}

#[tokio::test]
async fn pulls_and_uploads_share_their_places() {
    let pushed = Pushed::new(&page("v1"));
    let registry = ScriptedService::start(|_| Response::hang()).unwrap();
    let settings = section(&registry, "");
    let host = builder("releases.uploads = 1\n")
        .config(&settings)
        .start()
        .await
        .unwrap();
    let api = Api::of(&host);
    let reference = pushed.reference(&registry.address().to_string());
    let waiting = order(&api, &reference);
    let other = async {
        registry.wait_for(1).await;
        let put = api.put(b"bytes").await;
        assert_eq!(
            (put.status, &put.json["step"]),
            (503, &json!("upload")),
            "{put:?}"
        );
        let second = order(&api, &reference).await;
        assert_eq!(
            (second.status, &second.json["step"]),
            (503, &json!("upload"))
        );
    };
    // The first one is not answered, and ends with the host.
    tokio::select! {
        answer = waiting => panic!("{answer:?}"),
        () = other => {}
    }
    host.stop().await;
}

#[tokio::test]
async fn a_team_pulls_its_own_repositories_and_needs_the_right_to_upload() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let settings = section(&registry, "").replace("shop/*", "{team}/*");
    let host = builder("admin.tokens = true\n")
        .config(&settings)
        .start()
        .await
        .unwrap();
    let (api, config) = (Api::of(&host), host.dir().join("tailor.toml"));
    let make =
        async |arguments: &[&str]| token(&config, &[&["create"], arguments].concat()).await.1;
    let reference = pushed.reference(&registry.address().to_string());
    let body = json!({"oci": reference});
    let path = "/v1/bffs/page/releases";

    let other = make(&["--team", "other", "--bff", "page"]).await;
    let stranger = Holder(&api, &other).post(path, &body).await;
    let said = refused(&stranger, 404, "no such manifest");
    // What is not there is told in the same words.
    let absent = reference.replace("shop/page", "other/page");
    let absent = Holder(&api, &other)
        .post(path, &json!({"oci": absent}))
        .await;
    assert_eq!(
        refused(&absent, 404, "no such manifest").replace("other/page", "shop/page"),
        said
    );
    assert_eq!(registry.count(), 1);

    let lacking = make(&[
        "--team", "shop", "--bff", "page", "--scope", "release", "--scope", "read",
    ])
    .await;
    let answer = Holder(&api, &lacking).post(path, &body).await;
    assert_eq!(
        (answer.status, &answer.json["step"]),
        (403, &json!("scope"))
    );
    let blind = make(&["--team", "shop", "--bff", "nothing"]).await;
    assert_eq!(Holder(&api, &blind).post(path, &body).await.status, 404);
    assert_eq!(registry.count(), 1);

    let own = make(&["--team", "shop", "--bff", "page"]).await;
    let own = Holder(&api, &own);
    let begun = own.post(path, &body).await;
    assert_eq!(
        (begun.status, &begun.json["actor"]),
        (202, &json!("shop")),
        "{begun:?}"
    );
    own.is_live(&begun.location).await;
    // It is this team's from now on, and no other's.
    let component = format!("/v1/components/{}", digest(&pushed.component));
    assert_eq!(own.send("HEAD", &component, b"").await.status, 200);
    assert_eq!(
        Holder(&api, &other)
            .send("HEAD", &component, b"")
            .await
            .status,
        404
    );
    // The operator may pull what any team may.
    let operator = make(&["--operator"]).await;
    let begun = Holder(&api, &operator).post(path, &body).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_registry_that_nobody_has_named_is_not_asked() {
    let pushed = Pushed::new(&page("v1"));
    let (registry, other) = (pushed.registry(), pushed.registry());
    let (host, api) = host(&registry, "").await;
    let at = other.address();
    let said = refused(
        &order(&api, &pushed.reference(&at.to_string())).await,
        403,
        "no registry",
    );
    assert!(
        said.contains("[releases.registry.NAME]") && said.contains(&at.to_string()),
        "{said}"
    );
    // The name of the host counts as it is written.
    let name = format!("localhost:{}", registry.address().port());
    refused(
        &order(&api, &pushed.reference(&name)).await,
        403,
        "no registry",
    );
    let pattern = pushed.reference(&registry.address().to_string());
    let deeper = pattern.replace("shop/page", "shop/page/deeper");
    refused(
        &order(&api, &deeper).await,
        404,
        "releases.registry.shop.repositories",
    );
    assert_eq!((registry.count(), other.count()), (0, 0));
    let missing = pattern.replace("shop/page", "shop/missing");
    refused(&order(&api, &missing).await, 404, "no such manifest");
    assert_eq!(registry.count(), 1);
    host.stop().await;
}
