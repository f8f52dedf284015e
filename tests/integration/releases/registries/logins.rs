//! What the host shows a registry: nothing, a user and a password, or a token of its realm.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use downstream_mock::scripted::{
    Authority, Request, Response, ScriptedService, Validity, acceptor,
};
use serde_json::json;
use tailor_harness::TestHost;

use super::super::api::Api;
use super::super::{builder, components};
use super::registry::{Pushed, order, refused, secret, section};
use crate::swap::page::page;

/// `shop-bot:pa:ss` in Base64.
const BASIC: &str = "Basic c2hvcC1ib3Q6cGE6c3M=";

/// A registry that wants the token `granted`, of the realm at this address.
fn guarded(pushed: &Pushed, realm: String) -> ScriptedService {
    let pushed = pushed.clone();
    ScriptedService::start(move |request| match request.header("authorization") {
        Some("Bearer granted") => pushed.answer(&request),
        _ => challenge(&realm),
    })
    .unwrap()
}

fn challenge(realm: &str) -> Response {
    let text = format!(
        "Bearer realm=\"{realm}\",service=\"registry of shop\",\
         scope=\"repository:shop/page:pull,push repository:other:pull\""
    );
    Response::new(401).header("www-authenticate", text)
}

fn grant(_: Request) -> Response {
    Response::json(json!({"token": "granted", "expires_in": 300}))
}

/// A host with credentials for a registry.
async fn host_with(
    registry: &ScriptedService,
    more: &str,
    text: &str,
    mode: u32,
) -> (TestHost, Api) {
    let settings = section(
        registry,
        &format!("credentials = \"registry.secret\"\n{more}"),
    );
    let host = builder("").config(&settings);
    let (_, files) = {
        let host = host.file("registry.secret", text.as_bytes()).unwrap();
        host.write().unwrap()
    };
    secret(files.path(), text, mode);
    let host = TestHost::start(files).await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

#[tokio::test]
async fn a_token_is_fetched_for_this_repository_alone_and_shown_to_the_registry_alone() {
    let pushed = Pushed::new(&page("v1"));
    let realm = ScriptedService::start(grant).unwrap();
    let registry = guarded(&pushed, format!("{}/token?a=1", realm.url()));
    let also = format!("also = [\"{}\"]", realm.address());
    let (host, api) = host_with(&registry, &also, "shop-bot:pa:ss\n", 0o600).await;
    let begun = order(&api, &pushed.reference(&registry.address().to_string())).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(api.ended(&begun.location).await["state"], "live");
    let asked = realm.requests();
    // One token serves the manifest and the component.
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].target,
        "/token?a=1&service=registry%20of%20shop&scope=repository%3Ashop%2Fpage%3Apull"
    );
    assert_eq!(asked[0].header("authorization"), Some(BASIC));
    let shown: Vec<_> = registry
        .requests()
        .iter()
        .map(|it| it.header("authorization").map(str::to_owned))
        .collect();
    let token = Some("Bearer granted".to_owned());
    assert_eq!(shown, [None, token.clone(), token]);
    host.stop().await;
}

#[tokio::test]
async fn a_token_may_be_had_without_credentials_and_be_named_as_oauth_has_it() {
    let pushed = Pushed::new(&page("v1"));
    let realm =
        ScriptedService::start(|_| Response::json(json!({"access_token": "granted"}))).unwrap();
    let registry = guarded(&pushed, format!("{}/token", realm.url()));
    let also = format!("also = [\"{}\"]", realm.address());
    let host = builder("")
        .config(&section(&registry, &also))
        .start()
        .await
        .unwrap();
    let api = Api::of(&host);
    let begun = order(&api, &pushed.reference(&registry.address().to_string())).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(realm.requests()[0].header("authorization"), None);
    host.stop().await;
}

#[tokio::test]
async fn a_user_and_a_password_are_shown_only_where_they_are_asked_for() {
    let pushed = Pushed::new(&page("v1"));
    let there = pushed.clone();
    let registry = ScriptedService::start(move |request| match request.header("authorization") {
        Some(BASIC) => there.answer(&request),
        _ => Response::new(401).header("www-authenticate", "Basic realm=\"shop\""),
    })
    .unwrap();
    let (host, api) = host_with(&registry, "", "shop-bot:pa:ss", 0o640).await;
    let reference = pushed.reference(&registry.address().to_string());
    let begun = order(&api, &reference).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(registry.requests()[0].header("authorization"), None);
    // Credentials are read for each pull, so a wrong one is seen at once, and twice is enough.
    let asked = registry.count();
    secret(host.dir(), "shop-bot:wrong", 0o600);
    let said = refused(&order(&api, &reference).await, 502, "(401)");
    assert!(
        said.contains("releases.registry.shop.credentials"),
        "{said}"
    );
    assert_eq!(registry.count(), asked + 2);
    host.stop().await;
}

#[tokio::test]
async fn credentials_that_others_can_read_or_that_are_none_are_not_used() {
    let pushed = Pushed::new(&page("v1"));
    let registry = pushed.registry();
    let (host, api) = host_with(&registry, "", "shop-bot:pa:ss", 0o644).await;
    let reference = pushed.reference(&registry.address().to_string());
    refused(
        &order(&api, &reference).await,
        503,
        "every user of the machine",
    );
    for wrong in [
        "",
        "shop-bot",
        ":pass",
        "shop-bot:",
        "\u{feff}shop-bot:pass",
        "a:b\nc:d",
        "a:b\u{1}",
    ] {
        secret(host.dir(), wrong, 0o600);
        let said = refused(
            &order(&api, &reference).await,
            503,
            "write user:password into it",
        );
        assert!(
            !said.contains("shop-bot") && !said.contains("a:b"),
            "{said}"
        );
    }
    std::fs::remove_file(host.dir().join("registry.secret")).unwrap();
    refused(&order(&api, &reference).await, 503, "cannot be read");
    assert_eq!(registry.count(), 0);
    host.stop().await;
}

#[tokio::test]
async fn a_realm_is_asked_only_where_the_operator_says_so() {
    let pushed = Pushed::new(&page("v1"));
    let realm = ScriptedService::start(grant).unwrap();
    let registry = guarded(&pushed, format!("{}/token", realm.url()));
    let (host, api) = host_with(&registry, "", "shop-bot:pa:ss", 0o600).await;
    let reference = pushed.reference(&registry.address().to_string());
    let said = refused(&order(&api, &reference).await, 502, "sends for tokens");
    assert!(said.contains("releases.registry.shop.also"), "{said}");
    assert_eq!(realm.count(), 0);
    host.stop().await;
    for realm in [
        "nonsense",
        "ftp://auth.example/",
        "https://a:b@auth.example/",
        "",
    ] {
        let registry = guarded(&pushed, realm.to_owned());
        let (host, api) = host_with(&registry, "", "shop-bot:pa:ss", 0o600).await;
        let reference = pushed.reference(&registry.address().to_string());
        refused(
            &order(&api, &reference).await,
            502,
            "the realm of its tokens",
        );
        host.stop().await;
    }
}

#[tokio::test]
async fn a_realm_that_grants_nothing_ends_the_pull() {
    let pushed = Pushed::new(&page("v1"));
    let round = Arc::new(AtomicUsize::new(0));
    let answers = round.clone();
    let realm = ScriptedService::start(move |_| match answers.load(Ordering::SeqCst) {
        0 => Response::new(403).body("secret-of-the-realm"),
        1 => Response::json(json!({"expires_in": 300})),
        2 => Response::json(json!({"token": "a b"})),
        3 => Response::text("not json"),
        4 => Response::new(302).header("location", "/elsewhere"),
        5 => Response::json(json!({"token": "x".repeat(20_000)})),
        // The registry does not take this one.
        _ => Response::json(json!({"token": "stale-token"})),
    })
    .unwrap();
    let registry = guarded(&pushed, format!("{}/token", realm.url()));
    let also = format!("also = [\"{}\"]", realm.address());
    let (host, api) = host_with(&registry, &also, "shop-bot:pa:ss", 0o600).await;
    let reference = pushed.reference(&registry.address().to_string());
    for text in [
        "(403)",
        "without a token",
        "without a token",
        "without a token",
        "(302)",
        "without a token",
        "(401)",
    ] {
        let said = refused(&order(&api, &reference).await, 502, text);
        for secret in [
            "stale-token",
            "secret-of-the-realm",
            "pa:ss",
            "c2hvcC1ib3Q6",
        ] {
            assert!(!said.contains(secret), "{said}");
        }
        round.fetch_add(1, Ordering::SeqCst);
    }
    assert_eq!(components(&host.dir().join("data")), Vec::<String>::new());
    host.stop().await;
}

#[tokio::test]
async fn a_registry_with_a_certificate_is_believed_by_its_authority() {
    let pushed = Pushed::new(&page("v1"));
    let authority = Authority::new().unwrap();
    let signed = authority.sign("127.0.0.1", Validity::Now).unwrap();
    let tls = acceptor(&signed, &["http/1.1"], None).unwrap();
    let there = pushed.clone();
    let registry = ScriptedService::builder().tls(tls);
    let registry = registry
        .start(move |request| there.answer(&request))
        .unwrap();
    let reference = pushed.reference(&registry.address().to_string());
    for (trusted, is_pulled) in [(&authority, true), (&Authority::new().unwrap(), false)] {
        let settings = section(&registry, "ca-file = \"registry.pem\"");
        let host = builder("").config(&settings);
        let host = host
            .file("registry.pem", trusted.certificate().as_bytes())
            .unwrap();
        let host = host.start().await.unwrap();
        let answer = order(&Api::of(&host), &reference).await;
        match is_pulled {
            true => assert_eq!(answer.status, 202, "{answer:?}"),
            false => {
                let said = refused(&answer, 502, "ca-file in releases.registry.shop");
                assert!(said.contains("TLS"), "{said}");
            }
        }
        host.stop().await;
    }
}
