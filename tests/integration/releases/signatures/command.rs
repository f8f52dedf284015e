//! `tailor sign`, and what `tailor deploy` sends.

use std::path::Path;
use std::process::Output;

use minisign::KeyPair;
use serde_json::{Value, json};
use tailor_harness::{Process, TestHost};
use tokio::process::Command;

use super::{Signer, with};
use crate::releases::api::Api;
use crate::releases::{served, some};
use crate::swap::page::page;

/// A key with the password `pw`, with an effort that tests can pay.
fn with_password(dir: &Path) -> (Signer, String) {
    let pair = KeyPair::generate_encrypted_keypair(Some("pw".to_owned())).unwrap();
    let text = pair.sk.to_box(None).unwrap().to_string();
    let path = dir.join("secret.key");
    std::fs::write(&path, &text).unwrap();
    let boxed = minisign::SecretKeyBox::from_string(&text).unwrap();
    let signer = Signer {
        secret: boxed.into_secret_key(Some("pw".to_owned())).unwrap(),
        public: pair.pk,
    };
    (signer, path.display().to_string())
}

/// A key without one.
fn without_password(dir: &Path) -> (Signer, String) {
    let signer = Signer::new();
    let path = dir.join("plain.key");
    let text = signer.secret.to_box(None).unwrap().to_string();
    std::fs::write(&path, text).unwrap();
    (signer, path.display().to_string())
}

async fn tailor(api: Option<&Api>, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(Process::program().unwrap());
    command
        .args(arguments)
        .env_remove("TAILOR_TOKEN")
        .env_remove("TAILOR_SIGN_PASSWORD")
        .envs(variables.iter().copied())
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    if let Some(api) = api {
        command.env("TAILOR_URL", format!("http://{}", api.0));
    }
    command.output().await.unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn what_the_command_signs_is_deployed_with_the_signature_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (signer, key) = without_password(folder.path());
    let config = with(&[&signer]);
    let host = TestHost::builder().unwrap().config(&config).start().await;
    let host = host.unwrap();
    let api = Api::of(&host);
    let path = folder.path().join("page.wasm");
    std::fs::write(&path, page("v1")).unwrap();
    let component = path.display().to_string();
    let unsigned = tailor(Some(&api), &[], &["deploy", "page", &component]).await;
    assert_eq!(unsigned.status.code(), Some(2), "{unsigned:?}");
    assert!(err(&unsigned).contains("tailor sign"), "{unsigned:?}");
    let words = ["--comment", "commit=abc"];
    let sign = ["sign", &component, "--bff", "page", "--key", &key];
    let said = out(&tailor(None, &[], &[&sign[..], &words].concat()).await);
    let wanted = format!(
        "{component}.minisig: signed for page by the key {}\n",
        signer.id()
    );
    assert_eq!(said, wanted);
    let said = out(&tailor(Some(&api), &[], &["deploy", "page", &component]).await);
    let line = format!("page: {component}.minisig is sent as its signature\n");
    assert!(said.contains(&line), "{said}");
    assert!(said.ends_with("page: release 1 is live\n"), "{said}");
    assert_eq!(served(host.address()).await, some("v1"));
    let said = out(&tailor(Some(&api), &[], &["releases", "page"]).await);
    let head = "RELEASE  STATE  DIGEST   KIND    SINCE                     SIGNER";
    assert!(said.starts_with(head), "{said}");
    assert!(said.contains(&signer.id()), "{said}");
    let json = out(&tailor(Some(&api), &[], &["releases", "page", "--json"]).await);
    let release: Value = serde_json::from_str(&json).unwrap();
    let comment = release["comment"].as_str().unwrap();
    let digest = crate::releases::api::digest(&page("v1"));
    assert_eq!(comment, format!("bff=page digest={digest} commit=abc"));

    // A new version beside the old signature is refused, and one with its own goes live.
    std::fs::write(&path, page("v2")).unwrap();
    let old = tailor(Some(&api), &[], &["deploy", "page", &component]).await;
    assert_eq!(old.status.code(), Some(2), "{old:?}");
    let aside = folder.path().join("aside.minisig").display().to_string();
    let moved = ["--out", &aside];
    out(&tailor(None, &[], &[&sign[..], &moved].concat()).await);
    let deploy = ["deploy", "page", &component, "--signature", &aside];
    out(&tailor(Some(&api), &[], &deploy).await);
    assert_eq!(served(host.address()).await, some("v2"));
    // The way to an older one needs its word.
    std::fs::write(&path, page("v1")).unwrap();
    out(&tailor(None, &[], &sign).await);
    let older = ["deploy", "page", &component, "--json"];
    let refused = tailor(Some(&api), &[], &older).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let text = String::from_utf8(refused.stdout).unwrap();
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(end["release"]["step"], json!("signature"), "{end}");
    out(&tailor(Some(&api), &[], &[&older[..], &["--older"]].concat()).await);
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

#[tokio::test]
async fn a_key_with_a_password_signs_with_it_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (signer, key) = with_password(folder.path());
    let component = folder.path().join("page.wasm");
    std::fs::write(&component, page("v1")).unwrap();
    let component = component.display().to_string();
    let sign = ["sign", &component, "--bff", "page", "--key", &key];
    let none = err(&tailor(None, &[], &sign).await);
    assert!(none.contains("set TAILOR_SIGN_PASSWORD"), "{none}");
    let wrong = err(&tailor(None, &[("TAILOR_SIGN_PASSWORD", "x")], &sign).await);
    assert!(wrong.contains("Wrong password"), "{wrong}");
    assert!(!folder.path().join("page.wasm.minisig").exists());
    let said = out(&tailor(None, &[("TAILOR_SIGN_PASSWORD", "pw")], &sign).await);
    assert!(said.contains(&signer.id()), "{said}");
    for (comment, wanted) in [
        ("bff=other", "names a BFF 2 times"),
        ("a\nb", "not shown"),
        (&*"a".repeat(1001), "at most 1000 bytes"),
    ] {
        let words = [&sign[..], &["--comment", comment]].concat();
        let said = tailor(None, &[("TAILOR_SIGN_PASSWORD", "pw")], &words).await;
        assert!(err(&said).contains(wanted), "{said:?}");
    }
    // The public key is no key to sign with, and no message shows a key.
    std::fs::write(&key, signer.public.to_box().unwrap().to_string()).unwrap();
    let public = err(&tailor(None, &[], &sign).await);
    assert!(public.contains("no secret key"), "{public}");
    assert!(!public.contains(&signer.line()[..10]), "{public}");
}
