//! Registries that send the host elsewhere: where it goes, and what it shows there.

use downstream_mock::scripted::{Authority, Response, ScriptedService, Validity, acceptor};

use super::registry::{Pushed, host, order, refused};
use crate::swap::page::page;

/// A registry that wants a user, and whose components are elsewhere.
fn sends(
    pushed: &Pushed,
    location: impl Fn(&str) -> String + Send + Sync + 'static,
) -> ScriptedService {
    let pushed = pushed.clone();
    ScriptedService::start(move |request| {
        if request.path() == pushed.manifest_path() {
            return pushed.answer(&request);
        }
        Response::new(307).header("location", location(&request.target))
    })
    .unwrap()
}

#[tokio::test]
async fn what_is_meant_for_the_registry_is_shown_to_nobody_else() {
    let pushed = Pushed::new(&page("v1"));
    let component = pushed.component.clone();
    let store = ScriptedService::start(move |_| Response::text(component.clone())).unwrap();
    let (there, at) = (pushed.clone(), store.url());
    let registry = ScriptedService::start(move |request| {
        if request.header("authorization").is_none() {
            return match request.target.starts_with("/token") {
                true => Response::json(r#"{"token": "granted"}"#),
                false => {
                    let realm = format!("http://{}/token", request.authority);
                    let field = format!("Bearer realm=\"{realm}\"");
                    Response::new(401).header("www-authenticate", field)
                }
            };
        }
        match request.path() {
            path if path == there.blob_path() => {
                Response::new(302).header("location", format!("{at}/signed/x?signature=secret"))
            }
            _ => there.answer(&request),
        }
    })
    .unwrap();
    let also = format!("also = [\"{}\"]", store.address());
    let (host, api) = host(&registry, &also).await;
    let begun = order(&api, &pushed.reference(&registry.address().to_string())).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let asked = store.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].target, "/signed/x?signature=secret");
    assert_eq!(asked[0].header("authorization"), None, "{:?}", asked[0]);
    host.stop().await;
}

#[tokio::test]
async fn a_redirect_leads_to_named_hosts_alone_and_never_to_less_than_tls() {
    let pushed = Pushed::new(&page("v1"));
    let component = pushed.component.clone();
    let store = ScriptedService::start(move |_| Response::text(component.clone())).unwrap();
    let at = store.url();
    let registry = sends(&pushed, move |_| format!("{at}/signed?signature=secret"));
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    let said = refused(
        &order(&api, &reference).await,
        502,
        "it redirects to 127.0.0.1:",
    );
    assert!(
        said.contains("releases.registry.shop.also") && !said.contains("secret"),
        "{said}"
    );
    assert_eq!(store.count(), 0);
    host.stop().await;

    for location in [
        "relative",
        "//127.0.0.1/x",
        "https://a:b@127.0.0.1/",
        "file:///etc/passwd",
        "http://",
        "",
    ] {
        let registry = sends(&pushed, move |_| location.to_owned());
        let (host, api) = super::registry::host(&registry, "").await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(
            &order(&api, &reference).await,
            502,
            "no address that can be followed",
        );
        host.stop().await;
    }

    // Named, but without TLS from a registry that has it.
    let authority = Authority::new().unwrap();
    let signed = authority.sign("127.0.0.1", Validity::Now).unwrap();
    let tls = acceptor(&signed, &["http/1.1"], None).unwrap();
    let (there, at) = (pushed.clone(), store.url());
    let registry = ScriptedService::builder().tls(tls);
    let registry = registry.start(move |request| match request.path() {
        path if path == there.blob_path() => Response::new(307).header("location", &at),
        _ => there.answer(&request),
    });
    let registry = registry.unwrap();
    let also = format!(
        "ca-file = \"registry.pem\"\nalso = [\"{}\"]",
        store.address()
    );
    let settings = super::registry::section(&registry, &also);
    let host = super::super::builder("").config(&settings);
    let host = host
        .file("registry.pem", authority.certificate().as_bytes())
        .unwrap();
    let host = host.start().await.unwrap();
    let api = super::super::api::Api::of(&host);
    let reference = pushed.reference(&registry.address().to_string());
    refused(&order(&api, &reference).await, 502, "without TLS");
    assert_eq!(store.count(), 0);
    host.stop().await;
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_more() {
    let pushed = Pushed::new(&page("v1"));
    for (hops, is_pulled) in [(5, true), (6, false)] {
        let there = pushed.clone();
        let registry = ScriptedService::start(move |request| {
            let hop = match request.path().rsplit_once("/hop/") {
                Some((_, hop)) => hop.parse().unwrap(),
                None if request.path() == there.blob_path() => 0,
                None => return there.answer(&request),
            };
            match hop {
                hop if hop == hops => Response::text(there.component.clone()),
                hop => Response::new(308).header("location", format!("/hop/{}", hop + 1)),
            }
        })
        .unwrap();
        let (host, api) = host(&registry, "").await;
        let answer = order(&api, &pushed.reference(&registry.address().to_string())).await;
        match is_pulled {
            true => assert_eq!(answer.status, 202, "{answer:?}"),
            false => drop(refused(&answer, 502, "more than 5 times")),
        }
        host.stop().await;
    }
}

#[tokio::test]
async fn a_host_that_is_no_registry_gets_no_login_and_its_404_is_not_the_registry_s() {
    let pushed = Pushed::new(&page("v1"));
    for (status, text) in [(401, "(401)"), (404, "(404)"), (403, "(403)")] {
        let store = ScriptedService::start(move |request| {
            let realm = format!("Bearer realm=\"http://{}/token\"", request.authority);
            Response::new(status).header("www-authenticate", realm)
        })
        .unwrap();
        let at = store.url();
        let registry = sends(&pushed, move |_| format!("{at}/x"));
        let also = format!("also = [\"{}\"]", store.address());
        let (host, api) = host(&registry, &also).await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(&order(&api, &reference).await, 502, text);
        assert_eq!(store.count(), 1);
        host.stop().await;
    }
}

#[tokio::test]
async fn a_redirect_to_two_places_leads_to_none() {
    let pushed = Pushed::new(&page("v1"));
    let there = pushed.clone();
    let registry = ScriptedService::start(move |request| {
        if request.path() == there.manifest_path() {
            return there.answer(&request);
        }
        Response::new(307)
            .header("location", "/first")
            .header("location", "/second")
    })
    .unwrap();
    let (host, api) = host(&registry, "").await;
    let reference = pushed.reference(&registry.address().to_string());
    refused(
        &order(&api, &reference).await,
        502,
        "no address that can be followed",
    );
    assert_eq!(registry.count(), 2);
    host.stop().await;
}
