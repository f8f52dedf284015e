//! Signatures of components: which releases they let through, what the journal keeps of them, and
//! the command that makes them.

mod command;

use minisign::{KeyPair, PublicKey, SecretKey};
use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::api::{Answer, Api, digest};
use super::{PAGE, served, some, until};
use crate::swap::page::page;

/// Someone who signs.
struct Signer {
    secret: SecretKey,
    public: PublicKey,
}

impl Signer {
    fn new() -> Self {
        let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().unwrap();
        Self {
            secret: sk,
            public: pk,
        }
    }

    /// The key, as the configuration has it.
    fn line(&self) -> String {
        self.public.to_base64()
    }

    /// The number of the key, as minisign prints it.
    fn id(&self) -> String {
        let number = <[u8; 8]>::try_from(self.secret.keynum()).unwrap();
        format!("{:016X}", u64::from_le_bytes(number))
    }

    fn sign(&self, component: &[u8], comment: &str) -> String {
        let (public, secret) = (Some(&self.public), &self.secret);
        let signed = minisign::sign(public, secret, component, Some(comment), None);
        signed.unwrap().into_string()
    }
}

/// The configuration of a BFF with these signers.
fn with(signers: &[&Signer]) -> String {
    let keys: Vec<String> = signers
        .iter()
        .map(|it| format!("{:?}", it.line()))
        .collect();
    let signers = format!("releases = true\nsigners = [{}]\n", keys.join(", "));
    PAGE.replace("releases = true\n", &signers)
}

async fn start(signers: &[&Signer]) -> (TestHost, Api) {
    let builder = TestHost::builder().unwrap().config(&with(signers));
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

/// Uploads a component, and orders its release with these further members.
async fn order(api: &Api, component: &[u8], members: Value) -> Answer {
    let put = api.put(component).await;
    assert!([200, 201].contains(&put.status), "{put:?}");
    let mut body = json!({"digest": digest(component)});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    api.post("/v1/bffs/page/releases", &body).await
}

/// The same, until it has ended.
async fn release(api: &Api, component: &[u8], members: Value) -> Value {
    let begun = order(api, component, members).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    api.ended(&begun.location).await
}

async fn live(api: &Api, component: &[u8], signature: &str) -> Value {
    let release = release(api, component, json!({"signature": signature})).await;
    assert_eq!(release["state"], "live", "{release}");
    release
}

/// A release with this signature is refused where it is proven, for a reason with these words.
async fn refused(api: &Api, component: &[u8], signature: &str, words: &[&str]) {
    let release = release(api, component, json!({"signature": signature})).await;
    let found = (&release["state"], &release["step"]);
    assert_eq!(found, (&json!("refused"), &json!("signature")), "{release}");
    let reason = release["reason"].as_str().unwrap();
    assert!(reason.starts_with("bff.page: "), "{reason}");
    let told = format!("{reason}; {}", release["fix"].as_str().unwrap());
    for word in words {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(release["signer"], Value::Null, "{release}");
}

/// An order is refused at once, for a reason with these words, and begins nothing.
async fn refused_at_once(api: &Api, component: &[u8], members: Value, words: &[&str]) {
    let before = api.states().await;
    let answer = order(api, component, members).await;
    let found = (answer.status, &answer.json["step"]);
    assert_eq!(found, (422, &json!("signature")), "{answer:?}");
    let text = format!("{} {}", answer.json["reason"], answer.json["fix"]);
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert_eq!(api.states().await, before);
}

#[tokio::test]
async fn a_signed_component_goes_live_and_the_history_names_the_signer() {
    let (first, second) = (Signer::new(), Signer::new());
    let (host, api) = start(&[&first, &second]).await;
    let (v1, v2) = (page("v1"), page("v2"));
    let told = live(&api, &v1, &first.sign(&v1, "bff=page commit=abc")).await;
    assert_eq!(told["signer"], first.id());
    assert_eq!(told["comment"], "bff=page commit=abc");
    assert_eq!(served(host.address()).await, some("v1"));
    let told = live(&api, &v2, &second.sign(&v2, "build 7\tbff=page")).await;
    assert_eq!(told["signer"], second.id());
    // The way back needs no signature, and is none of the component's.
    let back = api.rollback(&json!({})).await;
    assert_eq!(
        (&back["state"], &back["signer"]),
        (&json!("live"), &Value::Null)
    );
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v1"));
    let list = api.get("/v1/bffs/page/releases").await.json;
    let signers: Vec<&Value> = (0..3).map(|it| &list["releases"][it]["signer"]).collect();
    assert_eq!(
        signers,
        [&Value::Null, &json!(second.id()), &json!(first.id())]
    );
    // The long way makes a proof, and needs none either.
    let back = api.rollback(&json!({"to": digest(&v2)})).await;
    assert_eq!(back["state"], "live", "{back}");
    host.stop().await;
}

#[tokio::test]
async fn a_component_without_the_right_signature_is_refused_with_the_reason() {
    let (signer, other) = (Signer::new(), Signer::new());
    let (host, api) = start(&[&signer]).await;
    let (v1, v2) = (page("v1"), page("v2"));
    live(&api, &v1, &signer.sign(&v1, "bff=page")).await;
    refused_at_once(&api, &v2, json!({}), &["needs a signature", "tailor sign"]).await;
    let long = json!({"signature": "a".repeat(2049)});
    refused_at_once(&api, &v2, long, &["2048 bytes"]).await;
    let ids = [&*other.id(), &*signer.id()];
    refused(&api, &v2, &other.sign(&v2, "bff=page"), &ids).await;
    let theirs = signer.sign(&v2, "bff=watch");
    refused(&api, &v2, &theirs, &["for the BFF \"watch\"", "bff=page"]).await;
    let twice = signer.sign(&v2, "bff=page bff=page");
    refused(&api, &v2, &twice, &["names a BFF 2 times"]).await;
    let none = signer.sign(&v2, "commit=abc");
    refused(&api, &v2, &none, &["names no BFF"]).await;
    let hidden = signer.sign(&v2, "bff=page \u{1b}[2J");
    refused(&api, &v2, &hidden, &["not shown"]).await;
    // The bytes, the comment, and the algorithm are others than were signed.
    let right = signer.sign(&v2, "bff=page commit=abc");
    let of_v1 = signer.sign(&v1, "bff=page commit=abc");
    refused(&api, &v2, &of_v1, &["does not fit", &signer.id()]).await;
    let comment = right.replace("commit=abc", "commit=abd");
    refused(&api, &v2, &comment, &["does not fit"]).await;
    let bff = theirs.replace("bff=watch", "bff=page");
    refused(&api, &v2, &bff, &["does not fit"]).await;
    let legacy = right.replace("\nRUQ", "\nRWQ").replace("\nRUR", "\nRWR");
    let legacy = legacy.replace("\nRUS", "\nRWS").replace("\nRUT", "\nRWT");
    refused(&api, &v2, &legacy, &["legacy", "without -l"]).await;
    refused(&api, &v2, "x", &["not the text of a .minisig"]).await;
    assert_eq!(served(host.address()).await, some("v1"));
    live(&api, &v2, &right).await;
    assert_eq!(served(host.address()).await, some("v2"));
    host.stop().await;
}

#[tokio::test]
async fn a_signature_that_nobody_asks_for_is_refused_and_names_the_key() {
    let (host, api) = super::start().await;
    let v1 = page("v1");
    let signature = Signer::new().sign(&v1, "bff=page");
    let members = json!({"signature": signature});
    refused_at_once(&api, &v1, members, &["set bff.page.signers"]).await;
    api.release(&v1).await;
    // An older component needs no word without signers.
    api.release(&page("v2")).await;
    assert_eq!(api.release(&v1).await["state"], "live");
    host.stop().await;
}

#[tokio::test]
async fn an_older_component_needs_the_word_of_its_author() {
    let signer = Signer::new();
    let config = format!("[releases]\nkeep = 2\n{}", with(&[&signer]));
    let builder = TestHost::builder().unwrap().config(&config);
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    let (v1, v2, v3) = (page("v1"), page("v2"), page("v3"));
    let signed = |it: &[u8]| signer.sign(it, "bff=page");
    live(&api, &v1, &signed(&v1)).await;
    // What is live may be released again.
    live(&api, &v1, &signed(&v1)).await;
    live(&api, &v2, &signed(&v2)).await;
    let words = ["last as release 2", "rollback", "--older"];
    refused(&api, &v1, &signed(&v1), &words).await;
    // The release itself is kept no longer, and the component is no new one for that.
    for _ in 0..2 {
        live(&api, &v3, &signed(&v3)).await;
    }
    until(async || {
        let states = api.states().await;
        states.iter().all(|(it, _)| *it > 2).then_some(())
    })
    .await;
    refused(&api, &v1, &signed(&v1), &words).await;
    let members = json!({"signature": signed(&v1), "older": true});
    assert_eq!(release(&api, &v1, members).await["state"], "live");
    assert_eq!(served(host.address()).await, some("v1"));
    // The word is none for another signature.
    let members = json!({"signature": signed(&v1), "older": true});
    let wrong = release(&api, &v2, members).await;
    assert_eq!(wrong["step"], "signature", "{wrong}");
    host.stop().await;
}

#[tokio::test]
async fn a_signer_that_is_removed_signs_no_more_and_what_is_live_stays() {
    let (old, new) = (Signer::new(), Signer::new());
    let (host, api) = start(&[&old]).await;
    let (v1, v2) = (page("v1"), page("v2"));
    live(&api, &v1, &old.sign(&v1, "bff=page")).await;
    let path = host.dir().join("tailor.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let after = before.replace(&with(&[&old]), &with(&[&new]));
    assert_ne!(before, after);
    std::fs::write(&path, after).unwrap();
    host.host().reload().await.unwrap();
    assert_eq!(served(host.address()).await, some("v1"));
    refused(&api, &v2, &old.sign(&v2, "bff=page"), &[&new.id()]).await;
    live(&api, &v2, &new.sign(&v2, "bff=page")).await;
    // A restart asks nobody for a signature, and neither does the way back.
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    assert_eq!(served(host.address()).await, some("v2"));
    assert_eq!(api.rollback(&json!({})).await["state"], "live");
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}
