//! The pipeline as a whole, against rules. A seed draws a run: a service and its settings, callers with
//! identities and deadlines, faults, writes, reloads. Everything from [`Service::call`] on is the real
//! thing, down to HTTP; only the sockets are pipes, to services of the [`world`]. The clock is paused, and
//! moves when nothing else does, so that a seed means the same run each time.
//!
//! [`steps`] draws and shortens, [`run`] does, [`log`] is what happened, [`rules`] say what must be true of
//! it.
//!
//! `MODEL_RUNS` is the number of runs, `MODEL_SEED` the first seed.
//!
//! [`Service::call`]: super::service::Service::call

mod log;
mod rules;
mod run;
mod steps;
mod world;

use self::run::run;
use self::steps::Plan;

/// Runs of the ordinary suite.
const RUNS: u64 = 250;

#[test]
fn random_runs_keep_the_rules() {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let first = number("MODEL_SEED").unwrap_or(0);
    let runs = number("MODEL_RUNS").unwrap_or(RUNS);
    for seed in first..first + runs {
        let plan = Plan::of(seed);
        let Some(broken) = run(&plan) else { continue };
        let same = |plan: &Plan| run(plan).is_some_and(|again| again.rule == broken.rule);
        let shrunk = plan.shrunk(same);
        let what = run(&shrunk).map_or(broken.what, |broken| broken.what);
        panic!(
            "\nseed {seed}, {} steps, {} needed: {}\n{shrunk:#?}\n{what}\n\
             again: MODEL_SEED={seed} MODEL_RUNS=1 cargo test --workspace --lib downstream::model\n",
            plan.steps.len(),
            shrunk.steps.len(),
            broken.rule,
        );
    }
}
