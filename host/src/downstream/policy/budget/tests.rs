use proptest::prelude::*;

use super::Budget;

#[test]
fn five_attempts_come_first_then_a_share_of_calls() {
    let budget = Budget::new(20);
    let granted = (0..10).filter(|_| budget.withdraw()).count();
    assert_eq!(granted, 5);
    for _ in 0..4 {
        budget.deposit();
        assert!(!budget.withdraw());
    }
    budget.deposit();
    assert!(budget.withdraw());
    assert!(!budget.withdraw());
}

#[test]
fn a_quiet_hour_saves_no_more_than_a_hundred() {
    let budget = Budget::new(20);
    for _ in 0..1_000_000 {
        budget.deposit();
    }
    assert_eq!((0..1000).filter(|_| budget.withdraw()).count(), 100);
}

#[test]
fn what_was_not_used_is_given_back() {
    let budget = Budget::new(20);
    for _ in 0..100 {
        assert!(budget.withdraw());
        budget.refund();
    }
    assert_eq!((0..10).filter(|_| budget.withdraw()).count(), 5);
}

#[test]
fn no_budget_is_no_attempt() {
    let budget = Budget::new(0);
    budget.deposit();
    assert!(!budget.withdraw());
}

#[test]
fn threads_get_no_more_together_than_one_would() {
    let budget = Budget::new(10);
    let granted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..1000)
                        .map(|_| {
                            budget.deposit();
                            usize::from(budget.withdraw())
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
    assert_eq!(granted, 5 + 400);
}

proptest! {
    #[test]
    fn further_attempts_stay_within_the_share(
        percent in 0_u32..=100,
        asks in prop::collection::vec(0_u32..4, 0..500),
    ) {
        let budget = Budget::new(percent);
        let mut granted = 0;
        for (calls, asked) in (1_u32..).zip(asks) {
            budget.deposit();
            granted += u32::try_from((0..asked).filter(|_| budget.withdraw()).count()).expect("few");
            prop_assert!(granted * 100 <= 500 + percent * calls);
        }
    }
}
