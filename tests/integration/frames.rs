//! Clients of HTTP/2 that send frames but no requests.

use std::time::Duration;

use tailor_harness::TestHost;
use tailor_harness::frames::{
    CONTINUATION, DATA, END_STREAM, ENHANCE_YOUR_CALM, Frames, GOAWAY, HEADERS, PING, PRIORITY,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, get, head, post, reset,
};

use crate::modules::{self, ECHO, Part};
use crate::wire::{Gate, HELD, soon, until};

async fn echo(settings: &str) -> TestHost {
    let echo = modules::echo(Part::Path);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

async fn connect(host: &TestHost) -> Frames {
    soon(Frames::connect(host.address())).await.unwrap()
}

/// How many connections the host has ended for this reason.
async fn cut(host: &TestHost, reason: &str) -> u64 {
    let metrics = host.admin("/metrics").await.unwrap().text();
    let line = format!("tailor_client_connections_cut_total{{reason=\"{reason}\"}} ");
    let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
    found.map_or(0, |number| number.parse().unwrap())
}

/// Sends batches until the connection ends. How many were taken, and the code of the GOAWAY.
async fn flood(wire: &mut Frames, mut batch: impl FnMut(u32) -> Vec<u8>) -> (u32, Option<u32>) {
    for number in 0..100 {
        wire.send(&batch(number)).await;
        if let Err(code) = soon(wire.seen()).await {
            return (number, code);
        }
    }
    (100, None)
}

#[tokio::test]
async fn frames_that_ask_for_nothing_end_their_connection() {
    let host = echo("").await;
    let grow = 1_u32.to_be_bytes();
    for (number, useless) in [
        frame(PING, 0, 0, &[7; 8]),
        frame(SETTINGS, 0, 0, &[]),
        frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]),
        frame(WINDOW_UPDATE, 0, 0, &grow),
        frame(WINDOW_UPDATE, 0, 1, &grow),
        frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()),
        frame(DATA, 0, 1, &[7; 9]),
        frame(0xfe, 0, 0, &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wire = connect(&host).await;
        // One stream that is over, one that lasts.
        wire.send(&get(1, "/echo")).await;
        soon(wire.until(|frame| frame.stream == 1 && frame.flags & END_STREAM != 0)).await;
        wire.send(&post(3, "/echo")).await;
        let batch = useless.repeat(50);
        let (taken, code) = flood(&mut wire, |_| batch.clone()).await;
        assert_eq!(code, Some(ENHANCE_YOUR_CALM), "{useless:?}");
        assert!((10..60).contains(&taken), "{taken} batches of {useless:?}");
        assert_eq!(soon(wire.next()).await, None);
        let number = number as u64 + 1;
        until(async || (cut(&host, "frames").await == number).then_some(())).await;
        assert_eq!(host.get("/echo/x").await.unwrap().text(), "/x");
    }
}

#[tokio::test]
async fn a_body_of_nothing_ends_its_connection() {
    let host = echo("").await;
    let mut wire = connect(&host).await;
    wire.send(&post(1, "/echo")).await;
    let (_, code) = flood(&mut wire, |_| frame(DATA, 0, 1, &[]).repeat(50)).await;
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn a_head_in_endless_pieces_ends_its_connection() {
    let host = echo("").await;
    let mut wire = connect(&host).await;
    wire.send(&frame(HEADERS, END_STREAM, 1, &head("GET", "/echo")))
        .await;
    let more = frame(CONTINUATION, 0, 1, &[]);
    while wire.send(&more.repeat(50)).await {}
    let goaway = soon(wire.until(|frame| frame.kind == GOAWAY)).await;
    assert_eq!(
        goaway.and_then(|frame| frame.goaway()),
        Some(ENHANCE_YOUR_CALM)
    );
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_are_not_run_and_end_their_connection() {
    let gate = Gate::start().await;
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let host = builder.config(&gate.watch()).start().await.unwrap();
    let mut wire = connect(&host).await;
    let (taken, code) = flood(&mut wire, |number| {
        let streams = (0..10).map(|stream| (number * 10 + stream) * 2 + 1);
        streams
            .flat_map(|stream| [get(stream, HELD), reset(stream)].concat())
            .collect()
    })
    .await;
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
    assert!((8..30).contains(&taken), "{taken} batches");
    until(async || (cut(&host, "resets").await == 1).then_some(())).await;
    assert!(!gate.is_called().await);
}

#[tokio::test]
async fn resets_that_the_host_is_made_to_send_are_those_of_the_client() {
    let host = echo("").await;
    let mut wire = connect(&host).await;
    let (taken, code) = flood(&mut wire, |number| {
        let streams = (0..10).map(|stream| (number * 10 + stream) * 2 + 1);
        streams
            .flat_map(|stream| {
                // A window that grows beyond all bounds is an error of its stream.
                let wrong = frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff]);
                [post(stream, "/echo"), wrong].concat()
            })
            .collect()
    })
    .await;
    assert_eq!(code, Some(ENHANCE_YOUR_CALM));
    assert!(taken < 30, "{taken} batches");
}

#[tokio::test]
async fn a_client_that_uses_its_connection_meets_no_limit() {
    let host = echo("").await;
    let mut wire = connect(&host).await;
    let mut stream = 1;
    for _page in 0..20 {
        // A closed page: most of its requests are cancelled.
        let left: Vec<u8> = (0..20)
            .flat_map(|more| get(stream + 2 * more, "/echo"))
            .chain((0..20).flat_map(|more| reset(stream + 2 * more)))
            .collect();
        wire.send(&left).await;
        stream += 40;
        for _ in 0..20 {
            wire.send(&get(stream, "/echo")).await;
            wire.send(&frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()))
                .await;
            let last = stream;
            let answered =
                wire.until(|frame| frame.stream == last && frame.flags & END_STREAM != 0);
            assert!(soon(answered).await.is_some());
            stream += 2;
        }
        assert_eq!(soon(wire.seen()).await, Ok(()));
    }
}

#[tokio::test]
async fn pings_do_not_keep_a_connection() {
    let host = echo("server.idle-timeout = \"400ms\"\nserver.header-timeout = \"1h\"").await;
    let mut wire = connect(&host).await;
    wire.send(&get(1, "/echo")).await;
    let pings = frame(PING, 0, 0, &[7; 8]).repeat(2);
    soon(async {
        loop {
            wire.send(&pings).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let two = async {
                for _ in 0..2 {
                    let found = wire
                        .until(|frame| matches!(frame.kind, PING | GOAWAY))
                        .await;
                    if found.is_none_or(|frame| frame.kind == GOAWAY) {
                        return true;
                    }
                }
                false
            };
            if two.await {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_never_asks_is_told_to_go() {
    let host = echo("server.header-timeout = \"2s\"\nserver.idle-timeout = \"1h\"").await;
    let mut wire = connect(&host).await;
    let goaway = soon(wire.until(|frame| frame.kind == GOAWAY)).await;
    assert_eq!(goaway.and_then(|frame| frame.goaway()), Some(0));
    soon(async { while wire.next().await.is_some() {} }).await;
}

#[tokio::test]
async fn a_large_answer_costs_its_reader_nothing() {
    const SIZE: usize = 24 << 20;
    let limits = "[bff.echo.limits]\nresponse-size = \"24MiB\"\nhostcall-bytes = \"25MiB\"";
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::large(SIZE)).unwrap();
    let builder = builder
        .config("server.max-control-frames = 10")
        .config(ECHO);
    let host = builder.config(limits).start().await.unwrap();
    let mut wire = connect(&host).await;
    wire.send(&get(1, "/echo")).await;
    let (mut size, mut ended) = (0, false);
    while !ended {
        let frame = soon(wire.next()).await.unwrap();
        if frame.kind == DATA {
            size += frame.payload.len();
            ended = frame.flags & END_STREAM != 0;
            // The most eager reader: both windows, for each frame.
            let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
            for stream in [0, 1] {
                wire.send(&frame_of_window(stream, &more)).await;
            }
        }
    }
    assert_eq!(size, SIZE);
}

fn frame_of_window(stream: u32, more: &[u8]) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, more)
}
