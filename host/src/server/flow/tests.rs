use std::future::poll_fn;
use std::pin::pin;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(30);

/// When the flow is given up, or `None` when it is not within an hour.
async fn given_up(flow: &Flow, rate: usize, mut each_second: impl FnMut(u64)) -> Option<u64> {
    let begun = Instant::now();
    let mut watch = Watch::new(Pace::new(TIMEOUT, rate));
    let mut timer = pin!(None);
    let mut second = 0;
    loop {
        let slow = poll_fn(|context| watch.poll(flow, &mut timer, context));
        tokio::select! {
            biased;
            () = slow => return Some(begun.elapsed().as_secs()),
            () = tokio::time::sleep(Duration::from_millis(1001)) => {}
        }
        second += 1;
        if second == 3600 {
            return None;
        }
        each_second(second);
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_given_up_after_the_timeout() {
    let flow = Flow::default();
    flow.begin();
    assert_eq!(given_up(&flow, 500, |_| {}).await, Some(30));
}

#[tokio::test(start_paused = true)]
async fn who_takes_too_little_is_given_up_and_who_takes_enough_is_not() {
    for (rate, expected) in [(490, Some(30)), (520, None)] {
        let flow = Flow::default();
        flow.begin();
        let end = given_up(&flow, 500, |_| flow.taken(rate)).await;
        assert_eq!(end, expected, "{rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_stops_in_the_middle_is_given_up() {
    let flow = Flow::default();
    flow.begin();
    let end = given_up(&flow, 500, |second| {
        if second < 100 {
            flow.taken(1000);
        }
    });
    // The look at 120 s saw some of the last bytes, the one after it saw none.
    let end = end.await.unwrap();
    assert!((120..=151).contains(&end), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_lump_now_and_then_is_enough() {
    // As a kernel takes bytes of a slow connection: many at once, then none for a while.
    let flow = Flow::default();
    flow.begin();
    let end = given_up(&flow, 500, |second| {
        if second % 20 == 0 {
            flow.taken(16_000);
        }
    });
    assert_eq!(end.await, None);
}

#[tokio::test(start_paused = true)]
async fn each_answer_has_its_own_time() {
    let flow = Flow::default();
    flow.begin();
    let end = given_up(&flow, 500, |second| {
        if second % 29 == 0 {
            flow.end();
            flow.begin();
        }
    });
    assert_eq!(end.await, None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_who_has_no_answer() {
    let flow = Flow::default();
    assert_eq!(given_up(&flow, 500, |_| {}).await, None);
    flow.begin();
    flow.end();
    assert_eq!(given_up(&flow, 500, |_| {}).await, None);
}

#[test]
fn a_pace_asks_for_a_byte_at_least() {
    assert_eq!(Pace::new(Duration::from_millis(1), 1).bytes, 1);
    assert_eq!(Pace::new(TIMEOUT, 500).bytes, 15_000);
    assert_eq!(Pace::new(TIMEOUT, usize::MAX).bytes, usize::MAX);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_being_made_waits_until_there_is_nothing_to_take() {
    let flow = Flow::default();
    let given_up = async || given_up(&flow, 500, |_| {}).await;
    flow.begin_making();
    assert_eq!(given_up().await, Some(30), "nobody asked for it");
    let catch_up = || {
        poll_fn(|context| {
            flow.catch_up(context);
            Poll::Ready(())
        })
    };
    catch_up().await;
    assert_eq!(given_up().await, None, "nothing is there");
    flow.go_on();
    flow.end();
    assert_eq!(
        given_up().await,
        Some(30),
        "nobody asked for what comes next"
    );
    catch_up().await;
    flow.is_made();
    assert_eq!(given_up().await, Some(30), "nobody asked for its end");
    flow.stop_making();
    assert_eq!(given_up().await, None);
}
