//! Which part of a pull a refusal is about: the registry, its manifest, its layer, the host that a
//! redirect leads to, or the one with its tokens.

use std::sync::Arc;

use downstream_mock::scripted::{Request, Response, ScriptedService};

use super::registry::{Pushed, host, order, refused};
use crate::swap::page::page;

/// A registry that has the manifest, and answers requests for the component like this.
fn without_layer(
    pushed: &Pushed,
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> ScriptedService {
    let pushed = pushed.clone();
    ScriptedService::start(move |request| match request.path() {
        path if path == pushed.manifest_path() => pushed.answer(&request),
        _ => answer(&request),
    })
    .unwrap()
}

#[tokio::test]
async fn a_layer_that_is_missing_is_told_from_a_manifest_that_is() {
    let pushed = Pushed::new(&page("v1"));
    let registry = without_layer(&pushed, |_| Response::new(404));
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    let layer = format!(
        "not its layer {}",
        &pushed.blob_path()["/v2/shop/page/blobs/".len()..]
    );
    let said = refused(&order(&api, &reference).await, 404, &layer);
    assert!(said.ends_with("push the component again"), "{said}");
    assert!(!said.contains("repositories"), "{said}");
    host.stop().await;
}

#[tokio::test]
async fn a_manifest_that_is_too_large_is_not_told_as_a_component() {
    let pushed = Pushed::new(&page("v1"));
    let registry = ScriptedService::start(|_| Response::text(vec![b' '; 300 << 10])).unwrap();
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    let answer = order(&api, &reference).await;
    let said = refused(&answer, 422, "the manifest has more than 256KiB");
    assert!(!said.contains("in place of the component"), "{said}");
    host.stop().await;
}

#[tokio::test]
async fn the_host_that_a_redirect_leads_to_is_named_for_what_it_does() {
    let pushed = Pushed::new(&page("v1"));
    let short = pushed.component[1..].to_vec();
    let answers: [(u16, Vec<u8>, u16, &str); 6] = [
        (401, vec![], 502, "it does not give out what "),
        (403, vec![], 502, "it does not give out what "),
        (404, vec![], 502, "it does not have what "),
        (410, vec![], 502, "it does not have what "),
        (418, vec![], 502, "its answer is not what "),
        (200, short, 422, " has sent "),
    ];
    for (status, body, refusal, text) in answers {
        let body = Arc::new(body);
        let store = ScriptedService::start(move |_| Response::new(status).body(body.to_vec()));
        let store = store.unwrap();
        let place = format!("{}/x?signature=secret", store.url());
        let registry = without_layer(&pushed, move |_| {
            Response::new(307).header("location", &place)
        });
        let also = format!("also = [\"{}\"]", store.address());
        let (host, api) = host(&registry, &also).await;
        let reference = pushed.reference(&registry.address().to_string());
        let said = refused(&order(&api, &reference).await, refusal, text);
        let named = format!(
            "{}{}",
            store.address(),
            if refusal == 502 { ": it" } else { " has" }
        );
        assert!(said.contains(&named), "{said}");
        for wrong in [
            "credentials",
            "registry.shop.host",
            "secret",
            "repositories",
        ] {
            assert!(!said.contains(wrong), "{said}");
        }
        host.stop().await;
    }
}

#[tokio::test]
async fn the_host_that_has_sent_another_manifest_is_named() {
    let pushed = Pushed::new(&page("v1"));
    let store = ScriptedService::start(|_| Response::text("{}")).unwrap();
    let place = format!("{}/x", store.url());
    let registry = ScriptedService::start(move |_| Response::new(307).header("location", &place));
    let registry = registry.unwrap();
    let also = format!("also = [\"{}\"]", store.address());
    let (host, api) = host(&registry, &also).await;
    let reference = pushed.reference(&registry.address().to_string());
    let text = format!(
        "{} has sent a manifest of the digest sha256:",
        store.address()
    );
    let said = refused(&order(&api, &reference).await, 422, &text);
    assert!(
        said.contains("in place of the manifest; look at 127"),
        "{said}"
    );
    host.stop().await;
}

#[tokio::test]
async fn the_host_that_does_not_answer_in_time_is_named_with_what_it_was_asked_for() {
    let pushed = Pushed::new(&page("v1"));
    let slow = ScriptedService::start(|_| Response::hang()).unwrap();
    let (place, realm) = (format!("{}/x", slow.url()), format!("{}/token", slow.url()));
    let redirects = without_layer(&pushed, move |_| {
        Response::new(307).header("location", &place)
    });
    let guarded = ScriptedService::start(move |_| {
        let field = format!("Bearer realm=\"{realm}\"");
        Response::new(401).header("www-authenticate", field)
    })
    .unwrap();
    for (registry, what) in [(redirects, "the component"), (guarded, "a token")] {
        let more = format!("also = [\"{}\"]\ntimeout = \"300ms\"", slow.address());
        let (host, api) = host(&registry, &more).await;
        let reference = pushed.reference(&registry.address().to_string());
        let text = format!("{}: {what} did not come within 300ms", slow.address());
        refused(&order(&api, &reference).await, 504, &text);
        host.stop().await;
    }
}

#[tokio::test]
async fn the_host_with_the_tokens_is_named_for_what_it_does() {
    let pushed = Pushed::new(&page("v1"));
    for (status, size, text) in [
        (
            403,
            0,
            "it gives the host no token to pull from shop/page (403)",
        ),
        (404, 0, "its answer is none to who asks for a token (404)"),
        (200, 70 << 10, "who asks for a token has more than 64KiB"),
    ] {
        let realm = ScriptedService::start(move |_| Response::new(status).body(vec![b' '; size]));
        let realm = realm.unwrap();
        let place = format!("{}/token", realm.url());
        let registry = ScriptedService::start(move |_| {
            let field = format!("Bearer realm=\"{place}\"");
            Response::new(401).header("www-authenticate", field)
        })
        .unwrap();
        let also = format!("also = [\"{}\"]", realm.address());
        let (host, api) = host(&registry, &also).await;
        let reference = pushed.reference(&registry.address().to_string());
        let said = refused(&order(&api, &reference).await, 502, text);
        assert!(
            said.starts_with(&format!("{}: ", realm.address())),
            "{said}"
        );
        assert!(!said.contains("registry.shop.host"), "{said}");
        host.stop().await;
    }
}
