//! What it takes to draw the watch face and the dashboard: through their BFFs, and straight from
//! the services.
//!
//! `cargo run --example numbers` starts the services and a host, draws both screens through it over
//! a plain socket, then makes the very calls that the BFFs made, as a client without a BFF would
//! have to. It prints a table in Markdown, the one in `docs/inside/numbers.md`. Bytes are counted;
//! times are worked out from them and from the round trips, so that the table is the same on every
//! machine.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use downstream_mock::{Service, Services};
use tailor_harness::TestHost;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Time from a mobile client to a server and back, milliseconds.
const ROUND_TRIP_MS: usize = 100;
/// Bits that arrive in a millisecond at 1 Mbit/s.
const BITS_PER_MS: usize = 1_000;

const CONFIG: &str = r#"
[bff.watch]
component = "watch.wasm"
downstreams = ["activity", "heart", "sleep"]
[bff.dashboard]
component = "dashboard.wasm"
downstreams = ["activity", "goals", "heart", "profile", "sleep"]
[[route]]
bff = "watch"
path = "/watch"
[[route]]
bff = "dashboard"
path = "/dashboard"
"#;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    print!("{}", runtime.block_on(table())?);
    Ok(())
}

/// The size of one response, or of several together.
#[derive(Clone, Copy, Default)]
struct Received {
    answers: usize,
    body: usize,
    head: usize,
}

impl Received {
    fn add(&mut self, other: Self) {
        self.answers += other.answers;
        self.body += other.body;
        self.head += other.head;
    }
}

/// The table, a line each screen and way.
pub async fn table() -> anyhow::Result<String> {
    let services = Services::start()?;
    let host = TestHost::builder()?
        .example("watch")?
        .example("dashboard")?
        .services(&services, "")
        .config(CONFIG)
        .start()
        .await?;
    let bff = host.address().to_string();

    let mut table = String::from(
        "| screen | way | requests | bytes of bodies | with heads | round trips | time |\n\
         |---|---|--:|--:|--:|--:|--:|\n",
    );
    let watch = "/watch/ada?date=2026-01-15";
    let received = get(&bff, watch, "application/json").await?;
    row(&mut table, "watch face", "BFF, as JSON", received, 1)?;
    let direct = straight(&services).await?;
    let received = get(&bff, watch, "text/plain").await?;
    row(&mut table, "", "BFF, as text", received, 1)?;
    rows_of_services(&mut table, direct)?;

    services.clear_all_requests();
    let received = get(&bff, "/dashboard/ada?date=2026-01-15", "application/json").await?;
    row(&mut table, "dashboard", "BFF", received, 1)?;
    rows_of_services(&mut table, straight(&services).await?)?;
    Ok(table)
}

/// Makes the calls that the services have noted since they were cleared, once more and one by one.
async fn straight(services: &Services) -> anyhow::Result<Received> {
    let mut all = Received::default();
    for service in Service::ALL {
        let address = services.addr(service).to_string();
        for call in services.requests(service) {
            all.add(get(&address, call.path_and_query(), "application/json").await?);
        }
    }
    Ok(all)
}

fn rows_of_services(table: &mut String, received: Received) -> std::fmt::Result {
    row(
        table,
        "",
        "services, one after the other",
        received,
        received.answers,
    )?;
    row(
        table,
        "",
        "services, side by side on one HTTP/2 connection",
        received,
        1,
    )
}

fn row(
    table: &mut String,
    screen: &str,
    way: &str,
    received: Received,
    round_trips: usize,
) -> std::fmt::Result {
    let bytes = received.body + received.head;
    let time = round_trips * ROUND_TRIP_MS + (bytes * 8).div_ceil(BITS_PER_MS);
    writeln!(
        table,
        "| {screen} | {way} | {} | {} | {} | {round_trips} | {time} ms |",
        received.answers,
        thousands(received.body),
        thousands(bytes),
    )
}

fn thousands(number: usize) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}

/// Sends a request over HTTP/1.1 and counts the bytes of the response, with its head as on the
/// wire.
async fn get(address: &str, target: &str, accept: &str) -> anyhow::Result<Received> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let head = loop {
        ensure!(stream.read_buf(&mut answer).await? > 0, "{target}: no head");
        if let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&answer[..head])?.to_ascii_lowercase();
    ensure!(text.starts_with("http/1.1 200 "), "{target}: {text}");
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let body = length
        .with_context(|| format!("{target}: no length: {text}"))?
        .parse::<usize>()?;
    while answer.len() < head + body {
        ensure!(
            stream.read_buf(&mut answer).await? > 0,
            "{target}: body is cut off"
        );
    }
    Ok(Received {
        answers: 1,
        body,
        head,
    })
}
