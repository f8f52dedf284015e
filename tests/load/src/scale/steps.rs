//! The steps of the scale run: each grows one quantity.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use http::StatusCode;

use super::host::Hosts;
use crate::drive::{Client, Expected, Load, Pace, Protocol, drive};
use crate::report::grouped;
use crate::stats::Latencies;
use crate::systems::Running;

/// One growing quantity, and the measured sizes.
pub(super) enum Step {
    /// Idle connections.
    Connections(Vec<usize>),
    /// Calls of one request, side by side.
    Calls(Vec<usize>),
    /// Bytes of an answer.
    Body(Vec<usize>),
    /// Requests that wait for a service.
    InFlight(Vec<usize>),
    /// BFFs.
    Bffs(Vec<usize>),
}

impl Step {
    pub(super) fn measure(&self, hosts: &Hosts<'_>, seconds: f64) -> anyhow::Result<String> {
        match self {
            Self::Connections(sizes) => connections(hosts, sizes, seconds),
            Self::Calls(sizes) => paths(hosts, sizes, seconds, "calls of a request", |size| {
                format!("/b0/calls?n={size}")
            }),
            Self::Body(sizes) => paths(hosts, sizes, seconds, "bytes of an answer", |size| {
                format!("/b0/body?bytes={size}")
            }),
            Self::InFlight(sizes) => in_flight(hosts, sizes),
            Self::Bffs(sizes) => bffs(hosts, sizes, seconds),
        }
    }
}

/// The figures of a closed loop over some paths.
struct Figures {
    rate: f64,
    cpu_us: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn under_load(
    hosts: &Hosts<'_>,
    host: &Running,
    paths: &[String],
    seconds: f64,
) -> anyhow::Result<Figures> {
    let requests = event_loop()?.block_on(async {
        let mut client = Client::connect(host.address, Protocol::Http1).await?;
        let mut requests = Vec::new();
        for path in paths {
            let answer = client.get(path).await?;
            ensure!(answer.status == StatusCode::OK, "{path}: {}", answer.status);
            requests.push(Expected {
                path: path.clone(),
                body: answer.body,
            });
        }
        Ok(requests)
    })?;
    let load = Load {
        address: host.address,
        protocol: Protocol::Http1,
        at_a_time: 32,
        pace: Pace::Closed,
        order: Arc::new((0..requests.len()).collect()),
        requests: Arc::new(requests),
        warm_up: Duration::from_millis(300),
        time: Duration::from_secs_f64(seconds),
        threads: 1,
    };
    let outcome = drive(&load, &host.family()?, &hosts.mock.family()?)?;
    ensure!(outcome.answers > 0, "not one answer in time");
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let answers = outcome.answers as f64;
    Ok(Figures {
        rate: answers / outcome.time.as_secs_f64(),
        cpu_us: outcome.cpu.as_secs_f64() * 1e6 / answers,
        p50_ms: outcome.latencies.percentile(50.0),
        p99_ms: outcome.latencies.percentile(99.0),
    })
}

fn connections(hosts: &Hosts<'_>, sizes: &[usize], seconds: f64) -> anyhow::Result<String> {
    let host = hosts.start(1)?;
    let path = ["/b0".to_owned()];
    under_load(hosts, &host, &path, seconds)?;
    let idle = host.family()?.resident()?;
    let event_loop = event_loop()?;
    let mut held: Vec<Client> = Vec::new();
    let mut text = table("idle connections", &["resident MiB", "KiB of each"]);
    for &size in sizes {
        event_loop.block_on(async {
            while held.len() < size {
                let mut client = Client::connect(host.address, Protocol::Http1).await?;
                client.get("/b0").await?;
                held.push(client);
            }
            anyhow::Ok(())
        })?;
        let resident = host.family()?.resident()?;
        let figures = under_load(hosts, &host, &path, seconds)?;
        let each = per(resident, idle, size, 1 << 10);
        row(&mut text, size, &figures, &[mib(resident), each]);
    }
    Ok(text)
}

fn paths(
    hosts: &Hosts<'_>,
    sizes: &[usize],
    seconds: f64,
    title: &str,
    path: impl Fn(usize) -> String,
) -> anyhow::Result<String> {
    let host = hosts.start(1)?;
    let mut text = table(title, &["peak MiB"]);
    for &size in sizes {
        host.family()?.reset_peak();
        let figures = under_load(hosts, &host, &[path(size)], seconds)?;
        let peak = host.family()?.peak()?;
        row(&mut text, size, &figures, &[mib(peak)]);
    }
    Ok(text)
}

/// Memory of requests that wait for a service.
fn in_flight(hosts: &Hosts<'_>, sizes: &[usize]) -> anyhow::Result<String> {
    let host = hosts.start(1)?;
    let path = "/b0/calls?n=1".to_owned();
    // What memory the first requests leave behind is not that of those in flight.
    under_load(hosts, &host, std::slice::from_ref(&path), 1.0)?;
    let before = host.family()?.resident()?;
    let wait = Duration::from_secs(3);
    hosts.mock.delay(wait)?;
    let event_loop = event_loop()?;
    let mut text = format!(
        "## Requests in flight, each waiting for a service\n\n{}",
        head(&["requests in flight", "resident MiB", "KiB of each"])
    );
    for &size in sizes {
        let resident = event_loop.block_on(async {
            let mut waiting = tokio::task::JoinSet::new();
            for _ in 0..size {
                let mut client = Client::connect(host.address, Protocol::Http1).await?;
                let path = path.clone();
                waiting.spawn(async move { client.get(&path).await });
            }
            tokio::time::sleep(wait / 2).await;
            let resident = host.family()?.resident()?;
            while let Some(answered) = waiting.join_next().await {
                let status = answered??.status;
                ensure!(status == StatusCode::OK, "{path}: {status}");
            }
            Ok(resident)
        })?;
        let each = per(resident, before, size, 1 << 10);
        let _ = writeln!(text, "| {} | {} | {each} |", size, mib(resident));
    }
    hosts.mock.delay(Duration::ZERO)?;
    Ok(text)
}

fn bffs(hosts: &Hosts<'_>, sizes: &[usize], seconds: f64) -> anyhow::Result<String> {
    let mut text = table(
        "BFFs",
        &[
            "first request p50 ms",
            "p99 ms",
            "start s",
            "resident MiB at start",
            "after a request to each",
            "KiB of each BFF more",
        ],
    );
    let mut one = 0;
    for &size in sizes {
        // Once to compile what was never compiled, once to measure.
        drop(hosts.start(size)?);
        let started = Instant::now();
        let host = hosts.start(size)?;
        let start = started.elapsed();
        let at_start = host.family()?.resident()?;
        let paths: Vec<String> = (0..size).map(|number| format!("/b{number}")).collect();
        let first = first_requests(&host, &paths)?;
        let after = host.family()?.resident()?;
        let figures = under_load(hosts, &host, &paths, seconds)?;
        if size == 1 {
            one = after;
        }
        let cells = [
            format!("{:.2}", first.percentile(50.0)),
            format!("{:.2}", first.percentile(99.0)),
            format!("{:.2}", start.as_secs_f64()),
            mib(at_start),
            mib(after),
            per(after, one, size.saturating_sub(1), 1 << 10),
        ];
        row(&mut text, size, &figures, &cells);
    }
    Ok(text)
}

/// Sends each BFF its first request, one after the other.
fn first_requests(host: &Running, paths: &[String]) -> anyhow::Result<Latencies> {
    event_loop()?.block_on(async {
        let mut client = Client::connect(host.address, Protocol::Http1).await?;
        let mut latencies = Latencies::new();
        for path in paths {
            let asked = Instant::now();
            let status = client.get(path).await?.status;
            latencies.add(asked.elapsed());
            ensure!(status == StatusCode::OK, "{path}: {status}");
        }
        Ok(latencies)
    })
}

fn event_loop() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}

fn table(title: &str, more: &[&str]) -> String {
    let mut columns = vec![title, "requests/s", "CPU us/request", "p50 ms", "p99 ms"];
    columns.extend(more);
    let mut letters = title.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let heading: String = first.into_iter().chain(letters).collect();
    format!("## {heading}\n\n{}", head(&columns))
}

fn head(columns: &[&str]) -> String {
    let rules = "--:|".repeat(columns.len());
    format!("| {} |\n|{rules}\n", columns.join(" | "))
}

fn row(text: &mut String, size: usize, figures: &Figures, more: &[String]) {
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let mut cells = vec![
        grouped(size as f64),
        grouped(figures.rate),
        format!("{:.1}", figures.cpu_us),
        format!("{:.2}", figures.p50_ms),
        format!("{:.2}", figures.p99_ms),
    ];
    cells.extend_from_slice(more);
    // Writing to a String does not fail.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

#[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// The growth of memory over `before` per item, in a unit of bytes.
#[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
fn per(now: u64, before: u64, count: usize, unit: u32) -> String {
    if count == 0 {
        return String::new();
    }
    let growth = now.saturating_sub(before) as f64;
    format!("{:.1}", growth / count as f64 / f64::from(unit))
}
