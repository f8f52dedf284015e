//! Calls of several BFFs that share one coalesced call.

use futures_util::FutureExt as _;
use futures_util::future::join;
use http::{HeaderMap, Method};
use tokio::time::sleep;

use super::*;
use crate::config;
use crate::downstream::call::Limits;
use crate::downstream::class::{CallClass, Effect};
use crate::downstream::policy::bulkhead::Bulkhead;
use crate::downstream::policy::gate::Gate;
use crate::downstream::request::ServiceRequest;

const SECOND: Duration = Duration::from_secs(1);

/// A service with this number of permits, of which a BFF may have half.
fn bulkhead(max_calls: usize, max_queued: usize) -> Arc<Bulkhead> {
    Bulkhead::new(
        &config::Bulkhead {
            max_calls,
            max_queued,
            bff_share: 50,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        Duration::MAX,
    )
}

/// A call that begins now and has so long for all, and for the queue.
fn call(member: &Arc<Member>, total: Duration, queue: Duration) -> CallRequest {
    let started = Instant::now();
    CallRequest {
        request: ServiceRequest {
            method: Method::GET,
            target: "/x".parse().expect("a path"),
            headers: HeaderMap::new(),
            body: Default::default(),
        },
        class: CallClass {
            rule: None,
            effect: Effect::Read,
        },
        member: member.clone(),
        gate: Gate::new(&config::Calls::default()),
        worker: 0,
        started,
        end: started + total,
        limits: Limits {
            total,
            first_byte: total,
            queue,
            retries: 0,
            hedge: false,
            optional: false,
        },
        readable: None,
        counts: true,
    }
}

fn taken(member: &Arc<Member>) -> Permit {
    member.try_acquire().expect("a permit is free")
}

#[tokio::test(start_paused = true)]
async fn a_bff_that_joins_gives_a_permit_of_its_own() {
    let bulkhead = bulkhead(2, 10);
    let (one, other) = (bulkhead.member("one"), bulkhead.member("other"));
    let _busy = taken(&one);
    let callers = Callers::new(&call(&one, SECOND, SECOND));
    let mut waiting = Box::pin(first_permit(&one, &callers, Arc::clone));
    assert!((&mut waiting).now_or_never().is_none());
    // One of the same BFF changes nothing.
    assert!(callers.join(&call(&one, SECOND, SECOND)));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(callers.join(&call(&other, SECOND, SECOND)));
    let permit = waiting.now_or_never().expect("served").expect("a permit");
    assert_eq!(bulkhead.load(), (2, 0));
    // It is the other's: that one has no further one now.
    assert!(other.try_acquire().is_none());
    drop(permit);
    assert!(other.try_acquire().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_of_two_bffs_takes_one_permit() {
    let bulkhead = bulkhead(2, 10);
    let (one, other) = (bulkhead.member("one"), bulkhead.member("other"));
    let busy = (taken(&one), taken(&other));
    let callers = Callers::new(&call(&one, SECOND, SECOND));
    let mut waiting = Box::pin(first_permit(&one, &callers, Arc::clone));
    assert!((&mut waiting).now_or_never().is_none());
    for _ in 0..3 {
        assert!(callers.join(&call(&other, SECOND, SECOND)));
    }
    assert!((&mut waiting).now_or_never().is_none());
    // It stands in the line of each BFF, once.
    assert_eq!(bulkhead.load(), (2, 2));
    drop(busy);
    let permit = waiting.now_or_never().expect("served").expect("a permit");
    assert_eq!(bulkhead.load(), (1, 0));
    drop(permit);
    assert_eq!(bulkhead.load(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_as_long_as_the_last_of_its_callers_may() {
    let bulkhead = bulkhead(1, 10);
    let (one, other) = (bulkhead.member("one"), bulkhead.member("other"));
    let _busy = taken(&one);
    let began = Instant::now();
    let callers = Callers::new(&call(&one, SECOND, SECOND * 9));
    let joined = async {
        sleep(SECOND / 2).await;
        assert!(callers.join(&call(&one, SECOND * 9, SECOND * 2)));
        sleep(SECOND).await;
        assert!(callers.join(&call(&other, SECOND * 2, SECOND * 9)));
    };
    let (result, ()) = join(first_permit(&one, &callers, Arc::clone), joined).await;
    assert!(matches!(result, Err(Rejected::Late { .. })));
    assert_eq!(began.elapsed(), SECOND * 7 / 2);
    // A later caller does not get the error of an earlier one's timeout.
    assert!(!callers.join(&call(&other, SECOND, SECOND)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_loses_one_of_its_places_waits_in_the_other() {
    let bulkhead = bulkhead(2, 3);
    let (one, other) = (bulkhead.member("one"), bulkhead.member("other"));
    let busy = (taken(&one), taken(&other));
    let calls: Vec<_> = (0..3)
        .map(|_| Callers::new(&call(&one, SECOND, SECOND)))
        .collect();
    let mut waiting: Vec<_> = calls
        .iter()
        .map(|callers| Box::pin(first_permit(&one, callers, Arc::clone)))
        .collect();
    assert!(waiting.iter_mut().all(|call| call.now_or_never().is_none()));
    // The queue is full: a place of the other BFF costs the last one of the first, which is that of
    // the same call.
    assert!(calls[2].join(&call(&other, SECOND, SECOND)));
    assert!((&mut waiting[2]).now_or_never().is_none());
    assert!((&mut waiting[2]).now_or_never().is_none());
    assert_eq!(bulkhead.load(), (2, 3));
    drop(busy.1);
    let served = (&mut waiting[2]).now_or_never().expect("served");
    assert!(served.is_ok());
    assert!((&mut waiting[0]).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_place_in_any_line_the_call_ends() {
    let bulkhead = bulkhead(1, 0);
    let (one, other) = (bulkhead.member("one"), bulkhead.member("other"));
    let _busy = taken(&one);
    let callers = Callers::new(&call(&one, SECOND, SECOND));
    assert!(callers.join(&call(&other, SECOND, SECOND)));
    let result = first_permit(&one, &callers, Arc::clone).now_or_never();
    assert_eq!(
        result.expect("ended").err(),
        Some(Rejected::Full { queued: 0 })
    );
}
