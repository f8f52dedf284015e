//! The effect of a BFF that uses all the CPU it can get on a neighbour's clients, and how two such
//! BFFs share it.
//!
//! `cargo run --example fairness` asks the example BFF `watch`, whose services answer at once, one
//! request after the other: alone, and beside 64 clients that make another BFF compute without an
//! end, or call the host again and again with calls that end at once. Then two BFFs of weights 100
//! and 300 compute side by side, and one alone. `-- 2` takes 2 seconds for each row; the default is
//! 5. It prints tables in Markdown. The clients, the services and the host share the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use downstream_mock::Services;
use tailor_harness::components::hostile;
use tailor_harness::{TestHost, TestHostBuilder};

/// Clients of the BFF that takes the CPU.
const CLIENTS: usize = 64;
const NEIGHBOUR: &str = "/watch/ada?date=2026-01-15";
const WAYS: [&str; 7] = [
    "compute",
    "denied",
    "exhausted",
    "fetch-all",
    "start-and-drop",
    "log",
    "fill",
];

fn main() -> anyhow::Result<()> {
    let seconds = match std::env::args().nth(1) {
        Some(seconds) => seconds.parse()?,
        None => 5.0,
    };
    let time = Duration::from_secs_f64(seconds);
    let event_loop = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    event_loop.block_on(async {
        println!("| beside {CLIENTS} clients of | answers | p50, ms | p99, ms | longest, ms |");
        println!("|---|--:|--:|--:|--:|");
        beside(None, time).await?;
        for way in WAYS {
            beside(Some(way), time).await?;
        }
        println!("\n| BFFs that compute | CPU time a second |");
        println!("|---|---|");
        shares(&[("light", 100), ("heavy", 300)], time).await?;
        shares(&[("alone", 100)], time).await
    })
}

/// One row: the neighbour's latencies.
async fn beside(way: Option<&str>, time: Duration) -> anyhow::Result<()> {
    let services = Services::start()?;
    let host = Arc::new(host(&services, &[("busy", 100)])?.start().await?);
    host.get(NEIGHBOUR).await?;
    let over = Arc::new(AtomicBool::new(false));
    let clients = way.map(|way| clients(&host, format!("/busy/busy?with={way}"), &over));
    let mut took = ask(&host, time).await?;
    over.store(true, Ordering::Relaxed);
    for client in clients.into_iter().flatten() {
        client.await?;
    }
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "| {} | {} | {:.1} | {:.1} | {:.1} |",
        way.unwrap_or("nobody"),
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

/// Sends requests to the neighbour for this time, one after the other.
async fn ask(host: &TestHost, time: Duration) -> anyhow::Result<Vec<Duration>> {
    let end = Instant::now() + time;
    let mut took = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        let reply = host.get(NEIGHBOUR).await?;
        ensure!(
            reply.status == 200,
            "the neighbour answered {}: {}",
            reply.status,
            reply.text()
        );
        took.push(began.elapsed());
    }
    Ok(took)
}

/// Clients that send the next request as soon as they have an answer of any kind.
fn clients(
    host: &Arc<TestHost>,
    path: String,
    over: &Arc<AtomicBool>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let client = |_| {
        let (host, path, over) = (host.clone(), path.clone(), over.clone());
        async move {
            while !over.load(Ordering::Relaxed) {
                let _ = host.get(&path).await;
            }
        }
    };
    #[expect(clippy::disallowed_methods, reason = "they are waited for")]
    (0..CLIENTS).map(client).map(tokio::spawn).collect()
}

/// One row: what the BFFs have of the CPU.
async fn shares(bffs: &[(&str, u32)], time: Duration) -> anyhow::Result<()> {
    let services = Services::start()?;
    let host = Arc::new(host(&services, bffs)?.start().await?);
    let over = Arc::new(AtomicBool::new(false));
    let paths = bffs.iter().map(|(name, _)| format!("/{name}/loop"));
    let clients: Vec<_> = paths.flat_map(|path| clients(&host, path, &over)).collect();
    // The first requests of all begin together, and end together.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut before = Vec::new();
    for (name, _) in bffs {
        before.push(used(&host, name).await?);
    }
    tokio::time::sleep(time).await;
    let mut shown = Vec::new();
    for ((name, weight), before) in bffs.iter().zip(before) {
        let used = (used(&host, name).await? - before) / time.as_secs_f64();
        shown.push(format!("{name} (weight {weight}): {used:.2}"));
    }
    over.store(true, Ordering::Relaxed);
    println!("| {} | {} |", bffs.len(), shown.join(", "));
    for client in clients {
        client.await?;
    }
    Ok(())
}

/// CPU time of all requests of a BFF that have ended, seconds.
async fn used(host: &TestHost, bff: &str) -> anyhow::Result<f64> {
    let metrics = host.admin("/metrics").await?.text();
    let name = format!("tailor_guest_cpu_seconds_sum{{bff=\"{bff}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    Ok(line
        .context("the metrics have the BFF's CPU time")?
        .parse()?)
}

fn host(services: &Services, bffs: &[(&str, u32)]) -> anyhow::Result<TestHostBuilder> {
    let mut builder = TestHost::builder()?.example("watch")?.instances(256);
    for (name, url) in services.urls() {
        builder = builder.config(&format!("[downstream.{name}]\nurl = \"{url}\"\n"));
    }
    builder = builder.config(
        "[bff.watch]\ncomponent = \"watch.wasm\"\n\
         downstreams = [\"activity\", \"heart\", \"profile\", \"sleep\"]\n\
         [[route]]\nbff = \"watch\"\npath = \"/watch\"",
    );
    let component = std::fs::read(hostile()?)?;
    for (name, weight) in bffs {
        builder = builder
            .file(&format!("{name}.wasm"), &component)?
            .config(&format!(
                "[bff.{name}]\ncomponent = \"{name}.wasm\"\ndownstreams = [\"goals\"]\n\
                 limits.cpu-weight = {weight}\nlimits.cpu-wait = \"60s\"\ndeadline = \"60s\"\n\
                 limits.cpu = \"20ms\"\n[[route]]\nbff = \"{name}\"\npath = \"/{name}\""
            ));
    }
    Ok(builder)
}
