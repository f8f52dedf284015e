//! Whole rollouts: 10 %, 50 %, 95 %, all. 200 requests a second, so that a minute has 12,000.

use std::time::Duration;

use super::simulate::{Clients, Day};
use crate::canary::{Plan, Rule, Step, Verdict};

fn plan() -> Plan {
    let step = |percent, seconds| Step {
        percent,
        min_time: Duration::from_secs(seconds),
    };
    Plan {
        steps: vec![step(10, 20), step(50, 20), step(95, 40)],
        max_duration: Duration::from_secs(240),
        ..Plan::default()
    }
}

/// The number of rollouts that were promoted, and of those that a rule ended.
fn ends(day: &Day, runs: u64) -> (usize, usize) {
    let ends: Vec<Verdict> = (1..=runs).map(|seed| day.rollout(plan(), seed).0).collect();
    let by_rule = |it: &&Verdict| match it {
        Verdict::Back(evidence) => matches!(evidence.rule, Some(Rule::Test(_))),
        _ => false,
    };
    let promoted = ends.iter().filter(|it| **it == Verdict::Promote).count();
    (promoted, ends.iter().filter(by_rule).count())
}

#[test]
fn a_version_against_itself_is_promoted() {
    let by_client = Day {
        errors: [0.001, 0.001],
        clients: Some(Clients {
            number: 2_000,
            broken: 0.01,
        }),
        ..Day::default()
    };
    let by_request = Day {
        errors: [0.01, 0.01],
        ..Day::default()
    };
    let by_request_with_many_errors = Day {
        errors: [0.05, 0.05],
        ..Day::default()
    };
    for day in [by_client, by_request, by_request_with_many_errors] {
        let (promoted, by_rule) = ends(&day, 100);
        assert!(
            promoted >= 95 && by_rule <= 4,
            "{promoted}, {by_rule} by rule"
        );
    }
}

#[test]
fn one_trap_in_50_is_never_promoted() {
    let day = Day {
        traps: 0.02,
        ..Day::default()
    };
    let (promoted, by_rule) = ends(&day, 100);
    assert_eq!((promoted, by_rule), (0, 100));
}

#[test]
fn a_regression_among_few_clients_is_never_promoted() {
    let day = Day {
        errors: [0.001, 0.001],
        traps: 0.02,
        clients: Some(Clients {
            number: 100,
            broken: 0.02,
        }),
        ..Day::default()
    };
    let (promoted, _) = ends(&day, 100);
    assert_eq!(promoted, 0);
}
