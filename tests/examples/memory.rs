//! What clients can make the host hold: its resident memory before, at most, and 30 s after its
//! clients went.
//!
//! `cargo run --example memory` starts the program itself with the limits that it has by default, a
//! new one for each case: unread answers, bodies that do not end, bodies in chunks of one byte,
//! streams without a body. It prints a table in Markdown, and fails when a case takes more than
//! `server.max-bytes-in-flight` and 64 MiB, or keeps more than 64 MiB.
//!
//! `cargo run --example memory -- 2 4` runs the second and the fourth case alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../integration/modules.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod modules;
#[path = "../integration/windows.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod windows;
#[path = "../integration/wire.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod wire;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tailor_harness::Process;
use tokio::net::TcpStream;

use self::modules::Part;
use self::windows::Streams;
use self::wire::{Wire, beside};

const MIB: u64 = 1 << 20;
/// The default of `server.max-bytes-in-flight`, and what the host may take besides.
const BUDGET: u64 = 256 * MIB;
const BESIDES: u64 = 64 * MIB;
/// How long clients send, and the time from their end to the last measurement.
const TIME: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(30);

const CASES: [&str; 4] = [
    "8 connections x 128 answers of 1 MiB, window closed",
    "10 connections x 128 bodies of 1 MiB, not ended",
    "16 connections, a body of 1 MiB in chunks of 1 byte each",
    "1,000 connections x 128 streams that wait for their body",
];

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[log]
format = "json"
access = false
[bff.large]
component = "large.wasm"
limits = { concurrency = 8, queue = 2000, queue-timeout = "2s" }
[bff.echo]
component = "echo.wasm"
[[route]]
bff = "large"
path = "/large"
[[route]]
bff = "echo"
path = "/echo"
methods = ["GET", "POST"]
"#;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<usize> = std::env::args()
        .skip(1)
        .map(|number| number.parse())
        .collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Runtime::new()?;
    println!(
        "| case | before, MiB | at most, MiB | 30 s after, MiB | answers: 503 `host-memory` |"
    );
    println!("|---|--:|--:|--:|--:|");
    let mut failed = Vec::new();
    for (index, name) in CASES.iter().enumerate() {
        if !wanted.is_empty() && !wanted.contains(&(index + 1)) {
            continue;
        }
        let seen = runtime.block_on(case(index))?;
        let [before, most, after] =
            [seen.before, seen.most, seen.after].map(|bytes| bytes.div_ceil(MIB));
        println!(
            "| {name} | {before} | {most} | {after} | {} |",
            seen.refused
        );
        if seen.most > seen.before + BUDGET + BESIDES || seen.after > seen.before + BESIDES {
            failed.push(*name);
        }
    }
    ensure!(failed.is_empty(), "too much: {failed:?}");
    Ok(())
}

struct MemoryUse {
    before: u64,
    most: u64,
    after: u64,
    refused: u64,
}

async fn case(index: usize) -> anyhow::Result<MemoryUse> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes);
    write("large.wasm", &modules::large(1 << 20))?;
    write("echo.wasm", &modules::echo(Part::Body))?;
    write("tailor.toml", CONFIG.as_bytes())?;
    let host = Process::serve(&folder.path().join("tailor.toml"))?;
    let address = host.address()?;
    let line = host.wait_for(|line| line["message"] == "serving")?;
    let admin: SocketAddr = line["admin"].as_str().context("admin")?.parse()?;
    // After that, the host has allocated what it needs once, instances among it.
    for path in ["/large", "/echo"] {
        let request = wire::get(path, "");
        join_all((0..16).map(|_| Wire::ask(address, &request))).await;
    }
    let before = resident(&host)?;
    let clients = async {
        match index {
            0 => unread(address).await,
            1 => bodies(address).await,
            2 => chunks(address).await,
            _ => streams(address).await,
        }
    };
    let most = watched(&host, clients).await?;
    let refused = refused(admin).await;
    tokio::time::sleep(AFTER).await;
    Ok(MemoryUse {
        before,
        most,
        after: resident(&host)?,
        refused,
    })
}

/// Runs clients, for a time at most; returns the most memory that the host had meanwhile.
async fn watched(host: &Process, clients: impl Future<Output = ()>) -> anyhow::Result<u64> {
    let end = Instant::now() + TIME;
    let mut most = 0;
    let mut clients = std::pin::pin!(async {
        clients.await;
        std::future::pending::<()>().await;
    });
    while Instant::now() < end {
        tokio::select! {
            () = &mut clients => {}
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        most = most.max(resident(host)?);
    }
    Ok(most)
}

/// Memory of a process, bytes.
fn resident(host: &Process) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("VmRSS")?.parse::<u64>()? << 10)
}

async fn refused(admin: SocketAddr) -> u64 {
    let metrics = Wire::ask(admin, &wire::get("/metrics", "")).await.body;
    let lines = metrics
        .lines()
        .filter(|line| line.contains("\"host-memory\""));
    let numbers = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    numbers.sum()
}

async fn unread(address: SocketAddr) {
    let clients = (0..8).map(|_| async {
        let mut client = Streams::connect(address, 0).await.at("/large");
        for stream in 0..128 {
            client.get(1 + 2 * stream).await;
        }
        // Refused requests are repeated as long as there is time.
        let mut next = 257;
        while let Some((_, told)) = client.next().await {
            if matches!(told, windows::StreamEvent::Reset(_)) {
                tokio::time::sleep(Duration::from_millis(1)).await;
                client.get(next).await;
                next += 2;
            }
        }
        std::future::pending::<()>().await;
    });
    join_all(clients).await;
}

async fn bodies(address: SocketAddr) {
    let clients = (0..10).map(|_| async {
        let stream = TcpStream::connect(address).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        // Ends with the case: its event loop is the test's own, and the host is killed.
        let connection = beside(connection);
        let parts = || {
            let part = Bytes::from_static(&[b'x'; 16 << 10]);
            let parts = stream::repeat(part).take(63);
            let parts = parts.map(|part| Ok::<_, Infallible>(Frame::data(part)));
            StreamBody::new(parts.chain(stream::pending()).boxed())
        };
        let answers = (0..128).map(|_| {
            let request = Request::post(format!("http://{address}/echo"));
            sender.send_request(request.body(parts()).unwrap())
        });
        let answers: Vec<_> = answers.collect();
        join_all(answers).await;
        connection.abort();
    });
    join_all(clients).await;
}

async fn chunks(address: SocketAddr) {
    let clients = (0..16).map(|_| async {
        let mut wire = Wire::connect(address).await;
        wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        let part = "1\r\nx\r\n".repeat(1 << 10);
        for _ in 0..1 << 10 {
            if !wire.takes(&part).await {
                return;
            }
        }
        std::future::pending::<()>().await;
    });
    join_all(clients).await;
}

async fn streams(address: SocketAddr) {
    let mut clients = Vec::new();
    for _ in 0..1000 {
        let mut client = Streams::connect(address, 0).await.at("/echo");
        for stream in 0..128 {
            client.post(1 + 2 * stream).await;
        }
        clients.push(client);
    }
    std::future::pending::<()>().await;
}
