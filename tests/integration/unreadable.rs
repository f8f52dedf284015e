//! Heads that are refused before they are requests: each is counted, and some are in the log.

use tailor_harness::{Process, TestHost};

use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, get, until};

const MALFORMED: &str = "GET /e cho HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn each_is_counted_by_its_status() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder
        .unwrap()
        .config("server.max-header-size = \"256KiB\"");
    let host = builder.config(ECHO).start().await.unwrap();
    let large = get("/echo", &format!("x: {}\r\n", "x".repeat(300_000)));
    let long = get(&format!("/echo/{}", "x".repeat(70_000)), "");
    for (request, status, times) in [
        (MALFORMED, 400, 3),
        ("\u{16}\u{3}\u{1}not http\r\n\r\n", 400, 1),
        (&long, 414, 2),
        (&large, 431, 1),
        (&get("/echo", &"x: y\r\n".repeat(200)), 431, 1),
        // These are requests, and have an access record.
        (&get("/nowhere", ""), 404, 1),
        (&get("/echo//x", ""), 400, 1),
    ] {
        for _ in 0..times {
            assert_eq!(Wire::ask(host.address(), request).await.status, status);
        }
    }
    // A disconnected client is not an unreadable head.
    let mut half = Wire::connect(host.address()).await;
    half.send("GET /echo HTTP/1.1\r\nho").await;
    half.finish().await;
    half.rest().await;
    // The count comes with the end of the connection, after the answer.
    until(async || {
        let metrics = host.admin("/metrics").await.unwrap().text();
        let count = |status: u16, count: u32| {
            let label = format!("tailor_unreadable_requests_total{{status=\"{status}\"}}");
            metrics.contains(&format!("{label} {count}\n"))
        };
        (count(400, 4) && count(414, 2) && count(431, 2)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn some_are_in_the_log_and_the_next_line_says_how_many_are_not() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let settings = "log.format = \"json\"\nlog.unreadable-lines = 1";
    let builder = builder.unwrap().config(settings).config(ECHO);
    let (path, _files) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();
    let lines = || {
        let log = process.log().into_iter();
        log.filter(|line| line["outcome"] == "unreadable")
            .collect::<Vec<_>>()
    };
    let sent = std::cell::Cell::new(0);
    // Until one was left out, and a later second began.
    let told = until(async || {
        assert_eq!(Wire::ask(address, MALFORMED).await.status, 400);
        sent.set(sent.get() + 1);
        lines().into_iter().find(|line| line["left_out"].is_u64())
    })
    .await;
    assert_eq!(
        (&told["target"], &told["status"]),
        (&"access".into(), &400.into())
    );
    let reason = told["reason"].as_str().unwrap();
    assert!(!reason.is_empty() && !reason.contains("cho"), "{reason}");
    assert!(told["request_id"].is_null());
    let (lines, sent) = (lines(), sent.get());
    let left_out: u64 = lines
        .iter()
        .filter_map(|line| line["left_out"].as_u64())
        .sum();
    assert!(
        lines.len() < sent && left_out < sent as u64,
        "{sent}: {lines:?}"
    );
}
