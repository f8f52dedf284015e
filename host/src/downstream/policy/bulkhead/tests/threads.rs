//! What cannot be tested step by step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;

use super::super::{Bulkhead, Member, Permit, Rejected};
use super::later;
use crate::config;

/// On real threads, with callers that hang up at any moment: never too many at once, and in the end
/// all is as it was.
#[test]
fn threads_lose_no_permit() {
    const MOST: usize = 3;
    // So long that only a call that is forgotten is late.
    let bulkhead = Bulkhead::new(
        &config::Bulkhead {
            max_calls: MOST,
            max_queued: 20,
            bff_share: 70,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        Duration::from_secs(30),
    );
    let members = ["a", "b", "c"].map(|name| bulkhead.member(name));
    let inside = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let call = async |member: &Arc<Member>, turn: usize| {
        let permit = if turn.is_multiple_of(7) {
            member.try_acquire()
        } else {
            let acquired = member.acquire(&later()).await;
            assert!(!matches!(acquired, Err(Rejected::Late { .. })));
            acquired.ok()
        };
        if let Some(_permit) = permit {
            assert!(inside.fetch_add(1, Ordering::SeqCst) < MOST);
            if turn.is_multiple_of(2) {
                tokio::task::yield_now().await;
            }
            inside.fetch_sub(1, Ordering::SeqCst);
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (members, call) = (&members, &call);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .expect("a runtime");
                runtime.block_on(join_all((0..8).map(|task| async move {
                    for turn in 0..500 {
                        let member = &members[(thread + task + turn) % 3];
                        if turn % 5 == 0 {
                            // Requests a permit, and hangs up if it is not served at once.
                            let _ = poll!(Box::pin(member.acquire(&later())));
                        } else {
                            call(member, turn).await;
                        }
                    }
                })));
            });
        }
    });
    assert_eq!(bulkhead.load(), (0, 0));
    assert!(done.into_inner() > 0);
    // All permits can be had again.
    let permits: Vec<Permit> = members
        .iter()
        .flat_map(|member| std::iter::from_fn(|| member.try_acquire()))
        .collect();
    assert_eq!(permits.len(), MOST);
}

/// The only permit is freed again and again at the moment in which another call finds it taken and
/// joins the queue.
#[test]
fn no_call_waits_for_a_permit_that_is_free() {
    let bulkhead = Bulkhead::new(
        &config::Bulkhead {
            max_calls: 1,
            max_queued: 1,
            bff_share: 100,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        Duration::from_secs(30),
    );
    let member = bulkhead.member("watch");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .expect("a runtime");
                runtime.block_on(async {
                    for _ in 0..20_000 {
                        assert!(member.acquire(&later()).await.is_ok());
                    }
                });
            });
        }
    });
    assert_eq!(bulkhead.load(), (0, 0));
}

/// On real threads, each with a timer of its own: the caller that keeps the time for the others may
/// hang up or be served at any moment, and no token is lost by that.
#[test]
fn a_caller_keeps_the_time_when_others_hang_up() {
    let bulkhead = Bulkhead::new(
        &config::Bulkhead {
            max_calls: 3,
            max_queued: 1000,
            bff_share: 70,
            rate: Some(config::Rate {
                count: 2000,
                per: Duration::from_secs(1),
                burst: 20,
            }),
            max_retry_after: Duration::ZERO,
        },
        Duration::from_secs(60),
    );
    let members = ["a", "b", "c"].map(|name| bulkhead.member(name));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let members = &members;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .expect("a runtime");
                runtime.block_on(join_all((0..8).map(|task| async move {
                    for turn in 0..30 {
                        let member = &members[(thread + task + turn) % 3];
                        let until = later();
                        let acquiring = member.acquire(&until);
                        if turn % 3 == 0 {
                            let soon = Duration::from_millis((task % 4) as u64);
                            let _ = tokio::time::timeout(soon, acquiring).await;
                        } else {
                            acquiring.await.expect("a permit").spend();
                        }
                    }
                })));
            });
        }
    });
    assert_eq!(bulkhead.load(), (0, 0));
}
