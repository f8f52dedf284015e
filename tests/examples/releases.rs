//! How long a release takes, and what many of them leave behind.
//!
//! `cargo run --example releases` starts the program itself and prints a table in Markdown: from the
//! first byte of an upload to the first answer of the new version, for a component of Rust, one of
//! TypeScript, and one that was compiled before; from the order to its answer for a rollback to the
//! version before, with which it is live; and the memory before and after 1,000 swaps.
//!
//! `cargo run --example releases -- 50` makes that 50 swaps.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[path = "../integration/wire.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod wire;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tailor::digest::hex;
use tailor_harness::Process;
use tailor_harness::components::example;

use self::wire::{Wire, get};

const MIB: u64 = 1 << 20;
/// Each time is the median of this number of releases.
const ROUNDS: usize = 5;

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[log]
format = "json"
access = false
[engine]
data-dir = "data"
[downstream.activity]
url = "http://127.0.0.1:9"
[downstream.profile]
url = "http://127.0.0.1:9"
[bff.rust]
releases = true
downstreams = ["activity", "profile"]
[bff.typescript]
releases = true
downstreams = ["activity", "profile"]
[[route]]
bff = "rust"
path = "/rust"
[[route]]
bff = "typescript"
path = "/typescript"
"#;

fn main() -> anyhow::Result<()> {
    let swaps: usize = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 1_000,
    };
    tokio::runtime::Runtime::new()?.block_on(table(swaps))
}

async fn table(swaps: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("tailor.toml"), CONFIG)?;
    let host = Process::serve(&folder.path().join("tailor.toml"))?;
    let api = Api {
        admin: host.admin_address()?,
        clients: host.address()?,
    };
    println!("| what | size, KiB | median of {ROUNDS}, ms |");
    println!("|---|--:|--:|");
    let (rust, typescript) = (read("watch")?, read("phone")?);
    for (what, bff, component) in [
        ("Rust", "rust", &rust),
        ("TypeScript", "typescript", &typescript),
    ] {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            times.push(api.ship(bff, &stamped(component, round)).await?);
        }
        tell(
            &format!("upload to live, a new component of {what}"),
            component,
            times,
        );
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            times.push(api.ship(bff, &stamped(component, round % 2)).await?);
        }
        tell(
            &format!("the same, compiled before, {what}"),
            component,
            times,
        );
    }
    api.ship("rust", &stamped(&rust, 0)).await?;
    api.ship("rust", &stamped(&rust, 1)).await?;
    let before = resident(&host)?;
    let mut times = Vec::new();
    for _ in 0..swaps {
        times.push(api.roll_back().await?);
    }
    let after = resident(&host)?;
    tell(
        &format!("rollback, order to answer, of {swaps}"),
        &rust,
        times,
    );
    println!();
    println!(
        "Memory after {swaps} swaps: {} MiB, before: {} MiB",
        after.div_ceil(MIB),
        before.div_ceil(MIB)
    );
    ensure!(after < before + 64 * MIB, "swaps leave memory behind");
    Ok(())
}

fn read(name: &str) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(example(name)?)?)
}

/// The component under another digest: what is added is a section that nobody reads.
fn stamped(component: &[u8], number: usize) -> Vec<u8> {
    let mut whole = component.to_vec();
    whole.extend([0, 6, 1, b's']);
    whole.extend(u32::try_from(number).unwrap_or_default().to_le_bytes());
    whole
}

fn tell(what: &str, component: &[u8], mut times: Vec<Duration>) {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "| {what} | {} | {:.1} |",
        component.len() >> 10,
        median.as_secs_f64() * 1e3
    );
}

/// Memory of a process, bytes.
fn resident(host: &Process) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("VmRSS")?.parse::<u64>()? << 10)
}

struct Api {
    admin: SocketAddr,
    clients: SocketAddr,
}

impl Api {
    /// Uploads and releases a component. Returns the time until the first answer of its version.
    async fn ship(&self, bff: &str, component: &[u8]) -> anyhow::Result<Duration> {
        let (digest, began) = (hex(component), Instant::now());
        let put = self
            .send("PUT", &format!("/v1/components/{digest}"), component)
            .await?;
        ensure!(put.0 == 200 || put.0 == 201, "{put:?}");
        let order = json!({"digest": digest}).to_string();
        let begun = self
            .send(
                "POST",
                &format!("/v1/bffs/{bff}/releases"),
                order.as_bytes(),
            )
            .await?;
        ensure!(begun.0 == 202, "{begun:?}");
        let path = format!("/v1/bffs/{bff}/releases/{}", begun.1["number"]);
        loop {
            let release = self.send("GET", &path, b"").await?.1;
            match release["state"].as_str() {
                Some("live") => break,
                Some("proving") => tokio::time::sleep(Duration::from_millis(2)).await,
                _ => anyhow::bail!("{release}"),
            }
        }
        let answer = Wire::ask(self.clients, &get(&format!("/{bff}/nobody"), "")).await;
        ensure!(answer.code().is_empty(), "{answer:?}");
        Ok(began.elapsed())
    }

    async fn roll_back(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let back = self.send("POST", "/v1/bffs/rust/rollback", b"{}").await?;
        ensure!(back.0 == 202 && back.1["state"] == "live", "{back:?}");
        Ok(began.elapsed())
    }

    /// Sends a request. Returns the status and the document of the answer.
    async fn send(&self, method: &str, path: &str, body: &[u8]) -> anyhow::Result<(u16, Value)> {
        let mut wire = Wire::connect(self.admin).await;
        let length = body.len();
        wire.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        ))
        .await;
        wire.send_bytes(body).await;
        let answer = wire.answer().await;
        let document = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok((answer.status, document))
    }
}
