//! After a good probe.

use std::time::Duration;

use tokio::time::Instant;

use super::super::{Breaker, Change, FIRST_CALLS, Pass, Position, Rejects};
use super::{FAST, ONE, break_it, pass, settings};
use crate::config;

/// A breaker that a probe closed a moment ago.
fn recovered(now: &mut Instant) -> Breaker {
    let breaker = Breaker::new(config::Breaker {
        slow_start: Duration::from_secs(2),
        ..settings()
    });
    *now = breaker.start;
    *now += break_it(&breaker, *now);
    let probe = pass(&breaker, *now);
    assert_eq!(probe.succeeded(*now, FAST), Some(Change::Closed));
    breaker
}

#[test]
fn after_a_probe_the_calls_at_once_grow_with_each_good_answer() {
    let mut now = Instant::now();
    let breaker = recovered(&mut now);
    assert_eq!(breaker.state(now).position, Position::Closed);
    let mut at_once = FIRST_CALLS;
    for _ in 0..3 {
        let calls: Vec<Pass<'_>> = (0..at_once).map(|_| pass(&breaker, now)).collect();
        assert!(breaker.admit(now, ONE, true).is_err());
        assert_eq!(breaker.rejects(), Rejects::SlowStart);
        for call in calls {
            assert_eq!(call.succeeded(now, FAST), None);
        }
        at_once *= 2;
    }
    // Neither one that fails nor one that is given up makes room for more than the next.
    drop(pass(&breaker, now));
    assert_eq!(pass(&breaker, now).failed(now, FAST), None);
    let calls: Vec<Pass<'_>> = (0..at_once).map(|_| pass(&breaker, now)).collect();
    assert!(breaker.admit(now, ONE, true).is_err());

    now += Duration::from_secs(2);
    let more: Vec<Pass<'_>> = (0..100).map(|_| pass(&breaker, now)).collect();
    let count = breaker.state(now).calls;
    for call in calls {
        assert_eq!(call.succeeded(now, FAST), None);
    }
    assert_eq!(breaker.state(now).calls, count + at_once, "these count yet");
    drop(more);
}

#[test]
fn a_service_that_fails_again_in_its_slow_start_is_left_alone() {
    let mut now = Instant::now();
    let breaker = recovered(&mut now);
    break_it(&breaker, now);
    assert_eq!(breaker.state(now).position, Position::Open);
}
