mod model;
mod pace;
mod threads;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::poll;
use tokio::time::{Instant, advance, sleep};

use super::{Bulkhead, Member, Permit, Rejected};
use crate::config;
use crate::downstream::deadline::SharedDeadline;

const TIMEOUT: Duration = Duration::from_secs(1);

fn bulkhead(max_calls: usize, max_queued: usize, bff_share: u32) -> Arc<Bulkhead> {
    Bulkhead::new(
        &config::Bulkhead {
            max_calls,
            max_queued,
            bff_share,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        TIMEOUT,
    )
}

fn later() -> SharedDeadline {
    SharedDeadline::new(Instant::now() + Duration::from_secs(60))
}

type Acquiring = Pin<Box<dyn Future<Output = Result<Permit, Rejected>>>>;

/// A call that waits for a permit.
async fn asking(member: &Arc<Member>) -> Acquiring {
    let member = Arc::clone(member);
    let mut acquiring: Acquiring = Box::pin(async move { member.acquire(&later()).await });
    assert!(poll!(&mut acquiring).is_pending());
    acquiring
}

/// Its result so far.
fn now<T>(acquiring: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    acquiring.now_or_never()
}

fn taken(member: &Arc<Member>) -> Permit {
    member.try_acquire().expect("a permit is free")
}

#[tokio::test(start_paused = true)]
async fn a_free_permit_costs_no_waiting() {
    let bulkhead = bulkhead(2, 10, 100);
    let member = bulkhead.member("watch");
    let permit = member.acquire(&later()).await.expect("free");
    assert_eq!(permit.queued, Duration::ZERO);
    assert_eq!(bulkhead.load(), (1, 0));
    drop(permit);
    assert_eq!(bulkhead.load(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn waits_in_line_and_says_how_long() {
    let bulkhead = bulkhead(1, 10, 100);
    let member = bulkhead.member("watch");
    let permit = taken(&member);
    let (mut first, mut second) = (asking(&member).await, asking(&member).await);
    assert_eq!(bulkhead.load(), (1, 2));
    assert!(member.try_acquire().is_none());
    advance(Duration::from_millis(300)).await;
    drop(permit);
    assert!(now(&mut second).is_none());
    let permit = now(&mut first).expect("served").expect("a permit");
    assert_eq!(permit.queued, Duration::from_millis(300));
    drop(permit);
    assert!(now(&mut second).expect("served").is_ok());
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_timeout_or_the_call() {
    let bulkhead = bulkhead(1, 10, 100);
    let member = bulkhead.member("watch");
    let _permit = taken(&member);
    let of_queue = member.acquire(&later()).await.err();
    assert_eq!(of_queue, Some(Rejected::Late { after: TIMEOUT }));
    let soon = Duration::from_millis(200);
    let of_call = member
        .acquire(&SharedDeadline::new(Instant::now() + soon))
        .await
        .err();
    assert_eq!(of_call, Some(Rejected::Late { after: soon }));
    let past = member
        .acquire(&SharedDeadline::new(Instant::now()))
        .await
        .err();
    assert_eq!(
        past,
        Some(Rejected::Late {
            after: Duration::ZERO
        })
    );
    assert_eq!(bulkhead.load(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn one_of_several_holds_no_more_than_its_share() {
    let bulkhead = bulkhead(10, 10, 70);
    let storm = bulkhead.member("storm");
    let mut permits: Vec<Permit> = (0..10).map(|_| taken(&storm)).collect();
    permits.truncate(7);
    let trickle = bulkhead.member("trickle");
    assert!(storm.try_acquire().is_none());
    let mut waiting = asking(&storm).await;
    // Those who wait for their share alone hold up no other BFF.
    permits.push(trickle.acquire(&later()).await.expect("free for others"));
    assert!(now(&mut waiting).is_none());
    // Alone again, there is no other BFF to leave permits for.
    permits.pop();
    drop(trickle);
    assert!(now(&mut waiting).expect("served").is_ok());
}

#[test]
fn a_small_share_is_still_one() {
    let bulkhead = bulkhead(3, 0, 1);
    let (one, _other) = (bulkhead.member("one"), bulkhead.member("other"));
    let _permit = taken(&one);
    assert!(one.try_acquire().is_none());
}

#[test]
fn a_name_is_one_member_while_it_is_held() {
    let bulkhead = bulkhead(10, 0, 50);
    let one = bulkhead.member("one");
    assert!(Arc::ptr_eq(&one, &bulkhead.member("one")));
    assert!(!Arc::ptr_eq(&one, &bulkhead.member("other")));
    // A permit keeps its member, too.
    let permit = taken(&one);
    let weak = Arc::downgrade(&one);
    drop(one);
    assert!(weak.upgrade().is_some());
    drop(permit);
    assert!(weak.upgrade().is_none());
    let alone = bulkhead.member("new");
    assert_eq!(
        (0..20)
            .map_while(|_| alone.try_acquire())
            .collect::<Vec<_>>()
            .len(),
        10
    );
}

#[tokio::test(start_paused = true)]
async fn the_one_with_the_fewest_is_served_first_then_who_was_served_longest_ago() {
    let bulkhead = bulkhead(4, 10, 100);
    let (many, few) = (bulkhead.member("many"), bulkhead.member("few"));
    let mut permits: Vec<Permit> = (0..3).map(|_| taken(&many)).collect();
    let last = taken(&few);
    let (mut of_many, mut of_few) = (asking(&many).await, asking(&few).await);
    permits.pop();
    let second = now(&mut of_few)
        .expect("one is fewer than two")
        .expect("a permit");
    assert!(now(&mut of_many).is_none());
    // Both have two, and then one: of equals, the other one's turn has come.
    let mut of_few = asking(&few).await;
    permits.pop();
    let third = now(&mut of_many).expect("served").expect("a permit");
    let mut of_many = asking(&many).await;
    drop((last, third));
    assert!(now(&mut of_few).is_some_and(|result| result.is_ok()));
    assert!(now(&mut of_many).is_some_and(|result| result.is_ok()));
    drop((second, permits));
    assert_eq!(bulkhead.load().1, 0);
}

#[tokio::test(start_paused = true)]
async fn a_tie_goes_to_the_one_that_was_served_longest_ago() {
    let bulkhead = bulkhead(1, 10, 100);
    let (one, two) = (bulkhead.member("one"), bulkhead.member("two"));
    let mut permit = taken(&one);
    let mut asking_one = vec![asking(&one).await, asking(&one).await];
    let mut asking_two = vec![asking(&two).await, asking(&two).await];
    let mut order = String::new();
    for _ in 0..4 {
        drop(permit);
        permit = if let Some(permit) = asking_one.first_mut().and_then(now) {
            drop(asking_one.remove(0));
            order.push('1');
            permit.expect("a permit")
        } else {
            order.push('2');
            now(&mut asking_two.remove(0))
                .expect("served")
                .expect("a permit")
        };
    }
    assert_eq!(order, "1212");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_makes_room_for_those_who_have_fewer_in_it() {
    let bulkhead = bulkhead(2, 3, 100);
    let (storm, trickle) = (bulkhead.member("storm"), bulkhead.member("trickle"));
    let (permit, _other) = (taken(&storm), taken(&storm));
    let mut stormy = Vec::new();
    for _ in 0..3 {
        stormy.push(asking(&storm).await);
    }
    let full = Rejected::Full { queued: 3 };
    assert_eq!(storm.acquire(&later()).await.err(), Some(full));
    // A caller whose time is over takes no place in the queue.
    let past = trickle
        .acquire(&SharedDeadline::new(Instant::now()))
        .await
        .err();
    let late = Rejected::Late {
        after: Duration::ZERO,
    };
    assert_eq!(past, Some(late));
    assert!(stormy.iter_mut().all(|asking| now(asking).is_none()));
    let mut of_trickle = asking(&trickle).await;
    // The newest went.
    let outcomes: Vec<_> = stormy
        .iter_mut()
        .map(|asking| now(asking).map(Result::err))
        .collect();
    assert_eq!(outcomes, [None, None, Some(Some(full))]);
    assert_eq!(bulkhead.load(), (2, 3));
    drop(permit);
    assert!(now(&mut of_trickle).expect("served").is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_no_call_waits() {
    let bulkhead = bulkhead(1, 0, 100);
    let member = bulkhead.member("watch");
    let _permit = taken(&member);
    let rejected = member.acquire(&later()).await.err();
    assert_eq!(rejected, Some(Rejected::Full { queued: 0 }));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_leaves_nothing_behind() {
    let bulkhead = bulkhead(1, 10, 100);
    let member = bulkhead.member("watch");
    let permit = taken(&member);
    let (first, mut second) = (asking(&member).await, asking(&member).await);
    drop(first);
    assert_eq!(bulkhead.load(), (1, 1));
    drop(permit);
    // It was handed the permit, and hangs up before it knows.
    let mut third = asking(&member).await;
    assert_eq!(bulkhead.load(), (1, 1));
    let second = now(&mut second).expect("served").expect("a permit");
    drop(second);
    drop(std::mem::replace(&mut third, asking(&member).await));
    assert!(now(&mut third).expect("served").is_ok());
    assert_eq!(bulkhead.load(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_storm_makes_a_trickle_wait_for_one_service_time_at_most() {
    const SERVICE: Duration = Duration::from_millis(20);
    let bulkhead = bulkhead(8, 100, 100);
    let (storm, trickle) = (bulkhead.member("storm"), bulkhead.member("trickle"));
    let call = async |member: &Arc<Member>| {
        let permit = member.acquire(&later()).await?;
        sleep(SERVICE).await;
        Ok::<_, Rejected>(permit.queued)
    };
    let stormy = join_all((0..1000).map(|_| async {
        // Each comes again and again, also after it was rejected.
        for _ in 0..20 {
            let _ = call(&storm).await;
            sleep(Duration::from_millis(1)).await;
        }
    }));
    let trickling = async {
        let mut waits = Vec::new();
        for _ in 0..50 {
            sleep(Duration::from_millis(7)).await;
            waits.push(call(&trickle).await.expect("a trickle is never rejected"));
        }
        waits
    };
    let (_, waits) = tokio::join!(stormy, trickling);
    let longest = waits.iter().max().expect("there were calls");
    // The timer counts whole milliseconds.
    assert!(
        *longest <= SERVICE + Duration::from_millis(2),
        "{longest:?}"
    );
    assert!(*longest > Duration::ZERO);
    assert_eq!(bulkhead.load(), (0, 0));
}
