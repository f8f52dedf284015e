//! The limits of a call: connections and waiting calls, the size of an answer, and time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use downstream_mock::scripted::{Gate, Response, ScriptedService};
use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use tailor_harness::{Offline, Reply, TestHost};
use tokio::net::{TcpSocket, TcpStream};

use super::relay::{failure, relay};
use super::{answering, host, host_with, plain};
use crate::observe::{calls, eventually, metric};
use crate::wire::soon;

#[tokio::test]
async fn calls_beyond_the_connections_wait_and_beyond_those_are_refused() {
    let gate = Gate::new();
    let passed = gate.clone();
    let answer = move |_| Response::text("ok").after(passed.pass());
    let raw = ScriptedService::start(answer).unwrap();
    let settings = "max-calls = 2\nmax-queued = 3";
    let host = host(&[("svc", raw.url(), settings)]).await;
    let waiting = async |count: f64| {
        eventually("calls that wait", async || {
            let labels = [("service", "svc")];
            let waiting = metric(&host, "tailor_downstream_waiting", &labels).await;
            (waiting == Some(count)).then_some(())
        })
        .await;
    };
    let five = join_all((0..5).map(|_| host.get("/svc/x")));
    let sixth = async {
        soon(raw.wait_for(2)).await;
        waiting(3.0).await;
        let sixth = host.get("/svc/x").await.unwrap();
        // Before anything was released: a call that is refused does not wait first.
        gate.open(5);
        sixth
    };
    let (five, sixth) = tokio::join!(five, sixth);
    assert_eq!(failure(&sixth), Some(("overloaded", false)), "{sixth:?}");
    for reply in five {
        assert_eq!(reply.unwrap().status, 200);
    }
    waiting(0.0).await;
    assert_eq!((raw.accepted(), raw.most_open(), raw.count()), (2, 2, 5));
    assert_eq!(calls(&host, "svc", "overloaded").await, 1.0);
    assert_eq!(calls(&host, "svc", "2xx").await, 5.0);
}

#[tokio::test]
async fn a_call_waits_for_its_turn_only_as_long_as_it_may() {
    let services = Services::start().unwrap();
    services
        .set_fault(Service::Profile, Fault::hang())
        .await
        .unwrap();
    // Two BFFs that share a service, one of them with short timeouts.
    let builder = TestHost::builder().unwrap().workers(1);
    let url = services.url(Service::Profile);
    let mut builder = plain(builder, "profile", &url, "max-calls = 1");
    for (name, timeout_ms) in [("slow", None), ("quick", Some(300))] {
        let route = format!("bff = \"{name}\"\nclient = \"profile\"\npath = \"/{name}\"");
        builder = builder
            .bff(name, &relay("v1", timeout_ms), "deadline = \"40s\"")
            .route(&route);
    }
    let host = builder.start().await.unwrap();
    let quick = async {
        services.wait_for_requests(Service::Profile, 1).await;
        let started = Instant::now();
        let reply = host.get("/quick/users/ada").await.unwrap();
        assert_eq!(failure(&reply), Some(("timeout", false)), "{reply:?}");
        assert!(
            reply.text().contains("waiting for its turn"),
            "{}",
            reply.text()
        );
        assert!(started.elapsed() < Duration::from_secs(20));
    };
    tokio::select! {
        _ = host.get("/slow/users/ada") => panic!("the service answers nothing"),
        () = quick => {}
    }
    assert_eq!(services.counts(Service::Profile).requests, 1);
}

/// Calls a service that answers with these bytes and then keeps the connection, under a cap of 16
/// bytes.
async fn capped(answer: &'static str) -> (Reply, ScriptedService, TestHost) {
    let raw = answering(answer);
    let settings = "max-response-size = \"16B\"";
    let host = host(&[("svc", raw.url(), settings)]).await;
    let reply = host.get("/svc/x").await.unwrap();
    (reply, raw, host)
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_cap() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n0123456789abcdef",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n",
    ] {
        let (reply, ..) = capped(answer).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text().as_str()),
            (200, "0123456789abcdef")
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_larger_is_cut_off_where_that_shows() {
    for answer in [
        // Announced: nothing of the body ever comes.
        "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n",
        // Not announced.
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n01234567\r\n9\r\n89abcdefg\r\n",
        "HTTP/1.0 200 OK\r\n\r\n0123456789abcdefg",
    ] {
        let (reply, raw, host) = capped(answer).await;
        assert_eq!(failure(&reply), Some(("too-large", true)), "{answer:?}");
        // A connection with the rest of an answer in it is unusable.
        eventually("the host has closed the connection", async || {
            (raw.open() == 0).then_some(())
        })
        .await;
        assert_eq!(calls(&host, "svc", "too-large").await, 1.0);
    }
}

#[tokio::test]
async fn a_stream_without_end_is_stopped_at_the_cap() {
    let answer = |_| Response::new(200).repeat("x".repeat(0x1000), Duration::ZERO);
    let raw = ScriptedService::start(answer).unwrap();
    let settings = "max-response-size = \"100KiB\"";
    let host = host(&[("svc", raw.url(), settings)]).await;
    let reply = host.get("/svc/x").await.unwrap();
    assert_eq!(failure(&reply), Some(("too-large", true)), "{reply:?}");
    eventually("the service cannot send any more", async || {
        (raw.open() == 0).then_some(())
    })
    .await;
}

/// Makes a call, and expects a timeout in a phase.
async fn times_out(host: &TestHost, path: &str, sent: bool, phase: &str) -> Duration {
    let started = Instant::now();
    let reply = host.get(path).await.unwrap();
    assert_eq!(failure(&reply), Some(("timeout", sent)), "{reply:?}");
    assert!(reply.text().contains(phase), "{}", reply.text());
    started.elapsed()
}

#[tokio::test]
async fn the_head_of_an_answer_has_a_limit_of_its_own() {
    let services = Services::start().unwrap();
    let settings = "timeout = \"30s\"\nfirst-byte-timeout = \"300ms\"";
    let host = host(&[("heart", services.url(Service::Heart), settings)]).await;
    let path = "/heart/users/ada/days/2026-01-15";
    services
        .set_fault(Service::Heart, Fault::hang())
        .await
        .unwrap();
    let took = times_out(&host, path, true, "waiting for the answer").await;
    assert!(took < Duration::from_secs(20), "{took:?}");
    // A head in time, and a body that takes longer than a head may: about 12 KB in 12 pieces.
    let slow = Fault::trickle(1_000, Duration::from_millis(60));
    services.set_fault(Service::Heart, slow).await.unwrap();
    let reply = host.get(path).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["date"], "2026-01-15");
}

#[tokio::test]
async fn the_whole_call_has_a_limit() {
    let services = Services::start().unwrap();
    let settings = "timeout = \"500ms\"\nfirst-byte-timeout = \"500ms\"";
    let host = host(&[("heart", services.url(Service::Heart), settings)]).await;
    let slow = Fault::trickle(1, Duration::from_millis(20));
    services.set_fault(Service::Heart, slow).await.unwrap();
    let path = "/heart/users/ada/days/2026-01-15";
    let took = times_out(&host, path, true, "reading the answer").await;
    assert!(took < Duration::from_secs(20), "{took:?}");
    // The service learns that its caller is gone.
    services.wait_for_aborted(Service::Heart, 1).await;
}

#[tokio::test]
async fn a_connection_must_be_made_in_time() {
    let full = Full::start().await;
    let settings = "timeout = \"30s\"\nfirst-byte-timeout = \"30s\"\nconnect-timeout = \"200ms\"";
    let host = host(&[("svc", format!("http://{}", full.address), settings)]).await;
    let took = times_out(&host, "/svc/x", false, "connect").await;
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// A listener that accepts nothing, with enough connections in its queue that the system drops
/// further ones.
struct Full {
    address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl Full {
    async fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        let wait = Duration::from_secs(1);
        while let Ok(stream) = tokio::time::timeout(wait, TcpStream::connect(address)).await {
            queued.push(stream.unwrap());
        }
        Self {
            address,
            _listener: listener,
            _queued: queued,
        }
    }
}

#[tokio::test]
async fn a_bff_can_shorten_the_time_of_a_call_and_not_lengthen_it() {
    let never = async |_| std::future::pending().await;
    let short = Offline::from_bytes(&relay("v1", Some(50)))
        .unwrap()
        .service("offline", never)
        .settings(|bff| bff.deadline = Duration::from_secs(40));
    let invoked = short.get("/x").await;
    let reply = invoked.result.unwrap();
    assert_eq!(reply.status.as_u16(), 573, "timeout, sent");
    assert!(invoked.cost.took_us < 20_000_000, "{:?}", invoked.cost);

    let services = Services::start().unwrap();
    services
        .set_fault(Service::Profile, Fault::hang())
        .await
        .unwrap();
    let settings = "timeout = \"300ms\"\nfirst-byte-timeout = \"300ms\"";
    let long = relay("v1", Some(39_000));
    let host = host_with(
        &long,
        &[("profile", services.url(Service::Profile), settings)],
    )
    .await;
    let took = times_out(&host, "/profile/users/ada", true, "waiting").await;
    assert!(took < Duration::from_secs(20), "{took:?}");
}
