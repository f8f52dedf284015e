//! Deployments and breakdowns in any order, drawn from a seed: good components, bad ones, halves
//! and slow uploads, reloads, smoke requests whose service fails, a full disk, no open files left,
//! SIGTERM and kill -9. After each of them every BFF answers with its last good version.
//!
//! `DEPLOY_SEED` chooses the first seed, `DEPLOY_RUNS` how many there are, or `DEPLOY_SECONDS` for
//! how long. A run that fails prints its seed and what was done.

mod model;
mod world;

use std::time::{Duration, Instant};

use model::{Action, Model, Random};
use world::World;

/// Actions of a run.
const ACTIONS: usize = 14;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap())
}

// The service answers while the test waits for a host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bff_serves_its_last_good_version_whatever_happens() {
    let first = number("DEPLOY_SEED").unwrap_or(1);
    let runs = number("DEPLOY_RUNS").unwrap_or(2);
    let time = number("DEPLOY_SECONDS").map(Duration::from_secs);
    let begun = Instant::now();
    for seed in first.. {
        let over = match time {
            Some(time) => begun.elapsed() >= time,
            None => seed >= first + runs,
        };
        if over {
            break;
        }
        eprintln!("DEPLOY_SEED={seed}");
        run(seed).await;
    }
}

async fn run(seed: u64) {
    let mut random = Random(seed);
    let (mut world, mut model) = (World::start().await, Model::default());
    world.hold(&mut model).await;
    for _ in 0..ACTIONS {
        let action = Action::draw(&mut random);
        eprintln!("{action:?} on {model:?}");
        world.make(action, &mut model).await;
        world.hold(&mut model).await;
    }
    world.end().await;
}
