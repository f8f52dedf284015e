use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings(max_share: u32) -> config::Ejection {
    config::Ejection {
        failures: 3,
        error_rate: 50,
        min_calls: 20,
        time: 10 * SECOND,
        max_share,
        panic_threshold: 50,
        slow_start: Duration::ZERO,
    }
}

/// Endpoints, and failures of them that begin and end at one moment.
struct Bench {
    ejections: Ejections,
    marks: Vec<Mark>,
    now: Instant,
}

impl Bench {
    fn new(endpoints: usize, max_share: u32) -> Self {
        let now = Instant::now();
        Self {
            ejections: Ejections::new(settings(max_share)),
            marks: (0..endpoints).map(|_| Mark::new(now)).collect(),
            now,
        }
    }

    fn fail(&self, endpoint: usize, times: u32) {
        for _ in 0..times {
            self.fail_since(endpoint, self.now, |_| true);
        }
    }

    fn fail_since(&self, endpoint: usize, began: Instant, usable: impl Fn(usize) -> bool + Clone) {
        let all = self.marks.iter().enumerate();
        let others = all.filter(|(other, _)| *other != endpoint);
        let others = others.map(|(other, mark)| (mark, usable(other)));
        let own = &self.marks[endpoint];
        self.ejections.failed(own, others, began, self.now);
    }

    fn succeed(&self, endpoint: usize) {
        self.marks[endpoint].succeeded(self.now, self.now);
    }

    fn left(&self, endpoint: usize) -> Option<u64> {
        let left = self.marks[endpoint].left_out(self.now)?;
        Some(left.as_secs())
    }
}

#[test]
fn failures_in_a_row_put_an_endpoint_out() {
    let mut bench = Bench::new(2, 50);
    bench.fail(0, 2);
    bench.succeed(0);
    bench.fail(0, 2);
    assert_eq!(bench.left(0), None);
    bench.fail(0, 1);
    assert_eq!(bench.left(0), Some(10));
    assert_eq!(bench.left(1), None);
    bench.now += 10 * SECOND;
    assert_eq!(bench.left(0), None);
}

#[test]
fn the_time_doubles_up_to_eight_times_until_a_success() {
    let mut bench = Bench::new(2, 50);
    bench.fail(0, 3);
    for seconds in [20, 40, 80, 80] {
        bench.now += 80 * SECOND;
        bench.fail(0, 1);
        assert_eq!(bench.left(0), Some(seconds));
    }
    bench.now += 80 * SECOND;
    bench.succeed(0);
    bench.fail(0, 2);
    assert_eq!(bench.left(0), None);
    bench.fail(0, 1);
    assert_eq!(bench.left(0), Some(10));
}

#[test]
fn calls_that_began_before_do_not_count_after() {
    let mut bench = Bench::new(2, 50);
    let before = bench.now;
    bench.now += SECOND;
    bench.fail(0, 3);
    bench.marks[0].succeeded(before, bench.now);
    assert_eq!(bench.left(0), Some(10), "an old success");
    bench.now += 20 * SECOND;
    bench.fail_since(0, before, |_| true);
    assert_eq!(bench.left(0), None, "an old failure");
}

#[test]
fn a_success_of_a_call_made_for_want_of_others_brings_it_back() {
    let mut bench = Bench::new(2, 50);
    bench.fail(0, 3);
    bench.now += SECOND;
    bench.succeed(0);
    assert_eq!(bench.left(0), None);
}

#[test]
fn no_more_than_the_share_and_never_the_last() {
    for (endpoints, share, most) in [
        (1, 100, 0),
        (2, 100, 1),
        (2, 10, 1),
        (3, 0, 0),
        (3, 50, 1),
        (3, 67, 2),
        (3, 100, 2),
        (10, 30, 3),
        (10, 100, 9),
    ] {
        let bench = Bench::new(endpoints, share);
        for endpoint in 0..endpoints {
            bench.fail(endpoint, 10);
        }
        let out = (0..endpoints).filter(|endpoint| bench.left(*endpoint).is_some());
        assert_eq!(out.count(), most, "{endpoints} at {share}%");
    }
}

#[test]
fn a_share_of_failures_far_above_the_best_puts_an_endpoint_out() {
    let mut bench = Bench::new(3, 50);
    // The best counts, not the average: another one may be bad as well.
    bench.fail(1, 2);
    for _ in 0..9 {
        bench.fail(0, 1);
        bench.succeed(0);
        bench.succeed(2);
    }
    bench.fail(0, 1);
    assert_eq!(bench.left(0), None, "too few calls");
    bench.fail(0, 1);
    assert_eq!(bench.left(0), Some(10));
    bench.now += 10 * SECOND;
    bench.succeed(0);
    bench.fail(0, 2);
    assert_eq!(bench.left(0), None, "what was before does not count");
}

#[test]
fn where_all_fail_alike_none_is_put_out() {
    let bench = Bench::new(3, 100);
    for _ in 0..100 {
        for endpoint in 0..3 {
            bench.fail(endpoint, 1);
        }
    }
    assert!((0..3).all(|endpoint| bench.left(endpoint).is_none()));
    // One path of several fails, wherever it is asked.
    let bench = Bench::new(3, 100);
    for _ in 0..100 {
        for endpoint in 0..3 {
            bench.succeed(endpoint);
        }
        for endpoint in 0..3 {
            bench.fail(endpoint, 1);
        }
    }
    for endpoint in 0..3 {
        bench.fail(endpoint, 4);
    }
    assert!((0..3).all(|endpoint| bench.left(endpoint).is_none()));
}

#[test]
fn the_last_healthy_one_stays() {
    let bench = Bench::new(3, 100);
    for _ in 0..5 {
        bench.fail_since(1, bench.now, |other| other == 1);
    }
    assert_eq!(bench.left(1), None);
}

#[derive(Clone, Debug)]
enum Step {
    Fail(usize),
    Succeed(usize),
    Pass(u64),
}

proptest! {
    /// Against a model that keeps, for each endpoint, its failures in a row, ejections in a row and
    /// the end of the last, and a list of its calls.
    #[test]
    fn it_does_as_the_model_says(
        endpoints in 1usize..5,
        share in 0u32..=100,
        steps in prop::collection::vec(
            prop_oneof![
                12 => (0usize..5).prop_map(Step::Fail),
                6 => (0usize..5).prop_map(Step::Succeed),
                1 => (1u64..30).prop_map(Step::Pass),
            ],
            0..300,
        ),
    ) {
        let mut bench = Bench::new(endpoints, share);
        let mut model = vec![(0u32, 0u32, 0u64); endpoints];
        let mut calls: Vec<Vec<(u64, bool)>> = vec![vec![]; endpoints];
        let share_of = |calls: &[(u64, bool)], clock: u64| {
            let seen = || calls.iter().filter(|(at, _)| at + 10 > clock);
            let failed = seen().filter(|(_, failed)| *failed).count();
            (seen().count(), failed * 100 / seen().count().max(1))
        };
        let mut clock = 0;
        for step in steps {
            match step {
                Step::Pass(seconds) => {
                    bench.now += Duration::from_secs(seconds);
                    clock += seconds;
                }
                Step::Succeed(at) => {
                    bench.succeed(at % endpoints);
                    calls[at % endpoints].push((clock, false));
                    model[at % endpoints] = (0, 0, 0);
                }
                Step::Fail(at) => {
                    let at = at % endpoints;
                    bench.fail(at, 1);
                    let out = model.iter().filter(|(.., until)| clock < *until).count();
                    let room = match share {
                        0 => 0,
                        share => (endpoints * share as usize / 100).max(1).min(endpoints - 1),
                    };
                    // An endpoint alone is never judged.
                    if endpoints > 1 {
                        calls[at].push((clock, true));
                    }
                    let best = (0..endpoints)
                        .filter(|other| *other != at && clock >= model[*other].2)
                        .map(|other| share_of(&calls[other], clock).1)
                        .min();
                    let own = share_of(&calls[at], clock);
                    let (failures, ejections, until) = &mut model[at];
                    if clock >= *until {
                        *failures += 1;
                        if let Some(best) = best.filter(|_| out < room)
                            && (*failures >= 3 && best < 25 || own.0 >= 20 && own.1 >= best + 50)
                        {
                            *until = clock + [10, 20, 40, 80][(*ejections).min(3) as usize];
                            *ejections += 1;
                            calls[at].clear();
                        }
                    }
                }
            }
            for (endpoint, (.., until)) in model.iter().enumerate() {
                let left = until.checked_sub(clock).filter(|left| *left > 0);
                prop_assert_eq!(bench.left(endpoint), left);
            }
        }
    }
}
