//! Splits by request.

use super::simulate::{Day, by, median};
use crate::canary::Bad;

fn same(errors: f64) -> Day {
    Day {
        errors: [errors, errors],
        ..Day::default()
    }
}

#[test]
fn a_version_against_itself_is_rolled_back_in_at_most_four_of_100_runs() {
    for errors in [0.001, 0.01, 0.05] {
        let found = same(errors).runs(100);
        assert!(found.len() <= 4, "errors {errors}: {found:?}");
    }
}

#[test]
fn a_slow_spell_of_both_rolls_nothing_back() {
    let day = Day {
        outage: Some((0.0, 3.0)),
        ..same(0.01)
    };
    let found = day.runs(100);
    assert!(found.len() <= 4, "{found:?}");
}

#[test]
fn an_outage_of_a_service_that_hits_both_rolls_nothing_back() {
    let day = Day {
        outage: Some((0.6, 1.0)),
        ..same(0.01)
    };
    let found = day.runs(100);
    assert!(found.len() <= 4, "{found:?}");
}

#[test]
fn one_trap_in_50_is_found_within_350_requests_of_the_candidate() {
    let day = Day {
        traps: 0.02,
        requests: 10_000,
        ..Day::default()
    };
    let found = by(Bad::Traps, day.runs(300));
    let soon = found.iter().filter(|it| it.after <= 350).count();
    assert!(soon >= 285, "{soon} of 300");
}

#[test]
fn errors_and_time_that_grow_are_found() {
    let errors = Day {
        errors: [0.01, 0.03],
        ..Day::default()
    };
    let found = by(Bad::Errors, errors.runs(40));
    assert!(found.len() >= 38, "{} of 40", found.len());
    assert!((300..=800).contains(&median(&found)), "{}", median(&found));

    let slower = Day {
        slower: 1.5,
        ..Day::default()
    };
    let found = by(Bad::Latency, slower.runs(40));
    assert!(found.len() >= 38, "{} of 40", found.len());

    // There is hardly any noise in what a guest computes.
    let computes = Day {
        computes: 1.3,
        ..Day::default()
    };
    let found = by(Bad::Cpu, computes.runs(40));
    assert!(found.len() >= 38, "{} of 40", found.len());
}

#[test]
fn a_margin_allows_what_it_says() {
    let day = Day {
        errors: [0.01, 0.015],
        margin: 1.5,
        ..Day::default()
    };
    let found = day.runs(60);
    assert!(found.len() <= 3, "{found:?}");
}
