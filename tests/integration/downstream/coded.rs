//! Answers whose bodies are coded: what the host accepts, and what a BFF sees.

use downstream_mock::scripted::{Response, ScriptedService};

use super::host;
use super::relay::failure;
use crate::observe::calls;

const TEXT: &str = r#"{"steps":4711,"unit":"steps"}"#;
/// The text by the programs that are used most: zlib, Brotli and Zstandard.
const CODED: [(&str, &[u8]); 4] = [
    (
        "gzip",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xabV*.I-(V\xb22174\xd4Q*\xcd\xcb,Q\xb2\x82\x8a\xd5\x02\0(EW\xe9\x1d\0\0\0",
    ),
    (
        "deflate",
        b"\x78\x9c\xabV*.I-(V\xb22174\xd4Q*\xcd\xcb,Q\xb2\x82\x8a\xd5\x02\0\x89\xa5\x09P",
    ),
    ("br", b"\x0b\x0e\x80{\"steps\":4711,\"unit\":\"steps\"}\x03"),
    (
        "zstd",
        b"\x28\xb5\x2f\xfd\x04\x68\xe9\0\0{\"steps\":4711,\"unit\":\"steps\"}\x60\x7f\xf5\x1c",
    ),
];

/// Answers in the coding that the path names.
fn service() -> ScriptedService {
    ScriptedService::start(|request| {
        let name = request.target.trim_start_matches('/');
        let coded = CODED.iter().find(|(coding, _)| *coding == name);
        let (name, body) = coded.copied().unwrap_or(("gzip", b"no gzip at all"));
        Response::new(200)
            .header("content-encoding", name)
            .body(body)
    })
    .unwrap()
}

#[tokio::test]
async fn a_bff_gets_the_body_that_is_meant() {
    let service = service();
    let host = host(&[
        ("http1", service.url(), ""),
        ("http2", service.url(), "protocol = \"h2\""),
        ("exact", service.url(), "max-response-size = \"29B\""),
        ("small", service.url(), "max-response-size = \"28B\""),
    ])
    .await;
    for (coding, _) in CODED {
        for name in ["http1", "http2", "exact"] {
            let reply = host.get(&format!("/{name}/{coding}")).await.unwrap();
            assert_eq!(reply.text(), TEXT, "{name} {coding}");
        }
        let reply = host.get(&format!("/small/{coding}")).await.unwrap();
        assert_eq!(failure(&reply), Some(("too-large", true)), "{coding}");
    }
    let reply = host.get("/http1/broken").await.unwrap();
    assert_eq!(failure(&reply), Some(("malformed", true)));
    assert!(
        reply.text().contains("content-encoding"),
        "{}",
        reply.text()
    );
    assert_eq!(calls(&host, "http1", "malformed").await, 1.0);
}

#[tokio::test]
async fn the_operator_says_what_is_asked_for() {
    let service = service();
    let host = host(&[
        ("all", service.url(), ""),
        (
            "some",
            service.url(),
            "accept-encoding = [\"gzip\", \"br\"]",
        ),
        ("none", service.url(), "accept-encoding = []"),
    ])
    .await;
    for (name, asked) in [
        ("all", "br, zstd, gzip, deflate"),
        ("some", "gzip, br"),
        ("none", "identity"),
    ] {
        // An unrequested one is decoded as well.
        let reply = host.get(&format!("/{name}/zstd")).await.unwrap();
        assert_eq!(reply.text(), TEXT, "{name}");
        let request = service.requests().pop().unwrap();
        assert_eq!(request.headers["accept-encoding"], asked, "{name}");
    }
}
