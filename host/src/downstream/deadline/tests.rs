use std::future::pending;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{Instant, sleep};

use super::SharedDeadline;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_has_until_the_latest_deadline() {
    let began = Instant::now();
    let deadline = SharedDeadline::new(began + SECOND);
    let waiting = deadline.timeout(None, pending::<()>());
    let others = async {
        sleep(SECOND / 2).await;
        assert!(deadline.extend(began + SECOND * 3));
        // An earlier one changes nothing, and the first timer has run out by then.
        sleep(SECOND).await;
        assert!(deadline.extend(began + SECOND * 2));
    };
    assert_eq!(join(waiting, others).await.0, None);
    assert_eq!(began.elapsed(), SECOND * 3);
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_time_gives_its_output() {
    let deadline = SharedDeadline::new(Instant::now() + SECOND);
    let waiting = deadline.timeout(None, async {
        sleep(SECOND * 2).await;
        7
    });
    let other = async { assert!(deadline.extend(Instant::now() + SECOND * 3)) };
    assert_eq!(join(waiting, other).await.0, Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_however_late_the_deadline_becomes() {
    let began = Instant::now();
    let deadline = SharedDeadline::new(began + SECOND * 9);
    let limit = Some(began + SECOND);
    assert_eq!(deadline.timeout(limit, pending::<()>()).await, None);
    assert_eq!(began.elapsed(), SECOND);
    // It is no end of the call.
    assert!(deadline.extend(began + SECOND * 10));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_is_not_extended() {
    let began = Instant::now();
    let deadline = SharedDeadline::new(began + SECOND);
    assert!(!deadline.passed(began));
    assert!(deadline.extend(began + SECOND * 2));
    assert!(!deadline.passed(began + SECOND));
    assert!(deadline.passed(began + SECOND * 2));
    assert!(!deadline.extend(began + SECOND * 3));
    assert_eq!(deadline.latest(), began + SECOND * 2);
}
