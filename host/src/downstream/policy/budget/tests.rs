use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::Budget;
use crate::config;

/// This percentage of the calls, and this number per second.
fn retry(budget: u32, min_per_second: u32) -> config::Retry {
    config::Retry {
        max: 1,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        methods: Vec::new(),
        statuses: Vec::new(),
        budget,
        min_per_second,
    }
}

/// Takes up to `asked`, and returns how many there were.
fn take(budget: &Budget, retry: &config::Retry, now: Instant, asked: usize) -> usize {
    (0..asked).filter(|_| budget.withdraw(retry, now)).count()
}

#[test]
fn five_attempts_come_first_then_a_share_of_calls() {
    let (now, retry) = (Instant::now(), retry(20, 0));
    let budget = Budget::new(now);
    assert_eq!(take(&budget, &retry, now, 10), 5);
    for _ in 0..4 {
        budget.deposit(&retry);
        assert!(!budget.withdraw(&retry, now));
    }
    budget.deposit(&retry);
    assert_eq!(take(&budget, &retry, now, 2), 1);
}

#[test]
fn a_quiet_hour_saves_no_more_than_a_hundred() {
    let (now, retry) = (Instant::now(), retry(20, 3));
    let budget = Budget::new(now);
    for _ in 0..1_000_000 {
        budget.deposit(&retry);
    }
    let later = now + Duration::from_secs(3600);
    assert_eq!(take(&budget, &retry, later, 1000), 100);
}

#[test]
fn a_few_come_with_time_however_few_calls_there_are() {
    let (now, retry) = (Instant::now(), retry(10, 2));
    let budget = Budget::new(now);
    assert_eq!(take(&budget, &retry, now, 10), 5);
    let after = |millis| now + Duration::from_millis(millis);
    // Looking at it often costs nothing.
    for millis in 0..500 {
        assert!(!budget.withdraw(&retry, after(millis)), "{millis}");
    }
    assert_eq!(take(&budget, &retry, after(500), 10), 1);
    assert_eq!(take(&budget, &retry, after(2000), 10), 3);
    // They are not saved up beyond what a budget begins with.
    assert_eq!(take(&budget, &retry, after(3_600_000), 100), 5);
}

#[test]
fn a_second_brings_all_that_come_in_one() {
    let (now, retry) = (Instant::now(), retry(10, 50));
    let budget = Budget::new(now);
    assert_eq!(take(&budget, &retry, now, 100), 5);
    let later = now + Duration::from_secs(60);
    assert_eq!(take(&budget, &retry, later, 100), 50);
}

#[test]
fn what_was_not_used_is_given_back() {
    let (now, retry) = (Instant::now(), retry(20, 0));
    let budget = Budget::new(now);
    for _ in 0..100 {
        assert!(budget.withdraw(&retry, now));
        budget.refund();
    }
    assert_eq!(take(&budget, &retry, now, 10), 5);
}

#[test]
fn no_budget_is_no_attempt() {
    let (now, retry) = (Instant::now(), retry(0, 10));
    let budget = Budget::new(now);
    budget.deposit(&retry);
    let later = now + Duration::from_secs(60);
    assert_eq!(take(&budget, &retry, later, 10), 0);
}

#[test]
fn threads_get_no_more_together_than_one_would() {
    let (now, retry) = (Instant::now(), retry(10, 2));
    let budget = Budget::new(now);
    let later = now + Duration::from_secs(1);
    let granted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..1000)
                        .map(|_| {
                            budget.deposit(&retry);
                            take(&budget, &retry, later, 1)
                        })
                        .sum::<usize>()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .sum()
    });
    // What comes with time is not added to a reserve that is whole.
    assert!((5 + 400..=5 + 400 + 2).contains(&granted), "{granted}");
}

proptest! {
    #[test]
    fn further_attempts_stay_within_the_share(
        percent in 0_u32..=100,
        per_second in 0_u32..=20,
        asks in prop::collection::vec((0_usize..4, 0_u64..2_000), 0..500),
    ) {
        let (began, retry) = (Instant::now(), retry(percent, per_second));
        let budget = Budget::new(began);
        let mut granted = 0;
        let mut passed = Duration::ZERO;
        for (calls, (asked, millis)) in (1_u32..).zip(asks) {
            passed += Duration::from_millis(millis);
            budget.deposit(&retry);
            granted += take(&budget, &retry, began + passed, asked);
            let allowed = 5.0 + f64::from(percent * calls) / 100.0
                + passed.as_secs_f64() * f64::from(per_second);
            prop_assert!(granted as f64 <= allowed + 1e-6, "{granted} of {allowed}");
        }
    }
}
