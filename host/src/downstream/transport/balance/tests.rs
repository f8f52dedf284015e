use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_worse_latency_counts_at_once_and_a_better_one_with_time() {
    let load = Load::new(Instant::now());
    load.begin(Instant::now())
        .answered(Instant::now(), 100 * MILLI);
    assert_eq!(load.expected(Instant::now()).as_millis(), 100);
    load.begin(Instant::now())
        .answered(Instant::now(), 10 * MILLI);
    assert!(load.expected(Instant::now()) > 99 * MILLI);
    tokio::time::advance(DECAY).await;
    load.begin(Instant::now())
        .answered(Instant::now(), 10 * MILLI);
    // 100 / e + 10 * (1 - 1 / e)
    assert_eq!(load.expected(Instant::now()).as_millis(), 43);
    load.begin(Instant::now())
        .answered(Instant::now(), 500 * MILLI);
    assert_eq!(load.expected(Instant::now()).as_millis(), 500);
    tokio::time::advance(DECAY * 5).await;
    assert!(
        load.expected(Instant::now()) < 4 * MILLI,
        "it is tried again"
    );
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_cost() {
    let now = Instant::now();
    let load = Load::new(now);
    load.begin(now).answered(now, SECOND);
    let alone = load.cost(now);
    let (one, two) = (load.begin(now), load.begin(now));
    assert_eq!(load.in_flight(), 2);
    assert_eq!(load.cost(now), alone * 3.0);
    assert_eq!(load.cost_by(now, 0.5), alone * 2.0);
    drop((one, two));
    assert_eq!(load.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_fast_and_a_call_given_up_was_slow() {
    let load = Load::new(Instant::now());
    load.begin(Instant::now()).failed(Instant::now());
    assert!(load.expected(Instant::now()) >= SECOND);
    let load = Load::new(Instant::now());
    let given_up = load.begin(Instant::now());
    tokio::time::advance(3 * SECOND).await;
    drop(given_up);
    assert_eq!(load.expected(Instant::now()), 3 * SECOND);
}

proptest! {
    #[test]
    fn what_is_picked_is_good_and_not_avoided_if_any_is(
        good in prop::collection::vec(any::<bool>(), 1..8),
        avoid in prop::option::of(0usize..8),
        seed in any::<u64>(),
    ) {
        fastrand::seed(seed);
        let count = good.len();
        let picked = pick(count, avoid, |index| good[index], |index| index as f32, None);
        prop_assert!(picked < count);
        let other_good = (0..count).any(|index| good[index] && Some(index) != avoid);
        if other_good {
            prop_assert!(good[picked] && Some(picked) != avoid);
        } else if good.contains(&true) {
            prop_assert!(good[picked]);
        } else if count > 1 {
            prop_assert!(Some(picked) != avoid);
        }
    }

    #[test]
    fn the_costliest_of_several_good_ones_is_never_picked(
        good in prop::collection::vec(any::<bool>(), 2..8),
        seed in any::<u64>(),
    ) {
        fastrand::seed(seed);
        let last = good.iter().rposition(|good| *good);
        let picked = pick(good.len(), None, |index| good[index], |index| index as f32, None);
        if good.iter().filter(|good| **good).count() > 1 {
            prop_assert_ne!(Some(picked), last);
        }
    }

    /// A queue model: each endpoint takes its own time for a call, and calls arrive evenly.
    #[test]
    fn a_slow_endpoint_gets_fewer_calls(
        fast in 1u32..20,
        factor in 5u32..50,
        gap in 1u32..10,
        seed in any::<u64>(),
    ) {
        fastrand::seed(seed);
        let start = Instant::now();
        let times = [fast * MILLI, fast * factor * MILLI, fast * MILLI];
        let loads = times.map(|_| Load::new(start));
        let mut under_way = vec![];
        let mut calls = [0u32; 3];
        for number in 0..1500 {
            let now = start + number * gap * MILLI;
            under_way.retain_mut(|call: &mut Option<(Instant, usize, UnderWay<'_>)>| {
                if call.as_ref().is_some_and(|(end, ..)| *end <= now)
                    && let Some((end, index, call)) = call.take()
                {
                    call.answered(end, times[index]);
                }
                call.is_some()
            });
            let index = pick(3, None, |_| true, |index| loads[index].cost(now), None);
            calls[index] += 1;
            under_way.push(Some((now + times[index], index, loads[index].begin(now))));
        }
        prop_assert!(calls[1] * 3 < calls[0], "{calls:?}");
        prop_assert!(calls[1] * 3 < calls[2], "{calls:?}");
        prop_assert!(calls[1] > 0, "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_finds_out_how_a_new_endpoint_is() {
    let now = Instant::now();
    let (known, new) = (Load::new(now), Load::new(now));
    known.begin(now).answered(now, 100 * MILLI);
    assert!(new.cost(now) < known.cost(now));
    let _first = new.begin(now);
    assert!(new.cost(now) > known.cost(now));
}

#[test]
fn without_a_good_one_all_are_picked() {
    let picked: BTreeSet<_> = (0..200)
        .map(|_| pick(3, None, |_| false, |_| 1.0, None))
        .collect();
    assert_eq!(picked.len(), 3);
}

#[test]
fn one_that_ceases_to_be_good_meanwhile_does_no_harm() {
    // Good for the first three questions, bad afterwards.
    let asked = RefCell::new(0);
    let good = |_| {
        *asked.borrow_mut() += 1;
        *asked.borrow() <= 3
    };
    assert!(pick(3, None, good, |_| 1.0, None) < 3);
}

#[test]
fn each_is_drawn_as_often_as_its_weight_says() {
    let shares = |weights: &[u32]| {
        let weight = |index: usize| weights[index];
        let mut counts = vec![0_u32; weights.len()];
        for _ in 0..10_000 {
            counts[pick(weights.len(), None, |_| true, |_| 1.0, Some(&weight))] += 1;
        }
        counts
    };
    let counts = shares(&[3, 1]);
    assert!((2_200..2_800).contains(&counts[1]), "{counts:?}");
    let counts = shares(&[256, 1, 256]);
    assert!(counts[1] > 0 && counts[1] < 100, "{counts:?}");
    let counts = shares(&[7, 7]);
    assert!(counts.iter().all(|count| *count > 4_500), "{counts:?}");
}

#[test]
fn a_cheaper_one_gets_more_than_its_weight() {
    let weight = |index: usize| [1, 3][index];
    let cheap = |index: usize| [1.0, 9.0][index];
    let all = (0..10_000).map(|_| pick(2, None, |_| true, cheap, Some(&weight)));
    let number = all.filter(|index| *index == 0).count();
    assert!((4_000..4_800).contains(&number), "{number}");
}
