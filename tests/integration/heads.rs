//! Connections over HTTP/1.1 by the bytes of their heads: where one begins and ends, and how long
//! it takes to come.

use tailor_harness::TestHost;

use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, get, soon, until};

async fn host(settings: &str) -> TestHost {
    let echo = modules::echo(Part::Body);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

fn post(body: &str) -> String {
    let length = body.len();
    format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn chunked(body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{body}")
}

/// Heads that programs read in different ways: what is refused, and its status.
const HOSTILE: &[(&str, u16)] = &[
    ("GET /echo HTTP/1.1\nhost: a\r\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\nhost: a\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\nhost: a\r\n\n", 400),
    ("GET /echo HTTP/1.1\nhost: a\n\n", 400),
    ("\nGET /echo HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET /echo#x HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET /echo?a#x HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET http://a/echo# HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: ,chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\nx",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\nx",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 0x1\r\n\r\nx",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length : 1\r\n\r\nx",
        400,
    ),
    (
        "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding\t: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("GET /echo HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\n x: y\r\nhost: a\r\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\nhost: a\r\nx: y\rz: w\r\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", 400),
    ("GET /echo HTTP/1.1\r\nhost: a\r\nx\r\n\r\n", 400),
];

#[tokio::test]
async fn a_head_that_is_read_in_two_ways_is_refused_with_its_connection() {
    let host = host("").await;
    for (head, status) in HOSTILE {
        for before in ["", &post("one")] {
            let mut wire = Wire::connect(host.address()).await;
            wire.send(before).await;
            wire.send(&format!("{head}{}", get("/echo", ""))).await;
            if !before.is_empty() {
                assert_eq!(wire.answer().await.body, "one");
            }
            let rest = wire.rest().await;
            assert!(
                rest.starts_with(&format!("HTTP/1.1 {status} ")),
                "{head:?}: {rest}"
            );
            // A peer that read it in another way must not get an answer to a part of it.
            assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{head:?}: {rest}");
        }
    }
    let answer = Wire::ask(host.address(), HOSTILE[0].0).await;
    assert_eq!(
        (answer.code(), answer.header("connection")),
        ("bad-request", "close")
    );
    assert!(
        answer.body.contains("head: a line ends in LF"),
        "{}",
        answer.body
    );
    // An empty line before a request is legal.
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&format!("\r\n{}\r\n{}", post("one"), post("two")))
        .await;
    assert_eq!(wire.answer().await.body, "one");
    assert_eq!(wire.answer().await.body, "two");
}

#[tokio::test]
async fn a_body_in_chunks_leaves_the_connection_open_only_where_it_ends_for_certain() {
    let host = host("").await;
    let mut wire = Wire::connect(host.address()).await;
    for body in ["3\r\none\r\n0\r\n\r\n", "3\r\none\r\n1\r\n!\r\n0\r\n\r\n"] {
        wire.send(&chunked(body)).await;
        let answer = wire.answer().await;
        assert_eq!(answer.header("connection"), "");
    }
    wire.send(&chunked("0\r\n\r\n")).await;
    assert_eq!(wire.answer().await.status, 200);
    wire.send(&post("two")).await;
    assert_eq!(wire.answer().await.body, "two");

    let next = get("/echo", "");
    for end in [
        "0\r\nx: y\r\n\r\n",
        "0\r\nx: y\n\r\n\r\n",
        "0\r\nx: y\n\n\r\n\r\n",
        "000\r\n\r\n",
        "0;x=y\r\n\r\n",
        &format!("0\r\n\r\n{next}"),
        &format!("0\r\nx: y\n\n{next}"),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&chunked(&format!("3\r\none\r\n{end}"))).await;
        wire.send(&next).await;
        let rest = wire.rest().await;
        assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{end:?}: {rest}");
        let closes = rest.contains("connection: close\r\n") || rest.starts_with("HTTP/1.1 400");
        assert!(closes, "{end:?}: {rest}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_has_the_time_of_a_head() {
    let host = host("server.header-timeout = \"300ms\"\nserver.idle-timeout = \"1h\"").await;
    for said in ["", "\r\n", "P", "PRI * HTTP/2.0\r\n"] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(said).await;
        assert_eq!(wire.rest().await, "", "{said:?}");
    }
}

#[tokio::test]
async fn half_a_head_behind_a_request_has_the_time_of_a_head() {
    let host = host("server.header-timeout = \"3s\"\nserver.idle-timeout = \"1h\"").await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&format!("{}GET /echo HTTP/1.1\r\nx: ", post("one")))
        .await;
    assert_eq!(wire.answer().await.body, "one");
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn at_the_cap_who_is_idle_makes_room() {
    let settings = "server.max-connections = 2\nserver.header-timeout = \"1h\"\n\
         server.idle-timeout = \"1h\"";
    let host = host(settings).await;
    let mut used = Wire::connect(host.address()).await;
    used.send(&post("used")).await;
    assert_eq!(used.answer().await.body, "used");
    // The one without a request closes before the older one.
    let mut silent = Wire::connect(host.address()).await;
    let mut third = Wire::connect(host.address()).await;
    third.send(&post("third")).await;
    assert_eq!(third.answer().await.body, "third");
    assert_eq!(silent.rest().await, "");
    used.send(&post("again")).await;
    assert_eq!(used.answer().await.body, "again");
    // Of the two that are left, the one with the later request stays.
    let mut fourth = Wire::connect(host.address()).await;
    fourth.send(&post("fourth")).await;
    assert_eq!(fourth.answer().await.body, "fourth");
    assert_eq!(third.rest().await, "");
    used.send(&post("again")).await;
    assert_eq!(used.answer().await.body, "again");
    let line = "tailor_client_connections_cut_total{reason=\"room\"} 2";
    until(async || {
        let metrics = host.admin("/metrics").await.unwrap().text();
        metrics.contains(line).then_some(())
    })
    .await;
    soon(async { drop(host) }).await;
}
