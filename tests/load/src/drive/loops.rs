//! The loops of the connections, and the threads that they run on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use http::Uri;
use tokio::task::JoinSet;

use super::client::{Client, Expected, Protocol};
use super::pace::{Gate, Schedule};
use crate::process::{Family, MachineTime};
use crate::stats::Latencies;

/// Answers that come later than this after the end are a failure.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The load to generate.
#[derive(Clone)]
pub struct Load {
    /// The address.
    pub address: SocketAddr,
    /// The protocol.
    pub protocol: Protocol,
    /// Requests at a time, at most.
    pub at_a_time: usize,
    /// The pace.
    pub pace: Pace,
    /// The different requests.
    pub requests: Arc<Vec<Expected>>,
    /// The order in which they are made.
    pub order: Arc<Vec<usize>>,
    /// Time before the measurement.
    pub warm_up: Duration,
    /// Time of the measurement.
    pub time: Duration,
    /// Threads that make the load.
    pub threads: usize,
}

/// The pace of requests.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// The next as soon as one is answered.
    Closed,
    /// Requests per second.
    Open(f64),
}

/// The result.
pub struct Outcome {
    /// Answers within the time of the measurement.
    pub answers: u64,
    /// Their latencies.
    pub latencies: Latencies,
    /// The measurement's length.
    pub time: Duration,
    /// CPU time of the measured system.
    pub cpu: Duration,
    /// CPU time of the services behind it.
    pub services_cpu: Duration,
    /// The share of the time of all cores that was in use, the load itself included.
    pub machine_busy: f64,
}

/// Generates load, and measures `system` and `services` meanwhile.
///
/// # Errors
///
/// When one answer is not the expected one, or none.
pub fn drive(load: &Load, system: &Family, services: &Family) -> anyhow::Result<Outcome> {
    let begin = Instant::now() + Duration::from_millis(20);
    let window = Window {
        begin,
        from: begin + load.warm_up,
        to: begin + load.warm_up + load.time,
    };
    let threads: Vec<JoinHandle<anyhow::Result<Latencies>>> = (0..load.threads)
        .map(|index| {
            let load = load.clone();
            std::thread::Builder::new()
                .name(format!("load-{index}"))
                .spawn(move || {
                    let event_loop = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()?;
                    event_loop.block_on(async {
                        let end = tokio::time::Instant::from_std(window.to) + TIMEOUT;
                        let ended = tokio::time::timeout_at(end, thread(&load, index, window));
                        ended.await.context("an answer does not come")?
                    })
                })
        })
        .collect::<Result<_, _>>()
        .context("a thread")?;
    sleep_until(window.from);
    system.reset_peak();
    let times = || {
        let machine = MachineTime::now()?;
        anyhow::Ok((Instant::now(), system.cpu()?, services.cpu()?, machine))
    };
    let before = times()?;
    sleep_until(window.to);
    let after = times()?;

    let mut latencies = Latencies::new();
    for thread in threads {
        let part = thread.join();
        latencies.merge(&part.map_err(|_| anyhow::anyhow!("a thread of the load panicked"))??);
    }
    Ok(Outcome {
        answers: latencies.count(),
        latencies,
        time: after.0 - before.0,
        cpu: after.1.saturating_sub(before.1),
        services_cpu: after.2.saturating_sub(before.2),
        machine_busy: after.3.busy_since(before.3),
    })
}

/// The time of a measurement.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    from: Instant,
    to: Instant,
}

/// The state that the connections of a thread share.
struct ThreadState {
    window: Window,
    gate: Option<(Gate, Schedule)>,
    requests: Vec<(Uri, Expected)>,
    order: Arc<Vec<usize>>,
}

async fn thread(load: &Load, index: usize, window: Window) -> anyhow::Result<Latencies> {
    let share = |whole: usize| whole / load.threads + usize::from(index < whole % load.threads);
    let at_a_time = share(load.at_a_time);
    if at_a_time == 0 {
        return Ok(Latencies::new());
    }
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..load.protocol.connections(at_a_time) {
        clients.push(Client::connect(load.address, load.protocol).await?);
    }
    let connections = clients.len();
    for number in connections..at_a_time {
        clients.extend(clients[number % connections].share());
    }
    let first = clients.first().context("no connection")?;
    let requests = load.requests.iter().map(|expected| {
        let uri = first.uri(&expected.path)?;
        Ok((uri, expected.clone()))
    });
    let gate = match load.pace {
        Pace::Closed => None,
        Pace::Open(a_second) => {
            let schedule = Schedule::new(window.begin, a_second);
            let gate = Gate::new(schedule, index as u64, load.threads as u64)?;
            Some((gate, schedule))
        }
    };
    let shared = Arc::new(ThreadState {
        window,
        gate,
        requests: requests.collect::<anyhow::Result<_>>()?,
        order: load.order.clone(),
    });
    let mut connections = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        // Spread over the order, so that no two send the same requests in step.
        let place = (number * load.threads + index) * load.order.len() / load.at_a_time;
        connections.spawn(connection(client, shared.clone(), place));
    }
    let mut latencies = Latencies::new();
    while let Some(ended) = connections.join_next().await {
        latencies.merge(&ended??);
    }
    Ok(latencies)
}

/// Sends requests until the time is over.
async fn connection(
    mut client: Client,
    shared: Arc<ThreadState>,
    place: usize,
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::new();
    let order = shared.order.iter().cycle().skip(place);
    for index in order {
        let (due, number) = match &shared.gate {
            None => (Instant::now(), 0),
            Some((gate, schedule)) => {
                let number = gate.pass().await?;
                (schedule.due(number), number)
            }
        };
        if due >= shared.window.to {
            break;
        }
        let (uri, expected) = &shared.requests[*index];
        client
            .check(uri.clone(), &expected.body)
            .await
            .with_context(|| format!("GET {}", expected.path))?;
        let answered = Instant::now();
        let window = &shared.window;
        match &shared.gate {
            // What the rate is computed from: answers within the window.
            None if answered >= window.from && answered < window.to => {
                latencies.add(answered - due);
            }
            // Every request that was due in it, however late it was answered.
            Some((_, schedule)) if due >= window.from => {
                latencies.add(schedule.latency(number, answered));
            }
            _ => {}
        }
    }
    Ok(latencies)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the main thread has no event loop; it only waits"
)]
fn sleep_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(Instant::now()));
}
