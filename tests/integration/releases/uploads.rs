//! Uploads: what is stored, and what is refused before it costs anything.

use serde_json::json;

use super::api::{Api, digest};
use super::{builder, components, get, start, until};
use crate::wire::Wire;

#[tokio::test]
async fn an_upload_is_stored_once_and_only_under_its_digest() {
    let (host, api) = start().await;
    let path = format!("/v1/components/{}", digest(b"some bytes"));
    let is_there = async || api.raw("HEAD", &path, "", b"").await.status;
    assert_eq!(is_there().await, 404);
    let wrong = api.send("PUT", &path, "", b"other bytes").await;
    assert_eq!((wrong.status, &wrong.json["step"]), (422, &json!("digest")));
    let reason = wrong.json["reason"].as_str().unwrap();
    for digest in [digest(b"other bytes"), digest(b"some bytes")] {
        assert!(reason.contains(&digest), "{reason}");
    }
    assert_eq!(is_there().await, 404);
    let first = api.put(b"some bytes").await;
    assert_eq!((first.status, &first.json["size"]), (201, &json!(10)));
    assert_eq!(api.put(b"some bytes").await.status, 200);
    assert_eq!(is_there().await, 200);
    for name in ["abc", "..%2f..%2fetc", &digest(b"x").to_uppercase()] {
        let bad = api
            .send("PUT", &format!("/v1/components/{name}"), "", b"x")
            .await;
        assert_eq!(bad.status, 400, "{name}");
    }
    let kept = components(&host.dir().join("data"));
    assert_eq!(kept, [format!("{}.wasm", digest(b"some bytes"))]);
    host.stop().await;
}

#[tokio::test]
async fn an_upload_that_is_too_large_unmeasured_slow_or_cut_is_refused() {
    let settings = "engine.max-component-size = \"1KiB\"\n\
                    releases.upload-timeout = \"300ms\"\nreleases.uploads = 1\n";
    let host = builder(settings).start().await.unwrap();
    let api = Api::of(&host);
    let path = format!("/v1/components/{}", digest(b"0123456789"));
    let head = |more: &str| format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    let ask = async |text: String| {
        let answer = Wire::ask(api.0, &text).await;
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json["step"].as_str().unwrap().to_owned())
    };
    let refused = |status, step: &str| (status, step.to_owned());
    // Not a byte of it is read.
    let large = head("content-length: 1025\r\n");
    assert_eq!(ask(large).await, refused(413, "size"));
    let chunked = head("transfer-encoding: chunked\r\n") + "a\r\n0123456789\r\n0\r\n\r\n";
    assert_eq!(ask(chunked).await, refused(411, "size"));
    let slow = head("content-length: 10\r\n") + "01234";
    assert_eq!(ask(slow).await, refused(408, "upload"));

    let mut cut = Wire::connect(api.0).await;
    cut.send(&(head("content-length: 10\r\n") + "01234")).await;
    // While it is under way, there is no place for another, and health is answered.
    until(async || (api.put(b"0123456789").await.status == 503).then_some(())).await;
    assert_eq!(Wire::ask(api.0, &get("/livez", "")).await.status, 200);
    drop(cut);
    until(async || (api.put(b"0123456789").await.status == 201).then_some(())).await;
    let kept = components(&host.dir().join("data"));
    assert_eq!(kept, [format!("{}.wasm", digest(b"0123456789"))]);
    host.stop().await;
}

#[tokio::test]
async fn an_order_under_way_gives_its_connection_to_no_other_client() {
    let host = builder("admin.max-connections = 1\n")
        .start()
        .await
        .unwrap();
    let address = host.host().admin_address().unwrap();
    let path = format!("/v1/components/{}", digest(b"0123456789"));
    let mut upload = Wire::connect(address).await;
    let head = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n");
    upload.send(&(head + "expect: 100-continue\r\n\r\n")).await;
    assert_eq!(upload.head().await.status, 100);
    // The second client gets a place for health, and nothing else.
    let other = get("/v1/bffs", "");
    assert_ne!(Wire::ask(address, &other).await.status, 200);
    upload.send("0123456789").await;
    assert_eq!(upload.answer().await.status, 201);
    host.stop().await;
}
