//! Waiting: on a service that never answers, and for a client that is not there any more.

use downstream_mock::{Fault, Outcome, Service};
use futures_util::future::select_all;
use http::Version;
use http_body_util::Full;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::arena::{Arena, HostileBff};

#[tokio::test]
async fn a_service_that_never_answers_leaves_time_for_an_answer() {
    // The service may take as long as the deadline; what ends the call before it is the time kept
    // back.
    let settings = "deadline = \"2s\"\nanswer-reserve = \"1s\"";
    let arena = Arena::start(&[HostileBff::guest("waits", settings)]).await;
    arena
        .services
        .set_fault(Service::Goals, Fault::hang())
        .await
        .unwrap();
    let reply = arena
        .beside_neighbour(arena.host.get("/waits/wait"))
        .await
        .unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        (
            reply.json()["kind"].as_str(),
            reply.json()["sent"].as_bool()
        ),
        (Some("timeout"), Some(true))
    );
    let requests = arena.services.wait_for_aborted(Service::Goals, 1).await;
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn waiting_again_and_again_ends_with_the_deadline() {
    let settings = "deadline = \"2s\"\nlimits.cpu = \"2s\"\nlimits.calls = 1000";
    let arena = Arena::start(&[HostileBff::guest("waits", settings)]).await;
    arena
        .services
        .set_fault(Service::Goals, Fault::hang())
        .await
        .unwrap();
    arena
        .is_stopped("waits", "/wait-again-and-again", 504, "bff-deadline")
        .await;
}

/// A request over HTTP/1.1 on a connection of its own, of which nothing was read yet.
async fn ask(arena: &Arena, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(arena.host.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: tailor\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Sends this many requests at once over HTTP/2, and cancels all as soon as `begun` says that they
/// are under way.
///
/// The connection, which the neighbour's clients use as well, stays; only the streams are reset.
async fn ask_and_take_back(arena: &Arena, path: &str, times: u64, begun: impl Future<Output = ()>) {
    let request = |_| {
        let request = arena.host.request("GET", path).version(Version::HTTP_2);
        arena.host.send(request.body(Full::default()).unwrap())
    };
    tokio::select! {
        (reply, _, _) = select_all((0..times).map(request).map(Box::pin)) => panic!("an answer: {reply:?}"),
        () = begun => {}
    }
}

/// Limits so large that only the client's disconnect can end the request while the test waits.
const ENDLESS: &str = "deadline = \"1000s\"\nlimits.cpu = \"1000s\"";

#[tokio::test]
async fn a_loop_ends_when_its_client_hangs_up() {
    let arena = Arena::start(&[HostileBff::guest("loop", ENDLESS)]).await;
    arena
        .beside_neighbour(async {
            let stream = ask(&arena, "/loop/loop").await;
            arena.wait_until_running("loop", 1).await;
            drop(stream);
            arena.wait_until_running("loop", 0).await;
        })
        .await;
    assert_eq!(arena.counted("loop", "client-gone").await, 1);
}

#[tokio::test]
async fn a_loop_ends_when_its_stream_is_reset() {
    // More than there are workers, so that some run on another than the connection's.
    const STREAMS: u64 = 4;
    let arena = Arena::start(&[HostileBff::guest("loop", ENDLESS)]).await;
    arena
        .beside_neighbour(async {
            let begun = arena.wait_until_running("loop", STREAMS);
            ask_and_take_back(&arena, "/loop/loop", STREAMS, begun).await;
            arena.wait_until_running("loop", 0).await;
        })
        .await;
    assert_eq!(arena.counted("loop", "client-gone").await, STREAMS);
}

#[tokio::test]
async fn a_call_is_taken_back_when_the_client_goes() {
    for http2 in [false, true] {
        for path in ["/waits/wait", "/waits/start?count=1"] {
            let waits = [HostileBff::guest("waits", ENDLESS)];
            let arena = Arena::with_patient_calls(&waits, "1000s").await;
            let hang = Fault::hang();
            arena
                .services
                .set_fault(Service::Goals, hang)
                .await
                .unwrap();
            let begun = async {
                arena.services.wait_for_requests(Service::Goals, 1).await;
            };
            let requests = arena
                .beside_neighbour(async {
                    if http2 {
                        ask_and_take_back(&arena, path, 1, begun).await;
                    } else {
                        let stream = ask(&arena, path).await;
                        begun.await;
                        drop(stream);
                    }
                    arena.services.wait_for_aborted(Service::Goals, 1).await
                })
                .await;
            assert_eq!(requests[0].outcome, Outcome::Aborted);
            arena.wait_until_running("waits", 0).await;
            assert_eq!(
                arena.counted("waits", "client-gone").await,
                1,
                "HTTP/2: {http2}, {path}"
            );
        }
    }
}

#[tokio::test]
async fn many_loops_end_with_their_clients() {
    const LOOPS: u64 = 32;
    let arena = Arena::start(&[HostileBff::guest("loop", ENDLESS)]).await;
    arena
        .beside_neighbour(async {
            let mut streams = Vec::new();
            for _ in 0..LOOPS {
                streams.push(ask(&arena, "/loop/loop").await);
            }
            arena.wait_until_running("loop", LOOPS).await;
            drop(streams);
            arena.wait_until_running("loop", 0).await;
        })
        .await;
    assert_eq!(arena.counted("loop", "client-gone").await, LOOPS);
}
