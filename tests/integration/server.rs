//! The listener for clients under clients that are slow, silent, greedy or many.

use std::net::SocketAddr;

use tailor_harness::TestHost;
use tokio::net::TcpSocket;

use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, beside, get, soon, until};

/// A host with a BFF that answers with the body of the request, and these settings of `[server]`.
async fn host(settings: &str) -> TestHost {
    let echo = modules::echo(Part::Body);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

fn post(body: &str) -> String {
    format!(
        "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let host = host("server.header-timeout = \"2s\"\nserver.idle-timeout = \"1h\"").await;
    for head in [
        // A byte now and then keeps no connection open, neither at the first head nor after an
        // answer.
        "",
        &post("one"),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        if !head.is_empty() {
            wire.send(head).await;
            assert_eq!(wire.answer().await.body, "one");
        }
        wire.send("GET /echo HTTP/1.1\r\nx-slow: ").await;
        soon(async {
            while wire.takes("x").await {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
        assert_eq!(wire.rest().await, "", "no answer to half a head");
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let host = host("server.header-timeout = \"1h\"\nserver.idle-timeout = \"3s\"").await;
    let mut silent = Wire::connect(host.address()).await;
    let mut idle = Wire::connect(host.address()).await;
    for body in ["one", "two"] {
        idle.send(&post(body)).await;
        assert_eq!(idle.answer().await.body, body);
    }
    assert_eq!(silent.rest().await, "");
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn a_connection_that_is_used_is_not_idle() {
    let host = host("server.idle-timeout = \"3s\"").await;
    let mut wire = Wire::connect(host.address()).await;
    let start = std::time::Instant::now();
    let mut answers = 0;
    while start.elapsed() < std::time::Duration::from_secs(5) {
        wire.send(&post("again")).await;
        assert_eq!(wire.answer().await.body, "again");
        answers += 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(answers > 1);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_answered_408() {
    let settings = "server.body-timeout = \"300ms\"\nserver.idle-timeout = \"1h\"\n\
         server.header-timeout = \"1h\"";
    let host = host(settings).await;
    for framing in ["content-length: 10", "transfer-encoding: chunked"] {
        let request = format!("POST /echo HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n5\r\nhell");
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&request).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code()), (408, "body-timeout"));
        assert!(answer.body.contains("longer than 300ms"), "{}", answer.body);
        assert!(!answer.header("x-request-id").is_empty());
        // The rest of the body must not be read as a request.
        assert_eq!(wire.rest().await, "", "{framing}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_413() {
    let host = host("server.max-body-size = \"1KiB\"").await;
    let fits = "x".repeat(1024);
    assert_eq!(Wire::ask(host.address(), &post(&fits)).await.body, fits);

    let head = "POST /echo HTTP/1.1\r\nhost: a\r\n";
    let chunk = format!("401\r\n{fits}x\r\n0\r\n\r\n");
    for request in [
        post(&format!("{fits}x")),
        // Refused before a byte of it was sent.
        format!("{head}content-length: 1025\r\n\r\n"),
        format!("{head}content-length: 99999999999\r\nexpect: 100-continue\r\n\r\n"),
        format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n400\r\n{fits}\r\n1\r\nx\r\n"),
    ] {
        let answer = Wire::ask(host.address(), &request).await;
        let start: String = request.chars().take(90).collect();
        assert_eq!(
            (answer.status, answer.code()),
            (413, "body-too-large"),
            "{start}"
        );
    }
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&format!(
        "{head}content-length: 3\r\nexpect: 100-continue\r\n\r\n"
    ))
    .await;
    assert_eq!(wire.head().await.status, 100);
    wire.send("one").await;
    assert_eq!(wire.answer().await.body, "one");
}

#[tokio::test]
async fn a_body_that_is_coded_for_its_way_is_refused_with_its_connection() {
    let host = host("").await;
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: ";
    let body = "5\r\nhello\r\n0\r\n\r\n";
    for (coding, status, code) in [
        ("gzip, chunked", 501, "not-implemented"),
        ("gzip\r\ntransfer-encoding: chunked", 501, "not-implemented"),
        ("chunked, chunked", 400, "bad-request"),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&format!("{head}{coding}\r\n\r\n{body}")).await;
        wire.send(&post("next")).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.code()), (status, code), "{coding}");
        assert!(answer.body.contains("transfer-encoding"), "{}", answer.body);
        assert_eq!(answer.header("connection"), "close");
        // A peer that framed the first one differently must not get an answer to a part of it.
        assert_eq!(wire.rest().await, "", "{coding}");
    }
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&format!("{head}Chunked\r\n\r\n{body}")).await;
    assert_eq!(wire.answer().await.body, "hello");
}

#[tokio::test]
async fn a_body_that_is_no_http_never_reaches_the_bff() {
    let host = host("").await;
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n";
    for request in [
        format!("{head}\r\nzz\r\nhello"),
        format!("{head}\r\n5\r\nhelloXX0\r\n\r\n"),
        format!("{head}\r\nffffffffffffffffff\r\nhello"),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&request).await;
        let answer = wire.answer().await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "bad-request"),
            "{request:?}"
        );
        assert!(answer.body.contains("body: "), "{}", answer.body);
        assert_eq!(wire.rest().await, "", "{request:?}");
    }
    // Half a body, and no more to come: no answer may look as if the request had been taken.
    for request in [
        format!("{head}\r\n5\r\nhel"),
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel".to_owned(),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&request).await;
        wire.finish().await;
        let rest = wire.rest().await;
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 400"),
            "{request:?} was answered {rest:?}"
        );
    }
    for request in [
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nhost: a\r\nx y: z\r\n\r\n",
        "GET /e cho HTTP/1.1\r\nhost: a\r\n\r\n",
        "\u{16}\u{3}\u{1}not http\r\n\r\n",
    ] {
        let answer = Wire::ask(host.address(), request).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (400, ""),
            "{request:?}"
        );
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let host = host("server.max-header-size = \"8KiB\"\nserver.max-headers = 20").await;
    let ask = async |request: String| Wire::ask(host.address(), &request).await.status;
    assert_eq!(
        ask(get("/echo", &format!("x: {}\r\n", "x".repeat(7000)))).await,
        200
    );
    assert_eq!(
        ask(get("/echo", &format!("x: {}\r\n", "x".repeat(9000)))).await,
        431
    );
    assert_eq!(ask(get("/echo", &"x: y\r\n".repeat(19))).await, 200);
    assert_eq!(ask(get("/echo", &"x: y\r\n".repeat(20))).await, 431);
}

#[tokio::test]
async fn a_target_that_is_too_long_is_refused() {
    let host = host("server.max-header-size = \"256KiB\"").await;
    let long = |length: usize| format!("/echo/{}", "x".repeat(length - 6));
    let ask = async |target: String| Wire::ask(host.address(), &get(&target, "")).await;
    assert_eq!(ask(long(8192)).await.status, 200);
    let answer = ask(long(8193)).await;
    assert_eq!((answer.status, answer.code()), (414, "uri-too-long"));
    assert_eq!(ask(long(70_000)).await.status, 414);
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let host = host("server.max-connections = 1").await;
    let mut first = Wire::connect(host.address()).await;
    first.send(&post("first")).await;
    assert_eq!(first.answer().await.body, "first");

    let address = host.address();
    let second = beside(async move { Wire::ask(address, &post("second")).await });
    for _ in 0..100 {
        first.send(&post("again")).await;
        assert_eq!(first.answer().await.body, "again");
        assert!(!second.is_finished(), "there is room for one only");
    }
    drop(first);
    assert_eq!(soon(second).await.unwrap().body, "second");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let host = host("").await;
    let bodies: Vec<String> = (0..50).map(|number| format!("body {number}")).collect();
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&bodies.iter().map(|body| post(body)).collect::<String>())
        .await;
    for body in &bodies {
        assert_eq!(wire.answer().await.body, *body);
    }
    // A refused one is answered in order, too.
    wire.send(&format!(
        "{}{}{}",
        get("/nowhere", ""),
        get("/echo", ""),
        get("/echo//", "connection: close\r\n")
    ))
    .await;
    assert_eq!(wire.answer().await.status, 404);
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(wire.answer().await.status, 400);
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_loses_it() {
    const SIZE: usize = 24 << 20;
    let settings = "server.max-connections = 1\nserver.idle-timeout = \"3s\"\n\
         server.header-timeout = \"3s\"";
    let limits = "[bff.echo.limits]\nresponse-size = \"24MiB\"\nhostcall-bytes = \"25MiB\"";
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::large(SIZE)).unwrap();
    let builder = builder.config(settings).config(ECHO).config(limits);
    let host = builder.start().await.unwrap();

    let mut deaf = slow_reader(host.address()).await;
    deaf.send(&get("/echo", "")).await;
    // There is room for one connection: that this one is served shows that the other was given up.
    let mut next = Wire::connect(host.address()).await;
    next.send(&get("/echo", "connection: close\r\n")).await;
    assert_eq!(next.answer().await.body.len(), SIZE);
    assert!(deaf.rest().await.len() < SIZE);
}

/// A connection with such small buffers that a large answer waits for its reader.
async fn slow_reader(address: SocketAddr) -> Wire {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    Wire::over(socket.connect(address).await.unwrap())
}

#[tokio::test]
async fn clients_that_go_are_forgotten() {
    let host = host("").await;
    let mut wires = Vec::new();
    for _ in 0..20 {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&post("x")).await;
        assert_eq!(wire.answer().await.status, 200);
        wires.push(wire);
    }
    let open = async || {
        let metrics = host.admin("/metrics").await.unwrap().text();
        let line = "tailor_client_connections ";
        let found = metrics.lines().find_map(|text| text.strip_prefix(line));
        found.unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(open().await, 20);
    drop(wires);
    until(async || (open().await == 0).then_some(())).await;
}
