//! Answers that are broken off after their heads: their clients learn it, and the log.

use downstream_mock::scripted::Gate;
use serde_json::Value;
use tailor_harness::Process;

use super::streams::{END, builder};
use crate::windows::{StreamEvent, Streams};
use crate::wire::{Wire, get, until};

/// RFC 9113 section 7.
const INTERNAL_ERROR: u32 = 2;

/// What the guest does after the head and a part, what the log says of it, and the bytes that the
/// client got: what a guest writes just before it fails is not sent, see [`may_get`].
const ENDS: [(&str, &str, u64); 11] = [
    ("then=trap", "bff-trap", 3),
    ("then=trap-after&rest=two", "bff-trap", 3),
    ("then=trap-after&rest=two&length=6", "bff-trap", 3),
    ("then=loop", "bff-cpu-limit", 3),
    ("then=grow", "bff-memory-limit", 3),
    ("then=exit", "bff-trap", 3),
    ("then=drop", "bff-illegal-response", 3),
    ("then=leave", "bff-illegal-response", 3),
    ("rest=two&length=10", "bff-illegal-response", 6),
    ("rest=two&length=5", "bff-illegal-response", 3),
    ("then=sleep", "bff-deadline", 3),
];

/// Whether the client may have got this number of bytes. A guest whose turn ends between its last write
/// and its failure has that sent, but the last byte of a known length never.
fn may_get(end: &str, bytes: u64, got: u64) -> bool {
    let last = match (end.starts_with("then=trap-after"), end.contains("length")) {
        (false, _) => 0,
        (true, false) => 3,
        (true, true) => 2,
    };
    got == bytes || got == bytes + last
}

struct Host {
    process: Process,
    _files: tailor_harness::Files,
}

/// A host that writes its log.
fn host(deadline: &str, settings: &str) -> Host {
    let gate = Gate::new();
    gate.open_for_all();
    let builder = builder(&gate, deadline, settings).config("log.format = \"json\"");
    let (path, files) = builder.write().unwrap();
    Host {
        process: Process::serve(&path).unwrap(),
        _files: files,
    }
}

impl Host {
    /// The line about a request of HTTP/1.1.
    fn line(&self, id: &str) -> Value {
        let is_it = |line: &Value| line["target"] == "access" && line["request_id"] == id;
        self.process.wait_for(is_it).unwrap()
    }

    fn lines(&self) -> usize {
        let log = self.process.log();
        log.iter().filter(|line| line["target"] == "access").count()
    }
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_broken_off() {
    let host = host("2s", "limits.cpu = \"500ms\"");
    let address = host.process.address().unwrap();
    for (number, (end, outcome, bytes)) in ENDS.into_iter().enumerate() {
        let id = format!("r{number}");
        let target = format!("/s/stream?first=one&{end}");
        let mut wire = Wire::connect(address).await;
        wire.send(&get(&target, &format!("x-request-id: {id}\r\n")))
            .await;
        let head = wire.head().await;
        assert_eq!(head.status, 200, "{target}");
        let rest = wire.rest().await;
        assert!(!rest.ends_with(END), "{target}: {rest:?}");
        assert!(rest.contains("one"), "{target}: {rest:?}");
        let line = host.line(&id);
        let told = (&line["status"], &line["outcome"], &line["cut_off"]);
        assert_eq!(told, (&200.into(), &outcome.into(), &true.into()), "{line}");
        let got = line["bytes_out"].as_u64().unwrap();
        assert!(may_get(end, bytes, got), "{line}");
        assert_eq!(host.lines(), number + 1);
    }
}

#[tokio::test]
async fn over_http2_its_stream_is_reset() {
    let host = host("2s", "limits.cpu = \"500ms\"");
    let address = host.process.address().unwrap();
    for (number, (end, outcome, bytes)) in ENDS.into_iter().enumerate() {
        let target = format!("/s/stream?first=one&{end}");
        let streams = Streams::connect(address, 65_535).await;
        let mut streams = streams.at(target.leak());
        streams.get(1).await;
        let mut came = 0;
        loop {
            match streams.of(1).await {
                Some(StreamEvent::Head { ok, end }) => assert!(ok && !end),
                Some(StreamEvent::Data { bytes, end }) => {
                    assert!(!end);
                    came += bytes as u64;
                }
                Some(StreamEvent::Reset(code)) => break assert_eq!(code, INTERNAL_ERROR),
                None => panic!("the connection ended"),
            }
        }
        assert!(may_get(end, bytes, came), "{end}: {came}");
        until(async || (host.lines() == number + 1).then_some(())).await;
        let log = host.process.log();
        let mut lines = log.iter().filter(|line| line["target"] == "access");
        let line = lines.next_back().unwrap();
        let told = (&line["status"], &line["outcome"], &line["cut_off"]);
        assert_eq!(told, (&200.into(), &outcome.into(), &true.into()), "{line}");
        let got = line["bytes_out"].as_u64().unwrap();
        assert!(may_get(end, bytes, got), "{line}");
    }
}

#[tokio::test]
async fn its_client_is_not_to_blame() {
    let host = host("2s", "");
    let streams = Streams::connect(host.process.address().unwrap(), 65_535).await;
    let mut streams = streams.at("/s/stream?first=one&then=drop");
    // More than `server.max-resets` admits.
    for stream in (1..241).step_by(2) {
        streams.get(stream).await;
        loop {
            match streams.of(stream).await {
                Some(StreamEvent::Reset(code)) => break assert_eq!(code, INTERNAL_ERROR),
                Some(_) => {}
                None => panic!("the connection ended at stream {stream}"),
            }
        }
    }
}

#[tokio::test]
async fn the_size_is_bounded_while_it_is_sent() {
    let host = host("20s", "limits.response-size = \"100KB\"");
    let target = "/s/stream?first=one&then=much&bytes=200000";
    let mut wire = Wire::connect(host.process.address().unwrap()).await;
    wire.send(&get(target, "x-request-id: r1\r\n")).await;
    assert_eq!(wire.head().await.status, 200);
    let rest = wire.rest().await;
    assert!(
        !rest.ends_with(END) && rest.len() < 120_000,
        "{}",
        rest.len()
    );
    let line = host.line("r1");
    assert_eq!(line["outcome"], "bff-response-too-large", "{line}");
    assert!(line["bytes_out"].as_u64().unwrap() <= 100_000, "{line}");
}

#[tokio::test]
async fn a_whole_one_has_a_line_like_any_other() {
    let host = host("20s", "");
    let mut wire = Wire::connect(host.process.address().unwrap()).await;
    let target = "/s/stream?first=one&rest=two";
    wire.send(&get(target, "x-request-id: r1\r\n")).await;
    wire.until(END).await;
    let line = host.line("r1");
    assert_eq!(
        (&line["status"], &line["outcome"]),
        (&200.into(), &"2xx".into())
    );
    assert_eq!((&line["bytes_out"], &line["calls"]), (&6.into(), &1.into()));
    assert_eq!(line["cut_off"], Value::Null);
    assert_eq!(host.lines(), 1);
}
