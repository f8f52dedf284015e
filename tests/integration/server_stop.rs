//! More requests than a BFF may run, and the end of a host: which requests wait, are refused, or
//! are still answered.

use downstream_mock::Services;
use tailor_harness::TestHost;
use tokio::net::TcpStream;

use crate::modules::{self, ECHO, Part};
use crate::wire::{ClientResponse, Gate, HELD, HELD_ANSWER, Wire, beside, get, soon, until};

/// A host with a BFF that waits for the gate, and a neighbour.
async fn host(gate: &Gate, first: &str, last: &str) -> TestHost {
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config(first).config(&gate.watch());
    let builder = builder.config(last).config(ECHO);
    builder.start().await.unwrap()
}

/// A request on a connection of its own, not answered yet.
async fn held(host: &TestHost) -> Wire {
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get(HELD, "")).await;
    wire
}

async fn waiting(host: &TestHost, count: u64) {
    until(async || {
        let state = host.admin("/bffs").await.unwrap().json();
        (state["bffs"]["watch"]["waiting"] == count).then_some(())
    })
    .await;
}

fn assert_overloaded(answer: &ClientResponse, code: &str) {
    assert_eq!((answer.status, answer.code()), (503, code));
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!answer.header("x-request-id").is_empty());
}

const NARROW: &str = "[bff.watch.limits]\nconcurrency = 1\nqueue = 1\nqueue-timeout = \"50s\"";

#[tokio::test]
async fn a_crowd_at_one_bff_waits_or_is_refused_and_its_neighbour_answers() {
    let gate = Gate::start().await;
    let host = host(&gate, "", NARROW).await;
    let mut first = held(&host).await;
    let mut call = gate.call().await;
    let mut second = held(&host).await;
    waiting(&host, 1).await;
    for _ in 0..3 {
        let third = held(&host).await.answer().await;
        assert_overloaded(&third, "bff-overloaded");
        assert!(third.body.contains(r#""bff":"watch""#), "{}", third.body);
        assert_eq!(host.get("/echo/x").await.unwrap().text(), "/x");
    }
    call.heart().await;
    assert_eq!(first.answer().await.body, HELD_ANSWER);
    // The one that waited is next; it may come on the connection of the call before it or on one of
    // another worker.
    let calls = async {
        tokio::select! {
            mut next = gate.call() => next.heart().await,
            _ = call.request() => call.heart().await,
        }
    };
    let (answer, ()) = tokio::join!(second.answer(), calls);
    assert_eq!(answer.body, HELD_ANSWER);
}

#[tokio::test]
async fn a_client_that_goes_makes_room_for_the_next() {
    let gate = Gate::start().await;
    let host = host(&gate, "", NARROW).await;
    let first = held(&host).await;
    let mut call = gate.call().await;
    let mut second = held(&host).await;
    waiting(&host, 1).await;
    drop(first);
    // With its client, the guest's call ends too.
    assert_eq!(call.rest().await, "");
    gate.call().await.heart().await;
    assert_eq!(second.answer().await.body, HELD_ANSWER);
    // A waiting request whose client disconnects leaves the queue.
    let third = held(&host).await;
    let _call = gate.call().await;
    let fourth = held(&host).await;
    waiting(&host, 1).await;
    drop(fourth);
    waiting(&host, 0).await;
    drop(third);
}

#[tokio::test]
async fn a_wait_that_is_too_long_ends() {
    let gate = Gate::start().await;
    let limits = "[bff.watch.limits]\nconcurrency = 1\nqueue-timeout = \"100ms\"";
    let host = host(&gate, "", limits).await;
    let mut first = held(&host).await;
    let mut call = gate.call().await;
    let second = held(&host).await.answer().await;
    assert_overloaded(&second, "bff-overloaded");
    call.heart().await;
    assert_eq!(first.answer().await.status, 200);
}

#[tokio::test]
async fn instances_are_those_of_the_whole_host() {
    let gate = Gate::start().await;
    // As many as the harness gives the engine.
    let limits = "[bff.watch.limits]\nconcurrency = 64";
    let host = host(&gate, "", limits).await;
    let (mut clients, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..64 {
        clients.push(held(&host).await);
        calls.push(gate.call().await);
    }
    let answer = Wire::ask(host.address(), &get("/echo", "")).await;
    assert_overloaded(&answer, "host-overloaded");
    for (mut call, mut client) in calls.into_iter().zip(clients) {
        call.heart().await;
        assert_eq!(client.answer().await.body, HELD_ANSWER);
    }
    assert_eq!(host.get("/echo").await.unwrap().status, 200);
}

/// Nothing but the host's own doing ends a connection.
const PATIENT: &str = "server.idle-timeout = \"1h\"\nserver.shutdown-timeout = \"1h\"";

#[tokio::test]
async fn a_host_that_stops_finishes_what_it_began() {
    let gate = Gate::start().await;
    let host = host(&gate, PATIENT, "").await;
    let (address, admin) = (host.address(), host.host().admin_address().unwrap());
    let mut idle = Wire::connect(address).await;
    idle.send(&get("/echo", "")).await;
    assert_eq!(idle.answer().await.status, 200);
    let mut silent = Wire::connect(address).await;
    let mut running = held(&host).await;
    let mut call = gate.call().await;
    let ready = Wire::ask(admin, &get("/readyz", "")).await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));

    let stop = beside(host.stop());
    assert_eq!(idle.rest().await, "");
    assert_eq!(silent.rest().await, "");
    until(async || TcpStream::connect(address).await.err()).await;
    let ready = Wire::ask(admin, &get("/readyz", "")).await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "stopping\n"));
    assert_eq!(Wire::ask(admin, &get("/livez", "")).await.status, 200);

    assert!(!stop.is_finished(), "a request is still running");
    call.heart().await;
    let answer = running.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, HELD_ANSWER));
    assert_eq!(running.rest().await, "");
    assert_eq!(soon(stop).await.unwrap(), 0);
    assert!(TcpStream::connect(admin).await.is_err());
}

#[tokio::test]
async fn streams_of_http2_finish_too() {
    let gate = Gate::start().await;
    let host = host(&gate, PATIENT, "").await;
    let http2 = http::Version::HTTP_2;
    let request = host.request("GET", HELD).version(http2);
    let request = request.body(http_body_util::Full::<bytes::Bytes>::default());
    let executor = hyper_util::rt::TokioExecutor::new();
    let client = hyper_util::client::legacy::Client::builder(executor)
        .http2_only(true)
        .build_http();
    let running = beside(client.request(request.unwrap()));
    let mut call = gate.call().await;
    let address = host.address();
    let stop = beside(host.stop());
    until(async || TcpStream::connect(address).await.err()).await;
    assert!(!stop.is_finished() && !running.is_finished());
    call.heart().await;
    assert_eq!(soon(running).await.unwrap().unwrap().status(), 200);
    assert_eq!(soon(stop).await.unwrap(), 0);
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let gate = Gate::start().await;
    let host = host(&gate, "server.shutdown-timeout = \"200ms\"", "").await;
    let mut one = held(&host).await;
    let mut first = gate.call().await;
    let mut two = held(&host).await;
    let mut second = gate.call().await;
    assert_eq!(soon(host.stop()).await, 2);
    for wire in [&mut one, &mut two, &mut first, &mut second] {
        assert_eq!(wire.rest().await, "");
    }
}

#[tokio::test]
async fn an_idle_host_stops_at_once() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    host.get("/watch/ada").await.unwrap();
    host.get_http2("/watch/ada").await.unwrap();
    assert_eq!(soon(host.stop()).await, 0);
}
