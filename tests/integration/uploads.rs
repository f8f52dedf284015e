//! Uploads that are refused while they are on their way: their clients read why.

use tailor_harness::TestHost;

use crate::modules::{self, ECHO, Part};
use crate::windows::{NO_ERROR, StreamEvent, Streams};
use crate::wire::{Wire, soon};

const MIB: usize = 1 << 20;

async fn host(settings: &str) -> TestHost {
    let echo = modules::echo(Part::Body);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

/// Uploads of 8 MiB, and what they are answered.
const REFUSED: [(&str, u16); 6] = [
    ("POST /nowhere HTTP/1.1\r\ncontent-length: 8388608\r\n", 404),
    ("PUT /echo HTTP/1.1\r\ncontent-length: 8388608\r\n", 405),
    ("POST /echo HTTP/1.1\r\ncontent-length: 8388608\r\n", 413),
    ("POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n", 413),
    ("BREW /echo HTTP/1.1\r\ncontent-length: 8388608\r\n", 501),
    (
        "POST /echo HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n",
        501,
    ),
];

#[tokio::test]
async fn who_writes_all_before_reading_reads_the_answer() {
    let host = host("").await;
    let part = "x".repeat(64 << 10);
    for (head, status) in REFUSED {
        let chunked = head.contains("chunked");
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&format!("{head}host: a\r\n\r\n")).await;
        for sent in 0..8 * MIB / part.len() {
            let part = match chunked {
                true => &format!("10000\r\n{part}\r\n"),
                false => &part,
            };
            assert!(soon(wire.takes(part)).await, "{head} {sent}");
        }
        if chunked {
            wire.send("0\r\n\r\n").await;
        }
        let answer = wire.answer().await;
        assert_eq!(answer.status, status, "{head}");
        assert_eq!(answer.header("connection"), "close", "{head}");
        assert_eq!(wire.rest().await, "", "{head}");
    }
}

#[tokio::test]
async fn a_short_upload_that_is_refused_costs_no_connection() {
    let host = host("").await;
    let mut wire = Wire::connect(host.address()).await;
    for _ in 0..3 {
        wire.send("POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc")
            .await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (404, ""));
    }
}

#[tokio::test]
async fn what_is_thrown_away_has_a_bound() {
    let head = "POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n";
    // Bytes: the client sends as long as the host reads.
    let bytes = host("server.linger-size = \"1MiB\"\nserver.linger-timeout = \"1h\"").await;
    let mut wire = Wire::connect(bytes.address()).await;
    wire.send(head).await;
    let part = "x".repeat(64 << 10);
    let mut sent = 0;
    while soon(wire.takes(&part)).await {
        sent += part.len();
        assert!(sent < 64 * MIB);
    }
    // Time: it sends nothing, and does not close either.
    let time = host("server.linger-timeout = \"3s\"\nserver.idle-timeout = \"1h\"").await;
    let mut wire = Wire::connect(time.address()).await;
    wire.send(head).await;
    assert_eq!(wire.answer().await.status, 404);
    assert_eq!(wire.rest().await, "");
    soon(async {
        while wire.takes("x").await {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_upload_over_http2_that_is_refused_is_answered_and_then_reset() {
    let host = host("server.max-body-size = \"32KiB\"").await;
    for path in ["/nowhere", "/echo"] {
        let mut client = Streams::connect(host.address(), 65_535).await.at(path);
        client.post(1).await;
        if path == "/echo" {
            client.data(1, &[b'x'; 33 << 10], false).await;
        }
        let head = client.of(1).await;
        assert_eq!(
            head,
            Some(StreamEvent::Head {
                ok: false,
                end: false
            }),
            "{path}"
        );
        let body = client.of(1).await;
        assert!(
            matches!(body, Some(StreamEvent::Data { end: true, .. })),
            "{path} {body:?}"
        );
        assert_eq!(
            client.of(1).await,
            Some(StreamEvent::Reset(NO_ERROR)),
            "{path}"
        );
        // The connection goes on.
        client.get(3).await;
        let head = client.of(3).await;
        assert!(matches!(head, Some(StreamEvent::Head { .. })), "{path}");
    }
}
