mod model;
mod slow_start;
mod sources;

use std::time::Duration;

use tokio::time::Instant;

use super::{Breaker, Change, Forced, Open, OpenReason, Pass, Position, Source};
use crate::config;

const FAST: Duration = Duration::from_millis(10);
const SLOW: Duration = Duration::from_millis(500);

/// All calls of most tests are of one path and one BFF.
const ONE: Source = Source::new(0, 0);

fn settings() -> config::Breaker {
    config::Breaker {
        window: Duration::from_secs(10),
        min_calls: 4,
        error_rate: 50,
        slow_rate: 75,
        slow_call: SLOW,
        open_for: Duration::from_secs(5),
        slow_start: Duration::ZERO,
    }
}

fn pass(breaker: &Breaker, now: Instant) -> Pass<'_> {
    breaker
        .admit(now, ONE, true)
        .expect("the breaker lets calls through")
}

/// Opens a breaker that is closed.
fn break_it(breaker: &Breaker, now: Instant) -> Duration {
    for _ in 0..3 {
        assert_eq!(pass(breaker, now).failed(now, FAST), None);
    }
    match pass(breaker, now).failed(now, FAST) {
        Some(Change::Opened { lasts, .. }) => lasts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn opens_at_the_error_rate_once_there_are_enough_calls() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    assert_eq!(pass(&breaker, now).succeeded(now, FAST), None);
    assert_eq!(pass(&breaker, now).succeeded(now, FAST), None);
    assert_eq!(pass(&breaker, now).failed(now, FAST), None);
    let Some(Change::Opened { why, lasts }) = pass(&breaker, now).failed(now, FAST) else {
        panic!("half of four calls failed");
    };
    assert_eq!(
        why,
        OpenReason::Failed {
            failed: 2,
            calls: 4
        }
    );
    assert_eq!(
        breaker.admit(now, ONE, true).err(),
        Some(Open {
            until: Some(now + lasts)
        })
    );
    let state = breaker.state(now);
    assert_eq!((state.position, state.until), (Position::Open, Some(lasts)));
    assert_eq!((state.calls, state.failed, state.slow), (4, 2, 0));
}

#[test]
fn opens_at_the_rate_of_slow_calls() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    assert_eq!(pass(&breaker, now).succeeded(now, FAST), None);
    for _ in 0..2 {
        assert_eq!(pass(&breaker, now).succeeded(now, SLOW), None);
    }
    let change = pass(&breaker, now).succeeded(now, SLOW);
    assert!(
        matches!(
            change,
            Some(Change::Opened {
                why: OpenReason::Slow { slow: 3, calls: 4 },
                ..
            })
        ),
        "{change:?}"
    );
}

#[test]
fn forgets_what_has_left_the_window() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    for _ in 0..3 {
        assert_eq!(pass(&breaker, now).failed(now, FAST), None);
    }
    let later = now + Duration::from_secs(11);
    assert_eq!(breaker.state(later).calls, 0);
    assert_eq!(pass(&breaker, later).failed(later, FAST), None);
    assert_eq!(breaker.state(later).failed, 1);
}

#[test]
fn open_lasts_a_random_time_of_up_to_a_fifth_more() {
    let now = Instant::now();
    let lasts: Vec<Duration> = (0..50)
        .map(|_| break_it(&Breaker::new(settings()), now))
        .collect();
    for lasts in &lasts {
        assert!(
            (Duration::from_secs(5)..=Duration::from_secs(6)).contains(lasts),
            "{lasts:?}"
        );
    }
    assert!(lasts.iter().any(|other| *other != lasts[0]));
}

#[test]
fn one_probe_at_a_time_decides() {
    let breaker = Breaker::new(settings());
    let mut now = Instant::now();
    now += break_it(&breaker, now);
    assert_eq!(breaker.state(now).position, Position::HalfOpen);

    let probe = pass(&breaker, now);
    assert_eq!(
        breaker.admit(now, ONE, true).err(),
        Some(Open { until: None })
    );
    let Some(Change::Opened {
        why: OpenReason::Probe,
        lasts,
    }) = probe.failed(now, FAST)
    else {
        panic!("a bad probe opens");
    };
    now += lasts;
    let Some(Change::Opened {
        why: OpenReason::Probe,
        lasts,
    }) = pass(&breaker, now).succeeded(now, SLOW)
    else {
        panic!("a slow probe opens");
    };
    now += lasts;
    assert_eq!(
        pass(&breaker, now).succeeded(now, FAST),
        Some(Change::Closed)
    );
    assert_eq!(breaker.state(now).calls, 0);
    assert_eq!(pass(&breaker, now).failed(now, FAST), None);
}

#[test]
fn a_dropped_probe_makes_way_for_the_next() {
    let breaker = Breaker::new(settings());
    let mut now = Instant::now();
    now += break_it(&breaker, now);
    drop(pass(&breaker, now));
    assert_eq!(breaker.state(now).position, Position::HalfOpen);
    assert_eq!(
        pass(&breaker, now).succeeded(now, FAST),
        Some(Change::Closed)
    );
}

#[test]
fn a_probe_that_its_caller_gave_up_makes_way_for_the_next() {
    let breaker = Breaker::new(settings());
    let mut now = Instant::now();
    now += break_it(&breaker, now);
    for _ in 0..10 {
        let probe = breaker.admit(now, ONE, false).expect("a probe");
        assert_eq!(
            breaker.admit(now, ONE, false).err(),
            Some(Open { until: None })
        );
        assert_eq!(probe.given_up(now, FAST), None);
        assert_eq!(breaker.state(now).position, Position::HalfOpen);
    }
    assert_eq!(
        pass(&breaker, now).succeeded(now, FAST),
        Some(Change::Closed)
    );
}

#[test]
fn a_patient_call_need_not_wait_for_a_short_probe() {
    let breaker = Breaker::new(settings());
    let mut now = Instant::now();
    now += break_it(&breaker, now);
    let short = breaker.admit(now, ONE, false).expect("a probe");
    let full_time = pass(&breaker, now);
    for full_time in [false, true] {
        assert_eq!(
            breaker.admit(now, ONE, full_time).err(),
            Some(Open { until: None })
        );
    }
    assert_eq!(short.failed(now, FAST), None);
    assert_eq!(full_time.succeeded(now, FAST), Some(Change::Closed));
}

#[test]
fn a_call_that_was_given_up_counts_if_it_was_slow_by_then() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    for _ in 0..10 {
        assert_eq!(pass(&breaker, now).given_up(now, FAST), None);
    }
    assert_eq!(breaker.state(now).calls, 0);
    for _ in 0..3 {
        assert_eq!(pass(&breaker, now).given_up(now, SLOW), None);
    }
    let state = breaker.state(now);
    assert_eq!((state.calls, state.failed, state.slow), (3, 0, 3));
    assert!(matches!(
        pass(&breaker, now).given_up(now, SLOW),
        Some(Change::Opened {
            why: OpenReason::Slow { slow: 4, calls: 4 },
            ..
        })
    ));
}

#[test]
fn calls_from_before_it_opened_count_no_more() {
    let breaker = Breaker::new(settings());
    let mut now = Instant::now();
    let early: Vec<Pass<'_>> = (0..10).map(|_| pass(&breaker, now)).collect();
    now += break_it(&breaker, now);
    assert_eq!(
        pass(&breaker, now).succeeded(now, FAST),
        Some(Change::Closed)
    );
    for early in early {
        assert_eq!(early.failed(now, FAST), None);
    }
    assert_eq!(breaker.state(now).calls, 0);
}

#[test]
fn the_operator_has_the_last_word() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    breaker.force(Some(Forced::Open));
    assert_eq!(
        breaker.admit(now, ONE, true).err(),
        Some(Open { until: None })
    );
    assert!(breaker.state(now).forced);
    assert_eq!(breaker.state(now).until, None);

    breaker.force(Some(Forced::Closed));
    for _ in 0..10 {
        assert_eq!(pass(&breaker, now).failed(now, FAST), None);
    }
    assert_eq!(
        (breaker.state(now).failed, breaker.state(now).forced),
        (10, true)
    );

    breaker.force(None);
    let state = breaker.state(now);
    assert_eq!(
        (state.position, state.forced, state.calls),
        (Position::Closed, false, 0)
    );
    break_it(&breaker, now);
}

#[test]
fn threads_agree_on_one_change_and_one_probe() {
    const THREADS: usize = 4;
    for _ in 0..300 {
        let breaker = Breaker::new(settings());
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(pass(&breaker, now).failed(now, FAST), None);
        }
        let later = now + Duration::from_secs(6);
        let start = std::sync::Barrier::new(THREADS);
        let (changes, probes): (Vec<bool>, Vec<bool>) = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let pass = pass(&breaker, now);
                        start.wait();
                        let change = pass.failed(now, FAST);
                        start.wait();
                        let probe = breaker.admit(later, ONE, true);
                        start.wait();
                        (change.is_some(), probe.is_ok())
                    })
                })
                .collect();
            let threads = threads.into_iter();
            threads
                .map(|thread| thread.join().expect("no panic"))
                .unzip()
        });
        assert_eq!(changes.iter().filter(|opened| **opened).count(), 1);
        assert_eq!(probes.iter().filter(|probe| **probe).count(), 1);
    }
}
