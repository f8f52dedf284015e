//! Registries that send something else than what the author has pushed, or nothing.

use std::time::Duration;

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::{Value, json};

use super::super::api::{Api, digest};
use super::super::{builder, components};
use super::registry::{Pushed, WASM, host, layer, manifest, order, refused, section};
use crate::swap::page::page;

/// Nothing of what was refused stays, and nothing was released.
async fn is_empty(host: tailor_harness::TestHost, api: &Api) {
    assert_eq!(api.states().await, []);
    let folder = host.dir().join("data/releases");
    if folder.exists() {
        assert_eq!(components(&host.dir().join("data")), Vec::<String>::new());
    }
    host.stop().await;
}

#[tokio::test]
async fn only_the_bytes_that_were_pushed_are_taken() {
    let pushed = Pushed::new(&page("v1"));
    let other = page("v2");
    let shorter = pushed.component[1..].to_vec();
    let mut flipped = pushed.component.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let longer = [&*pushed.component, b"x"].concat();
    let another = Pushed::new(&other).manifest;
    let spaced = [&*pushed.manifest, b" "].concat();
    for (manifest, component, text) in [
        (another, other.clone(), "a manifest of the digest sha256:"),
        (
            spaced,
            pushed.component.clone(),
            "a manifest of the digest sha256:",
        ),
        (
            b"not json".to_vec(),
            Vec::new(),
            "a manifest of the digest sha256:",
        ),
        (
            pushed.manifest.clone(),
            flipped,
            "bytes of the digest sha256:",
        ),
        (
            pushed.manifest.clone(),
            shorter,
            "in place of the component",
        ),
        (pushed.manifest.clone(), longer, "in place of the component"),
        (pushed.manifest.clone(), Vec::new(), "0 of "),
    ] {
        let there = pushed.clone();
        let registry = ScriptedService::start(move |request| match request.path() {
            path if path == there.manifest_path() => Response::text(manifest.clone()),
            _ => Response::text(component.clone()),
        })
        .unwrap();
        let (host, api) = host(&registry, "").await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(&order(&api, &reference).await, 422, text);
        is_empty(host, &api).await;
    }
}

#[tokio::test]
async fn a_manifest_of_something_else_is_refused_by_name() {
    let component = page("v1");
    let wasm = layer(WASM, &component);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [layer("application/vnd.oci.image.manifest.v1+json", b"x")],
    });
    let mut sha512 = wasm.clone();
    sha512["digest"] = json!(format!("sha512:{}", "0".repeat(128)));
    let in_index = format!("index of 1 manifest: sha256:{}", digest(b"x"));
    let cases: [(Vec<u8>, &str); 6] = [
        (
            manifest(&json!([wasm, wasm])),
            "2 layers: application/wasm, application/wasm",
        ),
        (
            manifest(&json!([layer("application/x-tar", b"")])),
            "1 layer: application/x-tar",
        ),
        (manifest(&json!([])), "no layers"),
        (manifest(&json!([sha512])), "sha512:"),
        (index.to_string().into_bytes(), &in_index),
        (b"{}".to_vec(), "version 2"),
    ];
    for (manifest, text) in cases {
        let pushed = Pushed {
            component: component.clone(),
            manifest,
        };
        let registry = pushed.registry();
        let (host, api) = host(&registry, "").await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(&order(&api, &reference).await, 422, text);
        assert_eq!(registry.count(), 1, "{text}");
        is_empty(host, &api).await;
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let limit = "engine.max-component-size = \"1KiB\"\n";
    let large = Pushed::new(&vec![0; 1025]);
    let registry = large.registry();
    let host = builder(limit)
        .config(&section(&registry, ""))
        .start()
        .await
        .unwrap();
    let api = Api::of(&host);
    let reference = large.reference(&registry.address().to_string());
    let said = refused(
        &order(&api, &reference).await,
        413,
        "engine.max-component-size (1KiB)",
    );
    assert!(said.contains("1025"), "{said}");
    // The manifest alone was asked for.
    assert_eq!(registry.count(), 1);
    is_empty(host, &api).await;

    // By its body, of a length that it says and of one that it does not.
    let small = Pushed::new(&[0; 8]);
    for is_told in [true, false] {
        let there = small.clone();
        let registry = ScriptedService::start(move |request| {
            if request.path() == there.manifest_path() {
                return there.answer(&request);
            }
            let long = Response::text(vec![0; 200 << 10]);
            if is_told { long } else { long.chunked() }
        })
        .unwrap();
        let (host, api) = super::registry::host(&registry, "").await;
        let reference = small.reference(&registry.address().to_string());
        refused(&order(&api, &reference).await, 422, "more than 64KiB");
        is_empty(host, &api).await;
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_well_is_told_from_one_that_has_nothing() {
    let pushed = Pushed::new(&page("v1"));
    for (status, text) in [
        (
            401_u16,
            "it does not let the host pull from shop/page (401)",
        ),
        (403, "it does not let the host pull from shop/page (403)"),
        (500, "it fails (500)"),
        (503, "it fails (503)"),
        (418, "its answer is none of a registry (418)"),
        (204, "its answer is none of a registry (204)"),
    ] {
        let registry = ScriptedService::start(move |_| {
            let field = "Basic realm=\"shop\"";
            Response::new(status).header("www-authenticate", field)
        })
        .unwrap();
        let (host, api) = host(&registry, "").await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(&order(&api, &reference).await, 502, text);
        host.stop().await;
    }
    let registry = ScriptedService::start(|_| Response::new(401)).unwrap();
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    refused(
        &order(&api, &reference).await,
        502,
        "of a kind that the host does not know",
    );
    registry.stop().await;
    refused(&order(&api, &reference).await, 502, "no connection");
    host.stop().await;
}

#[tokio::test]
async fn a_pull_ends_with_its_time_and_its_bytes_with_their_connection() {
    let pushed = Pushed::new(&page("v1"));
    let there = pushed.clone();
    let slow = ScriptedService::start(move |request| match request.path() {
        path if path == there.manifest_path() => there.answer(&request),
        // A byte now and then is no end of waiting.
        _ => Response::new(200).repeat("x", Duration::from_millis(20)),
    })
    .unwrap();
    let (host, api) = host(&slow, "timeout = \"300ms\"").await;
    let reference = pushed.reference(&slow.address().to_string());
    refused(&order(&api, &reference).await, 504, "within 300ms");
    is_empty(host, &api).await;

    let there = pushed.clone();
    let cut = ScriptedService::start(move |request| match request.path() {
        path if path == there.manifest_path() => there.answer(&request),
        _ => there.answer(&request).cut_at(100).then_close(),
    })
    .unwrap();
    let (host, api) = super::registry::host(&cut, "").await;
    let reference = pushed.reference(&cut.address().to_string());
    refused(&order(&api, &reference).await, 502, "connection broke");
    // Once more, and no further time.
    assert_eq!(cut.count(), 3);
    is_empty(host, &api).await;
}

#[tokio::test]
async fn a_connection_that_breaks_once_is_no_end_of_a_pull() {
    let pushed = Pushed::new(&page("v1"));
    let there = pushed.clone();
    let registry = ScriptedService::start(move |request| match request.number {
        1 | 3 => Response::reset(),
        _ => there.answer(&request),
    })
    .unwrap();
    let (host, api) = host(&registry, "").await;
    let begun = order(&api, &pushed.reference(&registry.address().to_string())).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let state: Value = api.ended(&begun.location).await["state"].clone();
    assert_eq!((state, registry.count()), (json!("live"), 4));
    host.stop().await;
}
