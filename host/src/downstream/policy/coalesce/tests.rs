//! Callers that join, wait and leave in any order.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::{join, join_all};
use http::{HeaderMap, Method, Uri};
use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// Joins a call, or makes it, without data of its callers.
fn lead<T, F>(calls: &Coalescer<T, ()>, key: ExactKey, make: impl FnOnce() -> F) -> Joined<T>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    calls.join(key, (), |(), ()| true, |()| (Arc::default(), make()))
}

impl<T, C> Joined<T, C> {
    /// Whether this caller was the first.
    fn led(&self) -> bool {
        self.own.is_none()
    }
}

fn key(name: u64) -> ExactKey {
    let target: Uri = format!("/{name}").parse().unwrap();
    ExactKey::new(&Method::GET, &target, &HeaderMap::new(), None, 0).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_equal_calls_are_one() {
    let calls = Coalescer::new();
    let made = AtomicUsize::new(0);
    let joined: Vec<_> = (0..1000)
        .map(|_| {
            lead(&calls, key(1), || {
                made.fetch_add(1, Ordering::Relaxed);
                async {
                    sleep(Duration::from_secs(1)).await;
                    "answer"
                }
            })
        })
        .collect();
    assert_eq!(joined.iter().filter(|joined| joined.led()).count(), 1);
    assert!(joined[0].led());
    assert_eq!(calls.under_way(), 1);
    let began = Instant::now();
    for result in join_all(joined).await {
        assert_eq!(result, Ok("answer"));
    }
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(made.into_inner(), 1);
    assert_eq!(calls.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn different_calls_are_not_one() {
    let calls = Coalescer::new();
    let one = lead(&calls, key(1), || async { 1 });
    let other = lead(&calls, key(2), || async { 2 });
    assert!(one.led() && other.led());
    assert_eq!((one.await, other.await), (Ok(1), Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn the_first_may_leave() {
    let calls = Coalescer::new();
    let call = || async {
        sleep(Duration::from_secs(2)).await;
        7
    };
    let first = lead(&calls, key(1), call);
    let second = lead(&calls, key(1), call);
    // Polled for a while by the first, whose deadline is shorter.
    assert!(timeout(Duration::from_secs(1), first).await.is_err());
    let began = Instant::now();
    assert_eq!(second.await, Ok(7));
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn one_that_only_waited_is_woken_when_the_first_leaves() {
    let calls = Coalescer::new();
    let (answer, answered) = oneshot::channel::<u32>();
    let mut first = lead(&calls, key(1), move || async { answered.await.unwrap() });
    let mut second = lead(&calls, key(1), pending);
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    let later = async {
        tokio::task::yield_now().await;
        drop(first);
        answer.send(5).unwrap();
    };
    assert_eq!(join(second, later).await.0, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn the_call_ends_when_the_last_leaves() {
    let calls: Coalescer<(), ()> = Coalescer::new();
    let (held, mut dropped) = oneshot::channel::<()>();
    let mut first = lead(&calls, key(1), move || async move {
        let _held = held;
        pending().await
    });
    let second = lead(&calls, key(1), pending);
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    assert!(
        dropped
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
    );
    drop(second);
    assert!(
        dropped
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
    );
    assert_eq!(calls.under_way(), 0);
    assert!(lead(&calls, key(1), pending).led());
}

#[tokio::test(start_paused = true)]
async fn a_call_after_the_answer_is_a_new_one() {
    let calls = Coalescer::new();
    let first = lead(&calls, key(1), || async { 1 });
    let mut late = lead(&calls, key(1), || async { 2 });
    assert_eq!(first.await, Ok(1));
    let next = lead(&calls, key(1), || async { 3 });
    assert!(next.led());
    // Who joined before still gets the first answer.
    assert_eq!((&mut late).await, Ok(1));
    assert_eq!(next.await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn after_a_change_no_caller_joins_what_began_before() {
    let calls = Coalescer::new();
    let before = lead(&calls, key(1), || async { "before" });
    calls.start_generation();
    let after = lead(&calls, key(1), || async { "after" });
    let same = lead(&calls, key(1), || async { "not made" });
    assert!(after.led() && !same.led());
    assert_eq!(before.await, Ok("before"));
    // The end of the earlier call leaves the later one in its place.
    assert!(!lead(&calls, key(1), || async { "not made" }).led());
    assert_eq!((after.await, same.await), (Ok("after"), Ok("after")));
    assert_eq!(calls.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_of_each() {
    let calls: Coalescer<(), ()> = Coalescer::new();
    let call = || async {
        sleep(Duration::from_secs(1)).await;
        panic!("on purpose");
    };
    let joined: Vec<_> = (0..3).map(|_| lead(&calls, key(1), call)).collect();
    assert_eq!(join_all(joined).await, [Err(Panicked); 3]);
    assert_eq!(calls.under_way(), 0);
    assert_eq!(lead(&calls, key(1), || async {}).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_who_makes_the_call_leaves_nothing_behind() {
    let calls: Coalescer<u32, ()> = Coalescer::new();
    let made = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _joined = lead(&calls, key(1), || -> std::future::Ready<u32> {
            panic!("on purpose")
        });
    }));
    assert!(made.is_err());
    assert_eq!(lead(&calls, key(1), || async { 4 }).await, Ok(4));
}

/// What may happen to the calls of a few keys.
#[derive(Clone, Debug)]
enum Step {
    Join(u64),
    /// One of those who wait leaves.
    Leave(usize),
    /// All waiting callers poll for an answer, after this many milliseconds.
    Wait(u64),
    Separate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u64).prop_map(Step::Join),
        3 => (0..8_usize).prop_map(Step::Leave),
        3 => (0..15_u64).prop_map(Step::Wait),
        1 => Just(Step::Separate),
    ]
}

/// A caller, and the number of the call that it must get the answer of.
struct Caller {
    joined: Joined<usize>,
    call: usize,
}

proptest! {
    /// Against a model that is a list: a call takes 10 ms from when it is first polled, is joined
    /// while it is the newest of its key, has no answer and has a caller.
    #[test]
    fn calls_are_shared_as_in_the_model(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let calls = Coalescer::new();
            let mut callers: Vec<Caller> = Vec::new();
            let mut newest: HashMap<u64, usize> = HashMap::new();
            let mut made = 0;
            for step in steps {
                match step {
                    Step::Join(name) => {
                        let number = made;
                        let joined = lead(&calls, key(name), || {
                            made += 1;
                            async move {
                                sleep(Duration::from_millis(10)).await;
                                number
                            }
                        });
                        let open = newest.get(&name).copied();
                        assert_eq!(joined.led(), open.is_none());
                        assert_eq!(made == number + 1, joined.led());
                        let call = *newest.entry(name).or_insert(number);
                        callers.push(Caller { joined, call });
                    }
                    Step::Leave(_) if callers.is_empty() => {}
                    Step::Leave(which) => {
                        let left = callers.swap_remove(which % callers.len());
                        if callers.iter().all(|caller| caller.call != left.call) {
                            newest.retain(|_, call| *call != left.call);
                        }
                    }
                    Step::Wait(time) => {
                        tokio::time::advance(Duration::from_millis(time)).await;
                        let mut waiting = Vec::new();
                        for mut caller in callers {
                            match (&mut caller.joined).now_or_never() {
                                Some(answer) => {
                                    assert_eq!(answer, Ok(caller.call));
                                    newest.retain(|_, call| *call != caller.call);
                                }
                                None => waiting.push(caller),
                            }
                        }
                        callers = waiting;
                    }
                    Step::Separate => {
                        calls.start_generation();
                        newest.clear();
                    }
                }
            }
            for caller in callers {
                assert_eq!(caller.joined.await, Ok(caller.call));
            }
            assert_eq!(calls.under_way(), 0);
        });
    }
}

/// On real threads with an event loop each, as the host's workers are: every caller that stays gets
/// an answer of a call that was under way when it joined.
#[test]
fn callers_on_many_threads_all_get_an_answer() {
    let calls: Coalescer<(u64, usize), ()> = Coalescer::new();
    let made = AtomicUsize::new(0);
    let made: &'static AtomicUsize = Box::leak(Box::new(made));
    let left = Mutex::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (calls, left) = (&calls, &left);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for round in 0..3000_u64 {
                        let name = round % 3;
                        let mut joined = lead(calls, key(name), || async move {
                            let number = made.fetch_add(1, Ordering::Relaxed);
                            for _ in 0..round % 5 {
                                tokio::task::yield_now().await;
                            }
                            (name, number)
                        });
                        if (round + thread).is_multiple_of(4) {
                            let _ = (&mut joined).now_or_never();
                            *left.lock().unwrap() += 1;
                            continue;
                        }
                        let (of, _) = joined.await.unwrap();
                        assert_eq!(of, name);
                    }
                });
            });
        }
    });
    assert_eq!(calls.under_way(), 0);
    assert_eq!(left.into_inner().unwrap(), 4 * 750);
    assert!(made.load(Ordering::Relaxed) <= 4 * 3000);
}

#[tokio::test(start_paused = true)]
async fn those_who_join_are_added_to_the_callers_of_the_call() {
    let calls = Coalescer::new();
    let joins = |callers: &Mutex<Vec<u32>>, caller: &u32| {
        callers.lock().unwrap().push(*caller);
        true
    };
    let known = Mutex::new(Vec::new());
    let joined = [2, 5, 3].map(|caller| {
        calls.join(key(1), caller, joins, |caller| {
            let callers = Arc::new(Mutex::new(vec![caller]));
            known.lock().unwrap().push(callers.clone());
            (callers, pending::<()>())
        })
    });
    let led = joined.each_ref().map(|joined| joined.led());
    assert_eq!(led, [true, false, false]);
    let known = known.into_inner().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(*known[0].lock().unwrap(), [2, 5, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_too_late_to_join_makes_a_call_that_others_join() {
    let calls = Coalescer::new();
    let join = |number: u32, open: bool| {
        let call = |number| (Arc::default(), async move { number });
        calls.join(key(1), number, move |&(), _| open, call)
    };
    let first = join(1, true);
    let late = join(2, false);
    let follower = join(3, true);
    assert!(first.led() && late.led() && !follower.led());
    // Also when no other caller holds the call that was too late to join.
    drop(first);
    assert_eq!((late.await, follower.await), (Ok(2), Ok(2)));
    assert_eq!(calls.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_joins_keeps_what_its_own_call_is_made_of() {
    let calls: Coalescer<_, ()> = Coalescer::new();
    let call = |own: &'static str| (Arc::default(), async move { own });
    let join = |own| calls.join(key(1), own, |(), _| true, call);
    let (mut first, mut second) = (join("first"), join("second"));
    assert_eq!(
        (first.own.take(), second.own.take()),
        (None, Some("second"))
    );
    assert_eq!((first.await, second.await), (Ok("first"), Ok("first")));
}
