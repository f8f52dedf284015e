//! Answers that are sent while their guests still run. `cut` has those that are not whole, `slow`
//! clients that do not read, or go.

use downstream_mock::scripted::{Gate, Response};
use http::Method;
use http_body_util::Full;
use serde_json::Value;
use tailor_harness::{TestHost, TestHostBuilder};

use super::component;
use crate::observe::{bff, eventually, swapped};
use crate::swap::page::stamped;
use crate::windows::{StreamEvent, Streams};
use crate::wire::{ClientResponse, Wire, beside, get, soon, until};

/// A chunk of HTTP/1.1 with the first part, and the end of a body.
pub const FIRST: &str = "3\r\none\r\n";
pub const END: &str = "0\r\n\r\n";

/// A host with the guest at `/s`. Its calls of `/go` are answered when the gate is opened, all
/// others at once. Calls may take as long as requests.
pub fn builder(gate: &Gate, deadline: &str, settings: &str) -> TestHostBuilder {
    let gate = gate.clone();
    let builder = TestHost::builder().unwrap();
    let builder = builder.service("goals", move |request| match &*request.target {
        "/go" => Response::text("go").after(gate.pass()),
        "/bad" => Response::new(503),
        _ => Response::text("ok"),
    });
    let patient =
        format!("timeout = \"{deadline}\"\nfirst-byte-timeout = \"{deadline}\"\ncoalesce = false");
    let settings = format!("deadline = \"{deadline}\"\n{settings}");
    builder
        .settings("goals", &patient)
        .bff("others", &component(), &settings)
        .route("bff = \"others\"\npath = \"/s\"")
}

/// One whose requests may take very long.
pub async fn host(gate: &Gate, settings: &str) -> TestHost {
    builder(gate, "1000s", settings).start().await.unwrap()
}

/// The sum of all series of a metric that have this label.
async fn metric(host: &TestHost, name: &str, label: &str) -> u64 {
    let text = host.admin("/metrics").await.unwrap().text();
    let of_name = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
    };
    let lines = text.lines().filter(of_name);
    let numbers = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    numbers.sum()
}

/// Waits until a metric has this value.
pub async fn wait_for(host: &TestHost, name: &str, label: &str, value: u64) {
    until(async || (metric(host, name, label).await == value).then_some(())).await;
}

/// Waits until so many requests have ended so.
pub async fn wait_for_outcome(host: &TestHost, outcome: &str, count: u64) {
    let label = format!("outcome=\"{outcome}\"");
    wait_for(host, "tailor_requests_total", &label, count).await;
}

/// Waits until so many requests of the BFF run.
pub async fn wait_until_running(host: &TestHost, count: u64) {
    wait_for(host, "tailor_bff_running", "others", count).await;
}

#[tokio::test]
async fn a_part_reaches_the_client_before_the_guest_goes_on() {
    let gate = Gate::new();
    let host = host(&gate, "").await;
    let mut wire = Wire::connect(host.address()).await;
    for _ in 0..2 {
        wire.send(&get("/s/stream?first=one&rest=two", "")).await;
        let head = wire.head().await;
        assert_eq!(head.status, 200);
        assert_eq!(head.header("transfer-encoding"), "chunked");
        assert_eq!(head.header("content-length"), "");
        assert_eq!(head.header("content-type"), "text/event-stream");
        assert!(!head.header("x-request-id").is_empty());
        // The service answers only from here on.
        assert_eq!(wire.until(FIRST).await, FIRST);
        wait_until_running(&host, 1).await;
        gate.open(1);
        assert_eq!(wire.until(END).await, "3\r\ntwo\r\n0\r\n\r\n");
    }
    // The same connection serves on, and nothing is left over.
    wire.send(&get("/s/", "")).await;
    assert_eq!(wire.answer().await.body, "ok");
    wait_until_running(&host, 0).await;
}

#[tokio::test]
async fn over_http2_as_well() {
    let gate = Gate::new();
    let host = host(&gate, "").await;
    let streams = Streams::connect(host.address(), 65_535).await;
    let mut streams = streams.at("/s/stream?first=one&rest=two");
    streams.get(1).await;
    let head = StreamEvent::Head {
        ok: true,
        end: false,
    };
    let data = |bytes, end| Some(StreamEvent::Data { bytes, end });
    assert_eq!(streams.of(1).await, Some(head));
    assert_eq!(streams.of(1).await, data(3, false));
    gate.open(1);
    assert_eq!(streams.of(1).await, data(3, false));
    assert_eq!(streams.of(1).await, data(0, true));
}

#[tokio::test]
async fn an_event_is_there_while_the_guest_waits_for_a_clock() {
    let host = host(&Gate::new(), "").await;
    let mut wire = Wire::connect(host.address()).await;
    let forever = "/s/stream?first=data%3A%20one%0A%0A&wait=100000000";
    wire.send(&get(forever, "")).await;
    wire.until("data: one\n\n").await;
    wait_until_running(&host, 1).await;
}

#[tokio::test]
async fn what_is_written_without_a_wait_is_whole() {
    let host = host(&Gate::new(), "").await;
    // In writes of 4 KiB, of which the library keeps two.
    let reply = host.get("/s/respond?bytes=1000000").await.unwrap();
    assert_eq!(reply.header("content-length"), "1000000");
    assert_eq!(reply.header("transfer-encoding"), "");
    assert_eq!(reply.body.len(), 1_000_000);
}

#[tokio::test]
async fn what_is_larger_than_a_whole_one_is_streamed() {
    let gate = Gate::new();
    gate.open_for_all();
    let settings = "limits.response-size = \"20MB\"\nlimits.cpu = \"20s\"";
    let host = host(&gate, settings).await;
    for (target, bytes) in [
        ("/s/respond?bytes=9000000", 9_000_000),
        // In writes of 4 KiB.
        ("/s/stream?first=one&then=much&bytes=9011200", 9_011_203),
    ] {
        let reply = host.get(target).await.unwrap();
        assert_eq!(reply.header("transfer-encoding"), "chunked", "{target}");
        assert_eq!(reply.body.len(), bytes, "{target}");
        let reply = host.get_http2(target).await.unwrap();
        assert_eq!(reply.body.len(), bytes, "{target}");
    }
}

#[tokio::test]
async fn a_length_that_is_said_is_passed_on() {
    let gate = Gate::new();
    gate.open_for_all();
    let host = host(&gate, "").await;
    let target = "/s/stream?first=one&rest=two&length=6";
    for reply in [
        host.get(target).await.unwrap(),
        host.get_http2(target).await.unwrap(),
    ] {
        assert_eq!(reply.header("content-length"), "6");
        assert_eq!(reply.header("transfer-encoding"), "");
        assert_eq!(reply.text(), "onetwo");
    }
    wait_for_outcome(&host, "2xx", 2).await;
}

#[tokio::test]
async fn head_ends_with_the_head() {
    let gate = Gate::new();
    let host = host(&gate, "").await;
    for (target, length) in [
        ("/s/stream?first=one&rest=two&length=6", "6"),
        ("/s/stream?first=one&rest=two", ""),
    ] {
        let mut wire = Wire::connect(host.address()).await;
        wire.send(&get(target, "").replacen("GET", "HEAD", 1)).await;
        let head = wire.head().await;
        assert_eq!((head.status, head.header("content-length")), (200, length));
        // Its guest is not there any more, although nothing has answered it.
        wait_until_running(&host, 0).await;
        wire.send(&get("/s/", "")).await;
        assert_eq!(wire.answer().await.body, "ok");
        let head = host.request(Method::HEAD.as_str(), target);
        let mut head = head.body(Full::default()).unwrap();
        *head.version_mut() = http::Version::HTTP_2;
        let reply = host.send(head).await.unwrap();
        assert_eq!(reply.header("content-length"), length);
    }
}

#[tokio::test]
async fn without_chunks_it_is_whole() {
    let gate = Gate::new();
    gate.open_for_all();
    let host = host(&gate, "").await;
    let request = get("/s/stream?first=one&rest=two", "").replacen("1.1", "1.0", 1);
    let answer = Wire::ask(host.address(), &request).await;
    assert_eq!(answer.body, "onetwo");
}

#[tokio::test]
async fn what_is_illegal_is_refused_before_the_head() {
    let host = host(&Gate::new(), "limits.response-size = \"100B\"").await;
    for (target, code) in [
        ("status=204&first=one", "bff-illegal-response"),
        ("first=one&length=2", "bff-illegal-response"),
        ("first=one&length=101", "bff-response-too-large"),
    ] {
        let target = format!("/s/stream?{target}");
        let reply = host.get(&target).await.unwrap();
        let told = (reply.status.as_u16(), reply.header("tailor-error"));
        assert_eq!(told, (502, code), "{target}");
    }
}

#[tokio::test]
async fn it_holds_its_permit_to_its_end() {
    let gate = Gate::new();
    let host = host(&gate, "limits.concurrency = 1\nlimits.queue = 0").await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/s/stream?first=one&rest=two", "")).await;
    wire.until(FIRST).await;
    let reply = host.get("/s/").await.unwrap();
    assert_eq!(reply.header("tailor-error"), "bff-overloaded");
    gate.open(1);
    wire.until(END).await;
    until(async || {
        let reply = host.get("/s/").await.unwrap();
        (reply.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_that_stops_waits_for_it() {
    let gate = Gate::new();
    let host = host(&gate, "").await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/s/stream?first=one&rest=two", "")).await;
    wire.until(FIRST).await;
    let address = host.address();
    let stopped = beside(host.stop());
    // From when it takes no connections any more, it stops.
    until(async || {
        let refused = tokio::net::TcpStream::connect(address).await.is_err();
        refused.then_some(())
    })
    .await;
    gate.open(1);
    wire.until(END).await;
    assert_eq!(soon(stopped).await.unwrap(), 0, "connections that were cut");
}

#[tokio::test]
async fn a_swap_leaves_it_to_its_version() {
    let gate = Gate::new();
    let host = host(&gate, "").await;
    let first = bff(&host, "others").await["version"].clone();
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/s/stream?first=one&rest=two", "")).await;
    wire.until(FIRST).await;
    let next = stamped(&component(), 1);
    host.replace("others.wasm", &next).unwrap();
    let state = swapped(&host, "others", 1).await;
    assert_eq!(state["draining"], Value::Array(vec![first]));
    gate.open(1);
    assert_eq!(wire.until(END).await, "3\r\ntwo\r\n0\r\n\r\n");
    eventually("the old version is gone", async || {
        let draining = &bff(&host, "others").await["draining"];
        draining.as_array().is_some_and(Vec::is_empty).then_some(())
    })
    .await;
}

#[tokio::test]
async fn its_head_tells_of_the_calls_that_had_ended() {
    let gate = Gate::new();
    let host = host(&gate, "server-timing = true").await;
    let target = "/s/stream?before=/bad&first=one&rest=two";
    let told = |head: &ClientResponse| {
        assert_eq!(head.header("tailor-degraded"), "goals;failed=status-503");
        assert_eq!(head.header("cache-control"), "no-store");
        head.header("server-timing").matches("goals").count()
    };
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get(target, "")).await;
    let head = wire.head().await;
    assert_eq!(told(&head), 1, "{head:?}");
    gate.open_for_all();
    wire.until(FIRST).await;
    assert_eq!(wire.until(END).await, "3\r\ntwo\r\n0\r\n\r\n");
    // The other call may have ended before this head leaves.
    let reply = host.get_http2(target).await.unwrap();
    assert_eq!(reply.header("tailor-degraded"), "goals;failed=status-503");
    assert!(reply.header("server-timing").contains("goals"));
    assert_eq!(reply.text(), "onetwo");
}

#[tokio::test]
async fn the_operator_says_what_is_collected() {
    let gate = Gate::new();
    gate.open_for_all();
    let settings = "limits.streamed-from = \"4MiB\"\nlimits.response-size = \"20MB\"\n\
         limits.cpu = \"20s\"";
    let host = host(&gate, settings).await;
    for (bytes, length) in [("3000000", "3000000"), ("9000000", "")] {
        let target = format!("/s/respond?status=200&bytes={bytes}");
        let reply = host.get(&target).await.unwrap();
        assert_eq!(reply.header("content-length"), length);
        assert_eq!(reply.body.len().to_string(), bytes);
    }
}

#[tokio::test]
async fn a_silent_one_is_not_idle() {
    let gate = Gate::new();
    let builder = builder(&gate, "1000s", "");
    let builder = builder.config("server.idle-timeout = \"1s\"\nserver.header-timeout = \"1s\"");
    let host = builder.start().await.unwrap();
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/s/stream?first=one&rest=two&wait=3000", ""))
        .await;
    wire.until(FIRST).await;
    assert_eq!(wire.until(END).await, "3\r\ntwo\r\n0\r\n\r\n");
}
