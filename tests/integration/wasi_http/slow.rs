//! Clients that do not read what is streamed to them, or go.

use downstream_mock::scripted::Gate;
use tailor_harness::TestHost;
use tokio::net::TcpSocket;

use super::streams::{FIRST, builder, host, wait_for, wait_for_outcome, wait_until_running};
use crate::windows::{StreamEvent, Streams};
use crate::wire::{Wire, get};

/// A guest that writes 100 MB, and says after each 16 KiB how far it is.
const MUCH: &str = "/s/stream?first=one&then=much&bytes=100000000&every=16384";
const LIMITS: &str = "limits.calls = 10000\nlimits.concurrent-calls = 8\nlimits.cpu = \"60s\"\n\
     limits.response-size = \"200MB\"\nlimits.downstream-bytes = \"200MB\"";

/// How far the guest came, bytes.
fn written(host: &TestHost) -> usize {
    let requests = host.service("goals").requests();
    let far = requests.iter().filter_map(|request| {
        let number = request.target.strip_prefix("/wrote/")?;
        number.parse::<usize>().ok()
    });
    far.max().unwrap_or(0)
}

#[tokio::test]
async fn who_goes_ends_the_guest() {
    let host = host(&Gate::new(), "").await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/s/stream?first=one", "")).await;
    wire.until(FIRST).await;
    drop(wire);
    wait_until_running(&host, 0).await;
    wait_for_outcome(&host, "client-gone", 1).await;

    let streams = Streams::connect(host.address(), 65_535).await;
    let mut streams = streams.at("/s/stream?first=one");
    streams.get(1).await;
    while !matches!(streams.of(1).await, Some(StreamEvent::Data { .. })) {}
    streams.reset(1).await;
    wait_until_running(&host, 0).await;
    wait_for_outcome(&host, "client-gone", 2).await;
    // Its connection is still good.
    let mut streams = streams.at("/s/");
    streams.get(3).await;
    assert!(matches!(
        streams.of(3).await,
        Some(StreamEvent::Head { ok: true, .. })
    ));
}

#[tokio::test]
async fn who_gives_no_window_stops_the_guest_and_is_given_up() {
    let gate = Gate::new();
    gate.open_for_all();
    let builder = builder(&gate, "1000s", LIMITS).config("server.flush-timeout = \"1s\"");
    let host = builder.start().await.unwrap();
    let mut streams = Streams::connect(host.address(), 20_000).await.at(MUCH);
    streams.get(1).await;
    let mut came = 0;
    loop {
        match streams.of(1).await {
            Some(StreamEvent::Data { bytes, .. }) => came += bytes,
            Some(StreamEvent::Head { .. }) => {}
            Some(StreamEvent::Reset(_)) => break,
            None => panic!("the connection ended"),
        }
    }
    assert_eq!(came, 20_000, "all that it has a window for");
    wait_until_running(&host, 0).await;
    wait_for_outcome(&host, "client-gone", 1).await;
    let written = written(&host);
    // A megabyte is kept of its body, and 64 KiB are on their way.
    assert!(written < 1_200_000, "the guest wrote {written} bytes");
    wait_for(&host, "tailor_bytes_in_flight", "", 0).await;
}

#[tokio::test]
async fn who_does_not_read_a_connection_stops_the_guest_and_is_given_up() {
    let gate = Gate::new();
    gate.open_for_all();
    let builder = builder(&gate, "1000s", LIMITS).config("server.flush-timeout = \"1s\"");
    let host = builder.start().await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut wire = Wire::over(socket.connect(host.address()).await.unwrap());
    wire.send(&get(MUCH, "")).await;
    wait_for_outcome(&host, "client-gone", 1).await;
    wait_until_running(&host, 0).await;
    // The system has buffers of its own.
    let written = written(&host);
    assert!(written < 20_000_000, "the guest wrote {written} bytes");
    drop(wire);
}

#[tokio::test]
async fn the_deadline_ends_a_guest_whose_client_does_not_read() {
    let gate = Gate::new();
    gate.open_for_all();
    let settings = LIMITS.replace("60s", "1s");
    let host = builder(&gate, "1s", &settings).start().await.unwrap();
    let mut streams = Streams::connect(host.address(), 20_000).await.at(MUCH);
    streams.get(1).await;
    while !matches!(streams.of(1).await, Some(StreamEvent::Data { .. })) {}
    wait_until_running(&host, 0).await;
    // The client gets what was written before, and no end.
    streams.window(1, 1 << 20).await;
    streams.window(0, 1 << 20).await;
    let reset = async {
        loop {
            match streams.of(1).await {
                Some(StreamEvent::Data { end, .. }) => assert!(!end),
                other => break other,
            }
        }
    };
    assert_eq!(reset.await, Some(StreamEvent::Reset(2)));
    wait_for_outcome(&host, "bff-deadline", 1).await;
}

#[tokio::test]
async fn what_only_its_end_is_left_of_is_not_kept_for_ever() {
    let gate = Gate::new();
    let builder = builder(&gate, "1000s", "").config("server.flush-timeout = \"1s\"");
    let host = builder.start().await.unwrap();
    let path = "/s/stream?first=one&rest=two";
    let mut streams = Streams::connect(host.address(), 3).await.at(path);
    streams.get(1).await;
    while !matches!(streams.of(1).await, Some(StreamEvent::Data { .. })) {}
    // From here on there is no window for the rest.
    gate.open(1);
    wait_until_running(&host, 0).await;
    let reset = streams.of(1).await;
    assert!(matches!(reset, Some(StreamEvent::Reset(_))), "{reset:?}");
    wait_for_outcome(&host, "client-gone", 1).await;
    wait_for(&host, "tailor_bytes_in_flight", "", 0).await;
}
