//! The keys of a CI system: from a file that changes, and from an address that changes or fails.

use std::sync::{Arc, Mutex};

use downstream_mock::scripted::{Authority, Response, ScriptedService, Validity, acceptor};
use serde_json::{Value, json};
use tailor_harness::{Process, TestHost};

use super::issuer::{Issuer, claims};
use super::{Api, FILE, builder, exchange, exchanged, host, hub};
use crate::releases::cli::tailor;
use crate::wire::until;

/// A CI system that gives out keys over https: `None` while it fails.
struct Published {
    service: ScriptedService,
    keys: Arc<Mutex<Option<String>>>,
    authority: Authority,
}

impl Published {
    fn new(keys: &str) -> Self {
        let authority = Authority::new().unwrap();
        let signed = authority.sign("127.0.0.1", Validity::Now).unwrap();
        let acceptor = acceptor(&signed, &["http/1.1"], None).unwrap();
        let keys = Arc::new(Mutex::new(Some(keys.to_owned())));
        let given = keys.clone();
        let service = ScriptedService::builder().tls(acceptor);
        let service = service.start(move |_| match &*given.lock().unwrap() {
            Some(keys) => Response::json(keys),
            None => Response::new(500),
        });
        Self {
            service: service.unwrap(),
            keys,
            authority,
        }
    }

    fn gives(&self, keys: Option<String>) {
        *self.keys.lock().unwrap() = keys;
    }

    /// A host that asks it.
    async fn host(&self, more: &str) -> (TestHost, Api) {
        let url = format!("{}/.well-known/jwks", self.service.url());
        let keys = format!("keys-url = {url:?}\nca-file = \"ca.pem\"\n{more}");
        let builder = builder("admin.tokens = true\n").config(&hub(&keys));
        let pem = self.authority.certificate();
        let builder = builder.file("ca.pem", pem.as_bytes()).unwrap();
        let host = builder.start().await.unwrap();
        let api = Api::of(&host);
        (host, api)
    }
}

#[tokio::test]
async fn keys_are_fetched_when_they_are_needed_and_not_for_each_unknown_one() {
    let issuer = Issuer::new("a");
    let system = Published::new(&issuer.keys());
    let (host, api) = system.host("").await;
    assert_eq!(system.service.count(), 0);
    let evil = issuer.job(&json!({"iss": "https://evil.example"}));
    assert_eq!(exchange(&api, &evil).await.status, 401);
    assert_eq!(system.service.count(), 0);
    exchanged(&api, &issuer.job(&json!({}))).await;
    let asked = system.service.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line(), "GET /.well-known/jwks HTTP/1.1");
    assert_eq!(asked[0].header("authorization"), None);
    for number in 0..20 {
        let header = json!({"alg": "ES256", "kid": number.to_string()});
        let unknown = issuer.token(&header, &claims(&json!({})));
        assert_eq!(exchange(&api, &unknown).await.status, 401);
    }
    exchanged(&api, &issuer.job(&json!({}))).await;
    assert_eq!(system.service.count(), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_new_key_is_taken_and_those_before_are_kept_while_the_issuer_is_down() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let system = Published::new(&old.keys());
    let (host, api) = system
        .host("fetch-interval = \"1s\"\nkeys-max-age = \"1s\"")
        .await;
    exchanged(&api, &old.job(&json!({}))).await;
    system.gives(None);
    let (asked, token) = (system.service.count(), new.job(&json!({})));
    // Asked again, it fails, and what was known holds.
    until(async || {
        assert_eq!(exchange(&api, &token).await.status, 401);
        (system.service.count() > asked).then_some(())
    })
    .await;
    exchanged(&api, &old.job(&json!({}))).await;
    assert_eq!(exchange(&api, &token).await.status, 401);
    system.gives(Some(new.keys()));
    until(async || (exchange(&api, &token).await.status == 201).then_some(())).await;
    assert_eq!(exchange(&api, &old.job(&json!({}))).await.status, 401);
    host.stop().await;
}

#[tokio::test]
async fn without_any_keys_nothing_is_said_of_a_token() {
    let issuer = Issuer::new("a");
    let system = Published::new("{}");
    let (host, api) = system.host("fetch-interval = \"1s\"").await;
    let token = issuer.job(&json!({}));
    let refused = exchange(&api, &token).await;
    let step: &Value = &refused.json["step"];
    assert_eq!((refused.status, step), (503, &json!("keys")), "{refused:?}");
    system.gives(Some(issuer.keys()));
    until(async || (exchange(&api, &token).await.status == 201).then_some(())).await;
    host.stop().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    let issuer = Issuer::new("a");
    let mut system = Published::new(&issuer.keys());
    system.authority = Authority::new().unwrap();
    let (host, api) = system.host("").await;
    let refused = exchange(&api, &issuer.job(&json!({}))).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (503, &json!("keys"))
    );
    assert_eq!(system.service.count(), 0);
    host.stop().await;
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_when_it_has_changed() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let (host, api) = host(&old, "").await;
    exchanged(&api, &old.job(&json!({}))).await;
    let path = host.dir().join("keys.json");
    std::fs::write(&path, "half").unwrap();
    exchanged(&api, &old.job(&json!({}))).await;
    std::fs::write(&path, new.keys()).unwrap();
    let token = new.job(&json!({}));
    until(async || (exchange(&api, &token).await.status == 201).then_some(())).await;
    assert_eq!(exchange(&api, &old.job(&json!({}))).await.status, 401);
    host.stop().await;
}

#[tokio::test]
async fn a_file_without_usable_keys_is_told_before_the_first_job_asks() {
    let issuer = Issuer::new("a");
    for (content, told) in [
        (issuer.keys(), None),
        (
            "{}".to_owned(),
            Some("no JSON Web Key Set; no job gets a token"),
        ),
        (
            json!({"keys": []}).to_string(),
            Some("the set has no keys; no job"),
        ),
        (
            json!({"keys": [{"kty": "oct"}]}).to_string(),
            Some("the set has no key that can be used: key 0: it is for another algorithm"),
        ),
    ] {
        let builder = builder("admin.tokens = true\nlog.format = \"json\"\n");
        let builder = builder.config(&hub(FILE));
        let builder = builder.file("keys.json", content.as_bytes()).unwrap();
        let (path, _files) = builder.write().unwrap();
        let config = path.display().to_string();
        let said = tailor("http://127.0.0.1:1", &["check", "--config", &config]).await;
        assert_eq!(said.code, 0, "{said:?}");
        let begins = "warning: releases.ci.hub.keys-file: ";
        let warning = said.out.lines().find(|it| it.starts_with(begins));
        assert_eq!(warning.is_some(), told.is_some(), "{said:?}");
        let Some(told) = told else { continue };
        assert!(warning.unwrap().contains(told), "{said:?}");
        let process = Process::serve(&path).unwrap();
        let line = process.wait_for_line(|line| line.contains(told).then_some(()));
        line.unwrap();
    }
}
