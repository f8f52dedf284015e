//! Measures one cell: checks that all systems answer the same, then takes turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use http::StatusCode;

use super::{Cell, Measured, Options, Round, Rounds, Session};
use crate::drive::{Client, ClientResponse, Expected, Load, Outcome, Pace, Protocol, drive};
use crate::systems::{RIVALS, Running};

/// Measures all systems of a session under one kind of load, in turn, for several rounds.
///
/// # Errors
///
/// When systems answer differently, and when one answer under load is not the expected one.
pub fn measure(session: &Session, cell: Cell, options: &Options) -> anyhow::Result<Measured> {
    let running = session.systems.iter().filter(|it| it.takes(&cell));
    measure_these(session, &running.collect::<Vec<_>>(), cell, options)
}

/// Measures watch or dashboard once more, as an open loop at 70 % of what the slowest of the
/// systems could do in `measured`, which all can sustain. Rivals are left out: they would be far
/// too slow for a rate at which the others work.
///
/// # Errors
///
/// Those of [`measure`].
pub fn measure_paced(
    session: &Session,
    measured: &Measured,
    options: &Options,
) -> anyhow::Result<Measured> {
    let ours = |label: &str| !RIVALS.contains(&label);
    let systems = measured.systems.iter().filter(|it| ours(&it.label));
    let slowest = systems
        .map(|system| system.median(|round| round.rate))
        .fold(f64::INFINITY, f64::min);
    let cell = Cell {
        rate: Some((0.7 * slowest).max(1.0).floor()),
        ..measured.cell
    };
    let running = session.systems.iter().filter(|it| ours(&it.label));
    measure_these(session, &running.collect::<Vec<_>>(), cell, options)
}

fn measure_these(
    session: &Session,
    running: &[&Running],
    cell: Cell,
    options: &Options,
) -> anyhow::Result<Measured> {
    session.mock.delay(Duration::ZERO)?;
    let plan = cell.scenario.plan();
    let requests = Arc::new(same_answers(running, &plan.paths)?);
    session.mock.delay(cell.delay)?;
    let order = Arc::new(plan.order);
    let mut systems: Vec<Rounds> = running
        .iter()
        .map(|system| Rounds {
            label: system.label.clone(),
            rounds: Vec::new(),
        })
        .collect();
    for round in 0..options.rounds() {
        for turn in 0..systems.len() {
            // Who is first in a round is last in the next.
            let index = (turn + round) % systems.len();
            let system = running[index];
            let load = Load {
                address: system.address,
                protocol: cell.protocol,
                at_a_time: cell.at_a_time,
                pace: cell.rate.map_or(Pace::Closed, Pace::Open),
                requests: requests.clone(),
                order: order.clone(),
                warm_up: Duration::from_secs_f64(options.warm_up),
                time: options.time(),
                threads: options.threads(),
            };
            let family = system.family()?;
            let outcome = drive(&load, &family, &session.mock.family()?)
                .with_context(|| format!("{}: {cell}", system.label))?;
            let peak = family.peak()?;
            systems[index].rounds.push(figures(&outcome, peak)?);
        }
    }
    Ok(Measured { cell, systems })
}

fn figures(outcome: &Outcome, peak: u64) -> anyhow::Result<Round> {
    ensure!(outcome.answers > 0, "not one answer in time");
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let answers = outcome.answers as f64;
    let us = |time: Duration| time.as_secs_f64() * 1e6 / answers;
    let latencies = &outcome.latencies;
    Ok(Round {
        rate: answers / outcome.time.as_secs_f64(),
        cpu_us: us(outcome.cpu),
        services_cpu_us: us(outcome.services_cpu),
        machine_busy: outcome.machine_busy,
        p50_ms: latencies.percentile(50.0),
        p99_ms: latencies.percentile(99.0),
        p999_ms: latencies.percentile(99.9),
        peak,
    })
}

/// Sends every path to every system. All must answer 200 with the same response.
fn same_answers(systems: &[&Running], paths: &[String]) -> anyhow::Result<Vec<Expected>> {
    let event_loop = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    event_loop.block_on(async {
        let mut expected: Vec<ClientResponse> = Vec::new();
        for system in systems {
            let mut client = Client::connect(system.address, Protocol::Http1).await?;
            for (index, path) in paths.iter().enumerate() {
                let answer = client
                    .get(path)
                    .await
                    .with_context(|| system.label.clone())?;
                if answer.status != StatusCode::OK {
                    bail!("{}: GET {path}: {}", system.label, shown(&answer));
                }
                match expected.get(index) {
                    None => expected.push(answer),
                    Some(first) if *first == answer => {}
                    Some(first) => bail!(
                        "GET {path}: {} answers {}\n{} answers {}\nnothing is measured, because they do not do the same",
                        systems[0].label,
                        shown(first),
                        system.label,
                        shown(&answer)
                    ),
                }
            }
        }
        let paths = paths.iter().cloned();
        Ok(paths
            .zip(expected)
            .map(|(path, answer)| Expected {
                path,
                body: answer.body,
            })
            .collect())
    })
}

fn shown(answer: &ClientResponse) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    format!("{} {:?}: {body}", answer.status, answer.content_type)
}
