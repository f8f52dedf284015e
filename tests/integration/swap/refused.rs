//! An invalid file changes nothing: the live version stays, and the operator can see why.

use serde_json::{Value, json};
use tailor_harness::TestHost;

use super::page::{page, stamped};
use super::{host, live, served, swaps};
use crate::observe::{bff, eventually, metric, swapped};

/// Waits until a new file was refused, and returns the reason.
async fn refused(host: &TestHost, times: f64) -> String {
    eventually("a refusal", async || {
        (swaps(host, "page", "refused").await == times).then_some(())
    })
    .await;
    let state = bff(host, "page").await;
    assert!(state["refused"]["at"].is_string(), "{state}");
    state["refused"]["reason"].as_str().unwrap().to_owned()
}

async fn is_refused(host: &TestHost) -> f64 {
    metric(host, "tailor_bff_refused", &[("bff", "page")])
        .await
        .unwrap()
}

/// Invalid files, with a part of the reason.
fn bad_files() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let good = page("v2");
    let text = |text: &str| wat::parse_str(text).unwrap();
    let other_contract = |version: &str| {
        let text = String::from_utf8_lossy(&good).contains("tailor:bff/handler@0.1.1");
        assert!(text, "the name stands in the component as it is");
        replaced(
            &good,
            b"handler@0.1.1",
            format!("handler@{version}").as_bytes(),
        )
    };
    vec![
        ("empty", vec![], &["not a WebAssembly file"]),
        (
            "text",
            b"<html>404</html>".to_vec(),
            &["not a WebAssembly file"],
        ),
        ("truncated", good[..good.len() / 2].to_vec(), &["not valid"]),
        ("a core module", text("(module)"), &["core module"]),
        (
            "without a handler",
            text("(component)"),
            &["tailor:bff/handler", "nothing"],
        ),
        (
            "a later contract",
            other_contract("0.2.0"),
            &["0.2.0", "tailor:bff@0.1.0 to 0.1.1"],
        ),
        (
            "a later patch",
            other_contract("0.1.2"),
            &["0.1.2", "tailor:bff@0.1.0 to 0.1.1"],
        ),
        (
            "files",
            text("(component (import \"wasi:filesystem/types@0.2.6\" (instance)))"),
            &["wasi:filesystem/types@0.2.6", "no files"],
        ),
        (
            "too large",
            stamped(&good, 1 << 20),
            &["engine.max-component-size"],
        ),
    ]
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut all = bytes.to_vec();
    for at in 0..=all.len() - from.len() {
        if all[at..].starts_with(from) {
            all[at..at + to.len()].copy_from_slice(to);
        }
    }
    all
}

#[tokio::test]
async fn a_bad_file_leaves_the_live_version_serving_and_says_why() {
    let host = host("engine.max-component-size = \"256KiB\"", "").await;
    let first = live(&host, "page").await;
    assert_eq!(is_refused(&host).await, 0.0);
    let bad = bad_files();
    for ((what, file, words), times) in bad.iter().zip(1_u32..) {
        host.replace("page.wasm", file).unwrap();
        let reason = refused(&host, f64::from(times)).await;
        for word in *words {
            assert!(reason.contains(word), "{what}: {reason}");
        }
        assert_eq!(live(&host, "page").await, first, "{what}");
        assert_eq!(is_refused(&host).await, 1.0, "{what}");
        assert_eq!(served(&host, "/page").await, "v1", "{what}");
    }
    // Nothing was half published on the way.
    let state = bff(&host, "page").await;
    assert_eq!(
        (&state["swaps"], &state["draining"]),
        (&json!(0), &json!([]))
    );

    host.replace("page.wasm", &page("v2")).unwrap();
    let state = swapped(&host, "page", 1).await;
    assert_eq!(state["refused"], Value::Null);
    assert_eq!(is_refused(&host).await, 0.0);
    assert_eq!(served(&host, "/page").await, "v2");
    assert_eq!(swaps(&host, "page", "published").await, 1.0);
}

#[tokio::test]
async fn the_live_version_put_back_ends_the_refusal() {
    let host = host("", "").await;
    host.replace("page.wasm", b"nonsense").unwrap();
    refused(&host, 1.0).await;
    host.replace("page.wasm", &page("v1")).unwrap();
    eventually("nothing is refused", async || {
        (is_refused(&host).await == 0.0).then_some(())
    })
    .await;
    let state = bff(&host, "page").await;
    assert_eq!(
        (&state["refused"], &state["swaps"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(served(&host, "/page").await, "v1");
}

#[tokio::test]
async fn a_bad_file_of_one_bff_is_no_matter_of_the_others() {
    let other =
        "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let builder = builder.file("other.wasm", &page("w1")).unwrap();
    let host = builder
        .config(super::PAGE)
        .config(other)
        .start()
        .await
        .unwrap();
    host.replace("page.wasm", b"nonsense").unwrap();
    refused(&host, 1.0).await;
    host.replace("other.wasm", &page("w2")).unwrap();
    swapped(&host, "other", 1).await;
    assert_eq!(served(&host, "/other").await, "w2");
    assert_eq!(served(&host, "/page").await, "v1");
    let labels = [("bff", "other")];
    assert_eq!(
        metric(&host, "tailor_bff_refused", &labels).await,
        Some(0.0)
    );
}
