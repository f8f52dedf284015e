//! The pipeline as a whole, against rules. A seed draws a run: a service and its settings, callers
//! with identities and deadlines, faults, writes, reloads. Everything from [`Service::call`] down
//! to HTTP is the product; only the sockets are pipes, to services of the [`world`]. The clock is
//! paused, and moves when nothing else does, so that a seed means the same run each time.
//!
//! [`steps`] draws and shrinks the steps, [mod@run] executes them, [mod@log] records them,
//! [`rules`] check the record. `tests/mutations` has faults that were put into the product to see
//! that a rule finds them.
//!
//! `MODEL_RUNS` is the number of runs, `MODEL_SEED` the first seed.
//!
//! [`Service::call`]: super::service::Service::call

mod log;
mod rules;
mod run;
mod steps;
mod world;

use std::collections::BTreeMap;

use self::log::{Broken, Call, Ended, Log};
use self::run::run;
use self::steps::Plan;
use super::error::{Phase, TimeLimit};
use super::policy::breaker::Position;
use super::trace::Source;

/// Runs of the ordinary suite.
const RUNS: u64 = 250;

#[test]
fn random_runs_keep_the_rules() {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = number("MODEL_SEED").unwrap_or(0);
    let runs = number("MODEL_RUNS").unwrap_or(RUNS);
    for seed in first..first + runs {
        let plan = Plan::of(seed);
        let (_, Some(Broken { rule, .. })) = run(&plan) else {
            continue;
        };
        let breaks = |plan: &Plan| run(plan).1.is_some_and(|broken| broken.rule == rule);
        let shrunk = plan.shrunk(breaks);
        let (log, broken) = run(&shrunk);
        let what = broken.map(|broken| broken.what).unwrap_or_default();
        panic!(
            "\nseed {seed}, {} steps, {} needed: {rule}\n{shrunk}\n{log}\n{what}\n\n\
             again: MODEL_SEED={seed} MODEL_RUNS=1 cargo test --workspace --lib downstream::model\n",
            plan.steps.len(),
            shrunk.steps.len(),
        );
    }
}

#[test]
fn a_seed_means_the_same_run_each_time() {
    for seed in 0..20 {
        let plan = Plan::of(seed);
        let told = [(); 2].map(|()| run(&plan).0.to_string());
        assert!(told[0] == told[1], "seed {seed}:\n{}\n{}", told[0], told[1]);
    }
}

/// A rule about what never happens says nothing.
#[test]
fn the_runs_meet_what_the_rules_are_about() {
    let mut met = BTreeMap::new();
    for seed in 0..RUNS / 2 {
        let (log, _) = run(&Plan::of(seed));
        for (what, count) in situations(&log) {
            *met.entry(what).or_insert(0) += count;
        }
    }
    let rare: Vec<_> = met.iter().filter(|(_, count)| **count < 10).collect();
    assert!(rare.is_empty(), "{rare:?} of {met:?}");
}

/// How often a run met what.
fn situations(log: &Log) -> [(&'static str, usize); 15] {
    let got = |wanted: &dyn Fn(&Call, &Ended) -> bool| {
        let ended = |call: &&Call| matches!(&call.ended, Some((.., got)) if wanted(call, got));
        log.calls.iter().filter(ended).count()
    };
    let live = |got: &Ended| match got {
        Ended::Answer(number, _, Source::Live) => Some(*number),
        _ => None,
    };
    let of_another = |call: &Call, got: &Ended| {
        live(got).is_some_and(|number| log.requests[number].came.0 < call.started.0)
    };
    let lost = log
        .requests
        .iter()
        .filter(|request| request.asked.write && request.lost);
    let mut sent = vec![0_usize; log.calls.len()];
    for request in &log.requests {
        sent[request.call] += 1;
    }
    let turns = |from, to| {
        let turn = |pair: &&[(_, Position)]| pair[0].1 == from && pair[1].1 == to;
        log.breaker.windows(2).filter(turn).count()
    };
    let late = |phase, limit| got(&|_, got| *got == Ended::Late(phase, limit));
    [
        (
            "stored",
            got(&|_, got| matches!(got, Ended::Answer(_, _, Source::Cached))),
        ),
        (
            "stale",
            got(&|_, got| matches!(got, Ended::Answer(_, _, Source::Stale))),
        ),
        ("joined", got(&of_another)),
        ("hung up", got(&|_, got| *got == Ended::HungUp)),
        ("rejected", got(&|_, got| *got == Ended::Rejected)),
        (
            "late by its own limit",
            late(Phase::FirstByte, TimeLimit::Caller),
        ),
        (
            "late by the service's",
            late(Phase::FirstByte, TimeLimit::Service),
        ),
        ("late in the queue", late(Phase::Queue, TimeLimit::Caller)),
        ("late on the way", late(Phase::Connect, TimeLimit::Service)),
        ("lost writes", lost.count()),
        (
            "sent again",
            sent.iter().filter(|times| **times > 1).count(),
        ),
        (
            "refused dials",
            log.dials.iter().filter(|dial| dial.failed).count(),
        ),
        ("opened", turns(Position::Closed, Position::Open)),
        (
            "closed",
            turns(Position::HalfOpen, Position::Closed) + turns(Position::Open, Position::Closed),
        ),
        ("dials", log.dials.len()),
    ]
}
