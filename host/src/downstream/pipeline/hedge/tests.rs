use std::sync::Arc;

use super::*;
use crate::downstream::policy::bulkhead::Bulkhead;

/// A permit of a service with this number.
fn permit(max_calls: usize) -> (CallPermits, Arc<Bulkhead>) {
    let bulkhead = Bulkhead::new(
        &config::Bulkhead {
            max_calls,
            max_queued: 10,
            bff_share: 100,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        Duration::from_secs(1),
    );
    let permit = bulkhead
        .member("watch")
        .try_acquire()
        .expect("a permit is free");
    (CallPermits::new(permit, None), bulkhead)
}

fn retry() -> config::Retry {
    config::Retry {
        max: 1,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        methods: Vec::new(),
        statuses: Vec::new(),
        budget: 10,
        min_per_second: 0,
    }
}

/// Takes what is left of the budget, and says how much that was.
fn left(permit: &CallPermits) -> usize {
    let (budget, now) = (permit.budget(), Instant::now());
    (0..100).filter(|_| budget.withdraw(&retry(), now)).count()
}

#[test]
fn without_a_permit_of_its_own_there_is_no_hedge_and_it_costs_nothing() {
    let (permit, bulkhead) = permit(1);
    let course = Course::default();
    assert!(HedgeRight::new(&permit, &retry(), &course).is_none());
    assert_eq!((bulkhead.load(), left(&permit)), ((1, 0), 5));
}

#[test]
fn without_budget_the_permit_is_given_back() {
    let (permit, bulkhead) = permit(2);
    left(&permit);
    let course = Course::default();
    assert!(HedgeRight::new(&permit, &retry(), &course).is_none());
    assert_eq!(bulkhead.load(), (1, 0));
}

#[test]
fn a_hedge_is_paid_for_if_it_was_sent() {
    for (sent, left_over) in [(true, 4), (false, 5)] {
        let (permit, bulkhead) = permit(2);
        let course = Course::default();
        let right = HedgeRight::new(&permit, &retry(), &course).expect("room for it");
        assert_eq!(bulkhead.load(), (2, 0));
        course.set_sent(sent);
        drop(right);
        assert_eq!((bulkhead.load(), left(&permit)), ((1, 0), left_over));
    }
}
