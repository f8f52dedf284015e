//! Rate and holds, on the paused clock.

use std::cell::RefCell;

use futures_util::future::join_all;
use proptest::prelude::*;

use super::*;

/// Longer than any call of these tests waits.
const LONG: Duration = Duration::from_secs(60);

fn settings(rate: Option<(u32, u32)>, max_retry_after: u64) -> config::Bulkhead {
    config::Bulkhead {
        max_calls: 100,
        max_queued: 1000,
        bff_share: 100,
        rate: rate.map(|(count, burst)| config::Rate {
            count,
            per: Duration::from_secs(1),
            burst,
        }),
        max_retry_after: Duration::from_secs(max_retry_after),
    }
}

fn paced(settings: config::Bulkhead) -> Arc<Bulkhead> {
    Bulkhead::new(&settings, LONG)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn within(millis: u64) -> SharedDeadline {
    SharedDeadline::new(Instant::now() + ms(millis))
}

/// Makes a call of this length, and returns the wait before it began.
async fn call(member: &Arc<Member>, takes: u64) -> Result<Duration, Rejected> {
    let began = Instant::now();
    let mut permit = member.acquire(&later()).await?;
    permit.spend();
    let waited = began.elapsed();
    sleep(ms(takes)).await;
    Ok(waited)
}

#[tokio::test(start_paused = true)]
async fn calls_follow_each_other_at_the_rate_after_a_burst() {
    let bulkhead = paced(settings(Some((100, 3)), 0));
    let member = bulkhead.member("watch");
    let waits = join_all((0..8).map(|_| call(&member, 1))).await;
    let waits: Vec<_> = waits
        .into_iter()
        .map(|wait| wait.expect("a permit").as_millis())
        .collect();
    assert_eq!(waits, [0, 0, 0, 10, 20, 30, 40, 50]);
    assert_eq!(bulkhead.load(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_sent_in_time_is_told_at_once() {
    let bulkhead = paced(settings(Some((10, 1)), 0));
    let member = bulkhead.member("watch");
    taken(&member).spend();
    let first = asking(&member).await;
    let rejected = member.acquire(&within(200)).await.err();
    assert!(matches!(rejected, Some(Rejected::OverRate { rate }) if rate.count == 10));
    // The first goes in 100 ms, and this one 100 ms later.
    let began = Instant::now();
    assert!(member.acquire(&within(201)).now_or_never().is_none());
    assert!(first.await.is_ok());
    assert_eq!(began.elapsed(), ms(100));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_costs_no_token() {
    let bulkhead = paced(settings(Some((1, 1)), 0));
    let member = bulkhead.member("watch");
    let permit = taken(&member);
    let mut waiting = asking(&member).await;
    drop(permit);
    // Nor does one that hangs up when it was served.
    let second = asking(&member).await;
    let first = now(&mut waiting).expect("served").expect("a permit");
    drop(first);
    drop(second);
    let mut permit = taken(&member);
    permit.spend();
    drop(permit);
    assert!(member.try_acquire().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_tried_again_goes_before_those_that_wait() {
    let bulkhead = paced(settings(Some((10, 1)), 0));
    let member = bulkhead.member("watch");
    let mut permit = taken(&member);
    permit.spend();
    let order = RefCell::new(Vec::new());
    let note = |name| order.borrow_mut().push(name);
    let other = async {
        let _permit = member.acquire(&later()).await;
        note("other");
    };
    let again = async {
        tokio::task::yield_now().await;
        assert_eq!(permit.again(&later()).await, Ok(true));
        note("again");
        assert!(matches!(
            permit.again(&within(50)).await,
            Err(Rejected::OverRate { .. })
        ));
    };
    tokio::join!(other, again);
    assert_eq!(*order.borrow(), ["again", "other"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_starve_others() {
    let bulkhead = paced(settings(Some((100, 1)), 0));
    let (storm, trickle) = (bulkhead.member("storm"), bulkhead.member("trickle"));
    let stormy = join_all((0..400).map(|_| call(&storm, 5)));
    let trickling = async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            sleep(ms(70)).await;
            longest = longest.max(call(&trickle, 5).await.expect("a permit"));
        }
        longest
    };
    let (stormy, longest) = tokio::join!(stormy, trickling);
    // Its turn comes with the next token or the one after.
    assert!(longest <= ms(21), "{longest:?}");
    // All tokens are used: 420 calls at 100 per second.
    let last = stormy.into_iter().map(|wait| wait.expect("a permit")).max();
    assert_eq!(last, Some(ms(4190)));
}

#[tokio::test(start_paused = true)]
async fn two_who_want_all_get_half_each() {
    let bulkhead = paced(settings(Some((100, 10)), 0));
    let counts = join_all(["one", "two"].map(|name| {
        let member = bulkhead.member(name);
        async move {
            let mut count = 0;
            let calls = join_all((0..300).map(|_| call(&member, 3))).await;
            for wait in calls {
                count += u32::from(wait.expect("a permit") <= ms(2000));
            }
            count
        }
    }))
    .await;
    assert_eq!(counts.iter().sum::<u32>(), 210);
    assert!(
        counts.iter().all(|count| count.abs_diff(105) <= 10),
        "{counts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_keeps_the_time_learns_that_tokens_are_lacking_now() {
    let bulkhead = bulkhead(2, 10, 100);
    bulkhead.set_limits(&config::Bulkhead {
        max_calls: 2,
        ..settings(Some((10, 3)), 0)
    });
    let (one, two) = (bulkhead.member("one"), bulkhead.member("two"));
    let (mut first, mut second) = (taken(&one), taken(&two));
    first.spend();
    second.spend();
    // It waits for a place, and there is a token. The other BFF, which has fewer permits, gets
    // both.
    let keeper = async { one.acquire(&later()).await.expect("a permit").queued };
    let other = async { two.acquire(&later()).await.expect("a permit").spend() };
    let release = async {
        tokio::task::yield_now().await;
        drop(second);
    };
    let (waited, (), ()) = tokio::join!(keeper, other, release);
    assert_eq!(waited, ms(100));
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_for_all_who_have_the_time_and_ends_gradually() {
    let bulkhead = paced(settings(None, 10));
    let (one, two) = (bulkhead.member("one"), bulkhead.member("two"));
    let permit = taken(&one);
    assert!(
        permit
            .hold_back(Duration::from_secs(2))
            .is_some_and(|held| held.began)
    );
    // A shorter one is known already.
    assert_eq!(permit.hold_back(Duration::from_secs(1)), None);
    drop(permit);
    assert!(two.try_acquire().is_none());
    let left = Duration::from_secs(2);
    assert_eq!(
        two.acquire(&within(2000)).await.err(),
        Some(Rejected::Held { left })
    );
    let waits = join_all((0..12).map(|_| call(&two, 1))).await;
    let waits = waits
        .into_iter()
        .map(|wait| wait.expect("a permit").as_millis());
    let mut expected = vec![2000, 2100, 2100];
    expected.extend([2200; 4]);
    expected.extend([2300; 5]);
    assert_eq!(waits.collect::<Vec<_>>(), expected);
    // One second later nothing is left of it.
    advance(ms(800)).await;
    let permits: Vec<_> = (0..100).map(|_| taken(&one)).collect();
    assert_eq!((permits.len(), bulkhead.is_paced()), (100, false));
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_already_are_told_of_a_hold() {
    let bulkhead = paced(settings(None, 10));
    let member = bulkhead.member("watch");
    let permits: Vec<_> = (0..100).map(|_| taken(&member)).collect();
    let short = within(500);
    let short = member.acquire(&short);
    let long = async {
        let permit = member.acquire(&later()).await.expect("a permit");
        permit.queued
    };
    let began = Instant::now();
    let holding = async {
        sleep(ms(10)).await;
        permits[0].hold_back(Duration::from_secs(1));
        drop(permits);
    };
    let short = async {
        let rejected = short.await.err();
        assert!(
            matches!(rejected, Some(Rejected::Held { .. })),
            "{rejected:?}"
        );
        assert_eq!(began.elapsed(), ms(10));
    };
    let ((), waited, ()) = tokio::join!(short, long, holding);
    assert_eq!(waited, ms(1010));
}

#[tokio::test(start_paused = true)]
async fn no_hold_is_longer_than_allowed() {
    let bulkhead = paced(settings(None, 3));
    let permit = taken(&bulkhead.member("watch"));
    let held = permit.hold_back(Duration::MAX).expect("a hold");
    assert_eq!(held.time, Duration::from_secs(3));
    assert_eq!(permit.hold_back(Duration::ZERO), None);
    // Less is allowed: it ends sooner.
    bulkhead.set_limits(&settings(None, 1));
    assert_eq!(bulkhead.pace().1, Some(Duration::from_secs(1)));
    bulkhead.set_limits(&settings(None, 0));
    assert_eq!(bulkhead.pace().1, None);
    assert_eq!(permit.hold_back(Duration::from_secs(5)), None);
}

#[tokio::test(start_paused = true)]
async fn another_rate_is_for_those_who_wait() {
    let bulkhead = paced(settings(Some((1, 1)), 0));
    let member = bulkhead.member("watch");
    let began = Instant::now();
    let calls = join_all((0..12).map(|_| call(&member, 1)));
    let changes = async {
        sleep(ms(500)).await;
        bulkhead.set_limits(&settings(Some((100, 1)), 0));
        sleep(ms(55)).await;
        bulkhead.set_limits(&settings(None, 0));
    };
    let (waits, ()) = tokio::join!(calls, changes);
    let waits: Vec<_> = waits
        .into_iter()
        .map(|wait| wait.expect("a permit").as_millis())
        .collect();
    assert_eq!(waits[..6], [0, 510, 520, 530, 540, 550]);
    assert_eq!(waits[6..], [555; 6]);
    assert_eq!(began.elapsed(), ms(556));
    assert_eq!(bulkhead.pace(), (None, None));
}

proptest! {
    /// For callers that come and hang up at any time: no window sends more than its worth and a
    /// burst, and every caller that stays is served.
    #[test]
    fn no_window_has_more_and_no_caller_is_forgotten(
        count in 1_u32..500,
        burst in 1_u32..20,
        calls in prop::collection::vec((0_usize..3, 0_u64..400, prop::option::weighted(0.2, 0_u64..400)), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let bulkhead = Bulkhead::new(&config::Bulkhead {
                max_calls: 5,
                ..settings(Some((count, burst)), 0)
            }, Duration::MAX);
            let members = ["a", "b", "c"].map(|name| bulkhead.member(name));
            let sent = RefCell::new(Vec::new());
            let late = SharedDeadline::new(Instant::now() + Duration::from_secs(3000));
            let served = join_all(calls.iter().map(|(member, at, hang_up)| {
                let (member, sent, late) = (&members[*member], &sent, &late);
                async move {
                    sleep(ms(*at)).await;
                    let call = async {
                        let mut permit = member.acquire(late).await.expect("there is time");
                        permit.spend();
                        sent.borrow_mut().push(Instant::now());
                        sleep(ms(7)).await;
                    };
                    match hang_up {
                        Some(after) => drop(tokio::time::timeout(ms(*after), call).await),
                        None => call.await,
                    }
                }
            }));
            served.await;
            let sent = sent.into_inner();
            for (index, from) in sent.iter().enumerate() {
                for (number, to) in sent[index..].iter().enumerate() {
                    let worth = (*to - *from).as_secs_f64() * f64::from(count);
                    prop_assert!((number + 1) as f64 <= worth + f64::from(burst) + 1e-6);
                }
            }
            prop_assert_eq!(bulkhead.load(), (0, 0));
            Ok(())
        })?;
    }
}
