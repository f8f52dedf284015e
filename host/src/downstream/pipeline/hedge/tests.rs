use std::sync::Arc;

use super::*;
use crate::config;
use crate::downstream::policy::bulkhead::Bulkhead;

/// A permit of a service that has so many, and a budget of five attempts.
fn permit(max_calls: usize) -> (Permit, Arc<Bulkhead>, Budget) {
    let bulkhead = Bulkhead::new(&config::Bulkhead {
        max_calls,
        max_queued: 10,
        queue_timeout: Duration::from_secs(1),
        bff_share: 100,
    });
    let permit = bulkhead
        .member("watch")
        .try_acquire()
        .expect("a permit is free");
    (permit, bulkhead, Budget::new(20))
}

fn left(budget: &Budget) -> usize {
    (0..100).filter(|_| budget.withdraw()).count()
}

#[test]
fn without_a_permit_of_its_own_there_is_no_hedge_and_it_costs_nothing() {
    let (permit, bulkhead, budget) = permit(1);
    let course = Course::default();
    assert!(HedgeRight::new(&permit, &budget, &course).is_none());
    assert_eq!((bulkhead.load(), left(&budget)), ((1, 0), 5));
}

#[test]
fn without_budget_the_permit_is_given_back() {
    let (permit, bulkhead, budget) = permit(2);
    left(&budget);
    let course = Course::default();
    assert!(HedgeRight::new(&permit, &budget, &course).is_none());
    assert_eq!(bulkhead.load(), (1, 0));
}

#[test]
fn a_hedge_is_paid_for_if_it_was_sent() {
    for (sent, left_over) in [(true, 4), (false, 5)] {
        let (permit, bulkhead, budget) = permit(2);
        let course = Course::default();
        let right = HedgeRight::new(&permit, &budget, &course).expect("room for it");
        assert_eq!(bulkhead.load(), (2, 0));
        course.set_sent(sent);
        drop(right);
        assert_eq!((bulkhead.load(), left(&budget)), ((1, 0), left_over));
    }
}
