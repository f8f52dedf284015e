//! What clients can make the host hold: unread answers, bodies that do not end, streams without
//! number. All of it counts, the sum has a bound that leaves room for others, and all of it is
//! given back.

use tailor_harness::TestHost;

use crate::modules::{self, Part};
use crate::windows::{CANCEL, REFUSED_STREAM, StreamEvent, Streams};
use crate::wire::{Gate, Wire, get, soon, until};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Two BFFs: `/large` answers with this number of bytes, `/echo` with the body of the request.
async fn host(bytes: usize, settings: &str) -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("large.wasm", &modules::large(bytes)).unwrap();
    let echo = modules::echo(Part::Body);
    let builder = builder.file("echo.wasm", &echo).unwrap().config(settings);
    let builder = builder.config(
        "[bff.large]\ncomponent = \"large.wasm\"\ndeadline = \"1m\"\n\
         [bff.large.limits]\nresponse-size = \"16MiB\"\ncpu = \"10s\"\nqueue-timeout = \"1m\"\nqueue = 1000\n\
         [bff.echo]\ncomponent = \"echo.wasm\"\n\
         [[route]]\nbff = \"large\"\npath = \"/large\"\nmethods = [\"GET\", \"POST\"]\n\
         [[route]]\nbff = \"echo\"\npath = \"/echo\"\nmethods = [\"GET\", \"POST\", \"DELETE\"]\n",
    );
    builder.start().await.unwrap()
}

async fn metric(host: &TestHost, name: &str) -> usize {
    let metrics = host.admin("/metrics").await.unwrap().text();
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    let numbers = lines.filter_map(|line| line.rsplit(' ').next());
    numbers.map(|number| number.parse::<usize>().unwrap()).sum()
}

async fn in_flight(host: &TestHost) -> usize {
    metric(host, "tailor_bytes_in_flight").await
}

/// Requests of any BFF that there was no room for.
async fn refused(host: &TestHost) -> usize {
    let metrics = host.admin("/metrics").await.unwrap().text();
    let lines = metrics
        .lines()
        .filter(|line| line.contains("\"host-memory\""));
    let numbers = lines.filter_map(|line| line.rsplit(' ').next());
    numbers.map(|number| number.parse::<usize>().unwrap()).sum()
}

/// Waits until the host holds no bytes.
async fn is_empty(host: &TestHost) {
    until(async || (in_flight(host).await == 0).then_some(())).await;
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn an_answer_counts_until_the_client_took_it() {
    let host = host(300 * KIB, "server.flush-timeout = \"1h\"").await;
    let mut client = Streams::connect(host.address(), 0).await.at("/large");
    client.get(1).await;
    let head = client.of(1).await;
    assert_eq!(
        head,
        Some(StreamEvent::Head {
            ok: true,
            end: false
        })
    );
    assert!(in_flight(&host).await > 300 * KIB);
    client.window(0, 1 << 20).await;
    client.window(1, 100).await;
    let some = client.of(1).await;
    assert_eq!(
        some,
        Some(StreamEvent::Data {
            bytes: 100,
            end: false
        })
    );
    assert!(in_flight(&host).await > 300 * KIB);
    client.window(1, 1 << 20).await;
    let mut came = 100;
    while let Some(StreamEvent::Data { bytes, end }) = client.of(1).await {
        came += bytes;
        if end {
            break;
        }
    }
    assert_eq!(came, 300 * KIB);
    is_empty(&host).await;
    assert_eq!(metric(&host, "tailor_unread_answers_total").await, 0);
}

#[tokio::test]
async fn unread_answers_have_a_bound_that_leaves_room_for_others() {
    let host = host(
        32 * KIB,
        "server.max-bytes-in-flight = \"8MiB\"\nserver.flush-timeout = \"1h\"",
    )
    .await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = Streams::connect(host.address(), 0).await.at("/large");
        for stream in 0..100 {
            client.get(1 + 2 * stream).await;
        }
        clients.push(client);
    }
    // Each stream gets a head or a reset.
    for client in &mut clients {
        for _ in 0..100 {
            client.next().await.unwrap();
        }
    }
    let held = in_flight(&host).await;
    assert!((3 * MIB..=8 * MIB).contains(&held), "{held}");
    assert!(refused(&host).await > 100);
    // Another client is served, also by the same BFF.
    let answer = host.get("/large").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 32 * KIB));
    let answer = host.get_http2("/echo").await.unwrap();
    assert_eq!(answer.status.as_u16(), 200);
    drop(clients);
    is_empty(&host).await;
}

#[tokio::test]
async fn an_answer_that_there_is_no_room_for_is_503() {
    let settings = "server.max-bytes-in-flight = \"4MiB\"\nserver.max-body-size = \"128KiB\"";
    let host = host(2 * MIB, settings).await;
    let answer = host.get("/large").await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.header("tailor-error")),
        (503, "host-memory")
    );
    assert_eq!(answer.header("retry-after"), "1");
    is_empty(&host).await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_ends_alone() {
    for window in [0, 1, 70_000] {
        let settings = "server.flush-timeout = \"300ms\"\nserver.idle-timeout = \"1h\"";
        let host = host(300 * KIB, settings).await;
        let mut client = Streams::connect(host.address(), window).await.at("/large");
        client.window(0, 1 << 30).await;
        client.get(1).await;
        let mut asked = 3;
        client.get(asked).await;
        // The connection is in use all the time, by one stream after the other.
        let reset = soon(async {
            loop {
                match client.next().await.unwrap() {
                    (1, StreamEvent::Reset(code)) => return code,
                    (1, StreamEvent::Head { ok, .. }) => assert!(ok),
                    (stream, StreamEvent::Head { .. }) => client.window(stream, 1 << 20).await,
                    (_, StreamEvent::Data { end: true, .. }) => {
                        asked += 2;
                        client.get(asked).await;
                    }
                    _ => {}
                }
            }
        });
        assert_eq!(reset.await, CANCEL, "{window}");
        asked += 2;
        client.get(asked).await;
        let head = client.of(asked).await;
        assert_eq!(
            head,
            Some(StreamEvent::Head {
                ok: true,
                end: false
            })
        );
        drop(client);
        is_empty(&host).await;
        assert!(metric(&host, "tailor_unread_answers_total").await > 0);
    }
}

#[tokio::test]
async fn a_short_answer_that_never_fits_ends_with_its_connection() {
    let host = host(
        10 * KIB,
        "server.flush-timeout = \"300ms\"\nserver.idle-timeout = \"1h\"",
    )
    .await;
    let mut client = Streams::connect(host.address(), 100).await.at("/large");
    client.get(1).await;
    while client.next().await.is_some() {}
    is_empty(&host).await;
    assert_eq!(metric(&host, "tailor_unread_answers_total").await, 1);
}

#[tokio::test]
async fn an_answer_over_http1_that_is_not_read_ends_with_its_connection() {
    let host = host(
        12 * MIB,
        "server.flush-timeout = \"3s\"\nserver.idle-timeout = \"1h\"",
    )
    .await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send(&get("/large", "")).await;
    assert_eq!(wire.head().await.status, 200);
    assert!(in_flight(&host).await > 12 * MIB);
    is_empty(&host).await;
    assert!(wire.rest().await.len() < 12 * MIB);
    assert_eq!(metric(&host, "tailor_unread_answers_total").await, 1);
}

#[tokio::test]
async fn bodies_have_a_bound() {
    let settings = "server.max-bytes-in-flight = \"4MiB\"\nserver.max-streams = 100\n\
        server.body-timeout = \"1h\"\nserver.flush-timeout = \"1h\"";
    let host = host(1, settings).await;
    let mut clients = Vec::new();
    let mut all = 0;
    for _ in 0..8 {
        let client = Streams::connect(host.address(), 0).await.at("/echo");
        let mut client = client.opened().await;
        for stream in 0..25 {
            client.post(1 + 2 * stream).await;
            client.data(1 + 2 * stream, &[b'x'; 40 * KIB], false).await;
            all += 40 * KIB;
        }
        clients.push(client);
    }
    assert!(all > 7 * MIB);
    until(async || (refused(&host).await > 50).then_some(())).await;
    let held = in_flight(&host).await;
    assert!((MIB..=4 * MIB).contains(&held), "{held}");
    let answer = Wire::ask(host.address(), &post("/echo", "one")).await;
    assert_eq!(answer.body, "one");
    drop(clients);
    is_empty(&host).await;
}

#[tokio::test]
async fn a_body_takes_what_it_is_long_however_it_is_cut() {
    let host = host(1, "server.body-timeout = \"1h\"").await;
    let mut wire = Wire::connect(host.address()).await;
    wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let chunks = "1\r\nx\r\n".repeat(1000);
    for _ in 0..50 {
        wire.send(&chunks).await;
    }
    let held = until(async || Some(in_flight(&host).await).filter(|held| *held > 50_000)).await;
    assert!(held < 2 * 50_000 + 24 * KIB, "{held}");
    wire.send("0\r\n\r\n").await;
    assert_eq!(wire.answer().await.body.len(), 50_000);
    is_empty(&host).await;
    // A client that announces much and sends nothing uses no memory.
    wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n1")
        .await;
    let held = until(async || Some(in_flight(&host).await).filter(|held| *held > 0)).await;
    assert!(held < 24 * KIB, "{held}");
    drop(wire);
    is_empty(&host).await;
}

#[tokio::test]
async fn streams_without_bodies_have_a_bound() {
    let gate = Gate::start().await;
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let settings = "server.max-bytes-in-flight = \"1MiB\"\nserver.flush-timeout = \"1h\"";
    let builder = builder.config(settings).config(&gate.watch());
    let host = builder.start().await.unwrap();
    let path = "/watch/ada?date=2026-01-15";
    let mut client = Streams::connect(host.address(), 0).await.at(path);
    for stream in 0..100 {
        client.get(1 + 2 * stream).await;
    }
    // Some run, some are answered 503, and past that there is not even room for an answer.
    while client.next().await.unwrap().1 != StreamEvent::Reset(REFUSED_STREAM) {}
    let held = in_flight(&host).await;
    assert!((200 * KIB..=MIB / 2).contains(&held), "{held}");
    assert!(refused(&host).await > 40);
    // Cancelled streams and closed connections hold nothing.
    for stream in 0..10 {
        client.reset(1 + 2 * stream).await;
    }
    until(async || (in_flight(&host).await < held - 9 * 12 * KIB).then_some(())).await;
    drop(client);
    is_empty(&host).await;
}

#[tokio::test]
async fn a_body_of_get_is_short_and_the_refusal_says_how_short() {
    let host = host(1, "server.max-body-size = \"128KiB\"").await;
    for (method, limit) in [("GET", 64 * KIB), ("DELETE", 64 * KIB), ("POST", 128 * KIB)] {
        for (length, status) in [(limit, 200), (limit + 1, 413)] {
            let body = "x".repeat(length);
            let request = post("/echo", &body).replacen("POST", method, 1);
            let answer = Wire::ask(host.address(), &request).await;
            assert_eq!(answer.status, status, "{method} {length}");
            if status == 413 {
                let told = format!("longer than {limit} bytes");
                assert!(answer.body.contains(&told), "{}", answer.body);
            }
        }
    }
    is_empty(&host).await;
}
