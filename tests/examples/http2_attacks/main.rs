//! The known attacks on servers of HTTP/2, by name, each against a host of its own beside a client
//! that behaves.
//!
//! `cargo run --example http2_attacks -- 5` attacks for five seconds each, and prints a table in
//! Markdown: what the neighbour got, how long it waited, and what the host's memory and descriptors
//! were before, at most and five seconds after the end. The table of
//! `docs/operate/http2-attacks.md` is from it.

mod attacks;
mod neighbour;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use downstream_mock::Services;
use futures_util::future::join_all;
use tailor_harness::{Process, TestHost};

use attacks::{ATTACKS, Attack};
use neighbour::Neighbour;

/// Connections that attack at the same time.
const CONNECTIONS: usize = 20;
/// Interval of memory samples.
const REST: Duration = Duration::from_secs(5);

const CONFIG: &str = r#"
log.format = "json"
log.access = false
[bff.watch]
component = "watch.wasm"
downstreams = ["activity", "heart", "sleep"]
[[route]]
bff = "watch"
path = "/watch"
"#;

fn main() -> anyhow::Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let outcomes = runtime.block_on(all(Duration::from_secs(seconds), REST))?;
    print!("{}", table(&outcomes)?);
    Ok(())
}

/// The result of an attack.
#[derive(Debug)]
pub struct Outcome {
    /// The attack.
    pub name: &'static str,
    /// Requests of the neighbour.
    pub asked: usize,
    /// Those that were answered as they should be.
    pub answered: usize,
    /// Median and 99th percentile of their times.
    pub times: (Duration, Duration),
    /// Connections that the attacker opened.
    pub opened: u64,
    /// Those that the host ended.
    pub ended: u64,
    /// Resident memory of the host, bytes: before, at most, after a rest.
    pub memory: (u64, u64, u64),
    /// Its open descriptors: before, after a rest.
    pub descriptors: (usize, usize),
}

/// Runs each attack.
///
/// # Errors
///
/// When a host does not start or cannot be looked at.
pub async fn all(time: Duration, rest: Duration) -> anyhow::Result<Vec<Outcome>> {
    let services = Services::start()?;
    let mut outcomes = vec![];
    for attack in ATTACKS {
        outcomes.push(outcome(attack, &services, time, rest).await?);
    }
    Ok(outcomes)
}

async fn outcome(
    attack: &Attack,
    services: &Services,
    time: Duration,
    rest: Duration,
) -> anyhow::Result<Outcome> {
    let builder = TestHost::builder()?.example("watch")?;
    let (path, _files) = builder.services(services, "").config(CONFIG).write()?;
    let process = Process::serve(&path)?;
    let address = process.address()?;
    // Once before anything is measured: connections to services, first instances.
    Neighbour::default()
        .ask_until(address, Instant::now() + time / 10)
        .await;
    let before = (resident(&process)?, descriptors(&process)?);

    let end = Instant::now() + time;
    let counts = Arc::new(Counts::default());
    let attackers = join_all((0..CONNECTIONS).map(|_| attacker(attack, address, end, &counts)));
    // On a thread of its own: it must not wait for the attackers' work.
    let neighbour = std::thread::spawn(move || Neighbour::ask_alone(address, end));
    attackers.await;
    let joined = tokio::task::spawn_blocking(|| neighbour.join()).await?;
    let neighbour = joined.map_err(|_| anyhow::anyhow!("the neighbour panicked"))??;
    let most = process.peak_memory()?;
    tokio::time::sleep(rest).await;
    Ok(Outcome {
        name: attack.name,
        asked: neighbour.asked(),
        answered: neighbour.answered(),
        times: (neighbour.time(50), neighbour.time(99)),
        opened: counts.opened.load(Ordering::Relaxed),
        ended: counts.ended.load(Ordering::Relaxed),
        memory: (before.0, most, resident(&process)?),
        descriptors: (before.1, descriptors(&process)?),
    })
}

#[derive(Default)]
struct Counts {
    opened: AtomicU64,
    ended: AtomicU64,
}

/// Attacks on one connection after the other.
async fn attacker(attack: &Attack, address: SocketAddr, end: Instant, counts: &Counts) {
    while Instant::now() < end {
        let until = tokio::time::timeout_at(end.into(), attack.once(address));
        counts.opened.fetch_add(1, Ordering::Relaxed);
        if until.await.is_ok() {
            counts.ended.fetch_add(1, Ordering::Relaxed);
            // Reconnects at once are the matter of connection limits, not of frame limits.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn resident(process: &Process) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("VmRSS")?.parse::<u64>()? << 10)
}

fn descriptors(process: &Process) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{}/fd", process.id()))?.count())
}

/// The table, a line each attack.
///
/// # Errors
///
/// Never: it is text.
pub fn table(outcomes: &[Outcome]) -> anyhow::Result<String> {
    let mut table = String::from(
        "| attack | neighbour answered | p50 | p99 | connections ended / opened | \
         resident before, most, after | descriptors before, after |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mib = |bytes: u64| bytes >> 20;
    for one in outcomes {
        let (before, most, after) = one.memory;
        writeln!(
            table,
            "| {} | {} of {} | {:.1} ms | {:.1} ms | {} / {} | {}, {}, {} MiB | {}, {} |",
            one.name,
            one.answered,
            one.asked,
            one.times.0.as_secs_f64() * 1e3,
            one.times.1.as_secs_f64() * 1e3,
            one.ended,
            one.opened,
            mib(before),
            mib(most),
            mib(after),
            one.descriptors.0,
            one.descriptors.1,
        )?;
    }
    Ok(table)
}
