use std::cell::RefCell;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{AttemptsOutcome, Budget, Ended, LEAST, Plan, Try, Verdict, run};
use crate::config;
use crate::downstream::deadline::SharedDeadline;

const AGAIN: Verdict = Verdict::Again;

fn retry(backoff: u64) -> config::Retry {
    config::Retry {
        max: 3,
        backoff: ms(backoff),
        max_backoff: Duration::from_secs(1),
        methods: vec![],
        statuses: Vec::new(),
        budget: 20,
        min_per_second: 0,
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An attempt of a script: how long it takes, and how it ends.
type Scripted = (u64, Verdict);

/// Runs a call with scripted attempts; its value is the number of the attempt. Also returns which
/// attempts were made, when, and how many of them were dropped.
struct Drill {
    retry: config::Retry,
    retries: u32,
    hedge_after: Option<Duration>,
    budget: Budget,
    time: Duration,
    /// For how long each retry waits for its turn; `None` when that does not come in time.
    turn: Option<Duration>,
    begun: RefCell<Vec<(Try, Duration)>>,
    ended: RefCell<Vec<u32>>,
}

impl Drill {
    fn new(backoff: u64, retries: u32) -> Self {
        Self {
            retry: retry(backoff),
            retries,
            hedge_after: None,
            budget: Budget::new(Instant::now()),
            time: Duration::from_secs(10),
            turn: Some(Duration::ZERO),
            begun: RefCell::default(),
            ended: RefCell::default(),
        }
    }

    async fn go(&self, script: &[Scripted]) -> Ended<u32> {
        let started = Instant::now();
        let plan = Plan {
            retry: &self.retry,
            retries: self.retries,
            hedge_after: self.hedge_after,
            budget: &self.budget,
            deadline: &SharedDeadline::new(started + self.time),
        };
        let beside = || {
            self.budget
                .withdraw(&self.retry, Instant::now())
                .then_some(())
        };
        let again = || async {
            match self.turn {
                Some(turn) if turn.is_zero() => {}
                Some(turn) => sleep(turn).await,
                None => return false,
            }
            true
        };
        run(plan, beside, again, |attempt| async move {
            self.begun
                .borrow_mut()
                .push((attempt, Instant::now() - started));
            let (takes, verdict) = script[attempt.number as usize - 1];
            sleep(ms(takes)).await;
            self.ended.borrow_mut().push(attempt.number);
            AttemptsOutcome {
                value: attempt.number,
                verdict,
            }
        })
        .await
    }

    fn withdraw(&self) -> bool {
        self.budget.withdraw(&self.retry, Instant::now())
    }

    /// When attempts began, in milliseconds, and which were hedges.
    fn begun(&self) -> Vec<(u128, bool)> {
        let begun = self.begun.borrow();
        begun
            .iter()
            .map(|(attempt, at)| (at.as_millis(), attempt.hedge))
            .collect()
    }
}

fn ended(value: u32, attempts: u32, hedged: bool) -> Ended<u32> {
    Ended {
        value,
        attempts,
        hedged,
        waited: Duration::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_attempt_is_the_only_one() {
    let drill = Drill::new(0, 3);
    assert_eq!(drill.go(&[(10, Verdict::Final)]).await, ended(1, 1, false));
}

#[tokio::test(start_paused = true)]
async fn retries_until_one_is_final_or_none_is_left() {
    let drill = Drill::new(0, 2);
    assert_eq!(
        drill.go(&[(10, AGAIN), (10, Verdict::Final)]).await,
        ended(2, 2, false)
    );
    let drill = Drill::new(0, 2);
    assert_eq!(drill.go(&[(10, AGAIN); 3]).await, ended(3, 3, false));
    let drill = Drill::new(0, 0);
    assert_eq!(drill.go(&[(10, AGAIN)]).await, ended(1, 1, false));
}

#[tokio::test(start_paused = true)]
async fn waits_before_a_retry_and_says_how_long() {
    let drill = Drill::new(100, 3);
    let started = Instant::now();
    let ended = drill
        .go(&[(10, AGAIN), (10, AGAIN), (10, AGAIN), (10, Verdict::Final)])
        .await;
    assert_eq!(ended.attempts, 4);
    assert!(ended.waited <= ms(100 + 200 + 400));
    // The timer counts whole milliseconds.
    let spent = started.elapsed() - ms(40);
    assert!(
        spent >= ended.waited && spent < ended.waited + ms(10),
        "{spent:?} {ended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_for_its_turn() {
    let mut drill = Drill::new(0, 3);
    drill.turn = Some(ms(700));
    let ended = drill.go(&[(10, AGAIN), (10, Verdict::Final)]).await;
    assert_eq!(ended.waited, ms(700));
    assert_eq!(drill.begun(), [(0, false), (710, false)]);
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_stands_where_the_turn_does_not_come_and_costs_no_budget() {
    let mut drill = Drill::new(0, 3);
    drill.turn = None;
    for _ in 0..10 {
        assert_eq!(drill.go(&[(10, AGAIN)]).await, ended(1, 1, false));
    }
    assert_eq!((0..10).filter(|_| drill.withdraw()).count(), 7);
}

#[tokio::test(start_paused = true)]
async fn no_retry_begins_when_the_time_is_nearly_over() {
    for (takes, attempts) in [(ms(100) - LEAST, 2), (ms(101) - LEAST, 1)] {
        let mut drill = Drill::new(0, 3);
        drill.time = ms(100);
        let takes = takes.as_millis() as u64;
        let ended = drill.go(&[(takes, AGAIN), (1, Verdict::Final)]).await;
        assert_eq!(ended.attempts, attempts, "{takes}");
    }
    // An attempt without time costs no budget.
    let mut drill = Drill::new(0, 3);
    drill.time = ms(10);
    for _ in 0..10 {
        drill.go(&[(10, AGAIN)]).await;
    }
    assert_eq!((0..10).filter(|_| drill.withdraw()).count(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_made_much_worse() {
    let drill = Drill::new(0, 3);
    for _ in 0..1000 {
        drill.go(&[(1, AGAIN); 4]).await;
    }
    let begun = drill.begun.borrow().len();
    assert!((1200..=1205).contains(&begun), "{begun}");
}

#[tokio::test(start_paused = true)]
async fn a_hedge_beside_a_slow_attempt_wins() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    let started = Instant::now();
    assert_eq!(
        drill
            .go(&[(1000, Verdict::Final), (20, Verdict::Final)])
            .await,
        ended(2, 2, true)
    );
    assert_eq!(started.elapsed().as_millis(), 70);
    assert_eq!(drill.begun(), [(0, false), (50, true)]);
    // The other was dropped.
    assert_eq!(*drill.ended.borrow(), [2]);
}

#[tokio::test(start_paused = true)]
async fn the_first_wins_over_a_slower_hedge() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    assert_eq!(
        drill
            .go(&[(60, Verdict::Final), (20, Verdict::Final)])
            .await,
        ended(1, 2, true)
    );
    assert_eq!(*drill.ended.borrow(), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_in_time_is_not_hedged() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    assert_eq!(drill.go(&[(40, Verdict::Final)]).await, ended(1, 1, false));
    assert_eq!(
        drill.go(&[(40, AGAIN), (90, Verdict::Final)]).await,
        ended(2, 2, false)
    );
}

#[tokio::test(start_paused = true)]
async fn hedges_and_retries_are_paid_from_one_budget() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    while drill.withdraw() {}
    assert_eq!(drill.go(&[(60, AGAIN)]).await, ended(1, 1, false));
}

#[tokio::test(start_paused = true)]
async fn of_two_the_one_that_still_runs_is_waited_for() {
    for (first, second, value) in [
        ((60, AGAIN), (500, Verdict::Final), 2),
        ((500, Verdict::Final), (10, AGAIN), 1),
    ] {
        let mut drill = Drill::new(0, 3);
        drill.hedge_after = Some(ms(50));
        assert_eq!(drill.go(&[first, second]).await, ended(value, 2, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_follows_when_both_end_badly() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    let result = drill
        .go(&[(60, AGAIN), (40, AGAIN), (10, Verdict::Final)])
        .await;
    assert_eq!(result, ended(3, 3, true));
    assert_eq!(drill.begun(), [(0, false), (50, true), (90, false)]);
}

#[tokio::test(start_paused = true)]
async fn no_hedge_begins_when_the_time_is_nearly_over() {
    let mut drill = Drill::new(0, 3);
    drill.hedge_after = Some(ms(50));
    drill.time = ms(52);
    assert_eq!(drill.go(&[(60, Verdict::Final)]).await, ended(1, 1, false));
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_time_of_one_who_joined_later() {
    let retry = retry(0);
    let budget = Budget::new(Instant::now());
    let deadline = SharedDeadline::new(Instant::now() + ms(10));
    let plan = Plan {
        retry: &retry,
        retries: 1,
        hedge_after: None,
        budget: &budget,
        deadline: &deadline,
    };
    let ended = run(
        plan,
        || None::<()>,
        async || true,
        |attempt| {
            assert!(deadline.extend(Instant::now() + ms(100)));
            async move {
                sleep(ms(20)).await;
                AttemptsOutcome {
                    value: attempt.number,
                    verdict: AGAIN,
                }
            }
        },
    );
    assert_eq!(ended.await.attempts, 2);
}
