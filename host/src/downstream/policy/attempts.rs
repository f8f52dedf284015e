//! The attempts of one call: the first, its retries, its hedge. The caller decides whether a
//! further attempt is safe and useful; this module decides whether there are time and budget for
//! it.

#[cfg(test)]
mod tests;

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until, timeout};

use super::backoff::backoff;
use super::budget::Budget;
use crate::config;
use crate::downstream::deadline::SharedDeadline;

/// The least time for a further attempt: with less, it would hardly be answered.
const LEAST: Duration = Duration::from_millis(5);

/// The limits of one call's attempts.
pub struct Plan<'a> {
    /// How long is waited before retries, and how many there may be.
    pub retry: &'a config::Retry,
    /// Attempts after the first, a hedge not counted.
    pub retries: u32,
    /// When an attempt is begun beside the first; `None` never.
    pub hedge_after: Option<Duration>,
    /// The retry budget. The call pays in, too.
    pub budget: &'a Budget,
    /// The end of the call. Attempts themselves must end by then.
    pub deadline: &'a SharedDeadline,
}

/// The number of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// The first is 1.
    pub number: u32,
    /// Whether it runs beside another.
    pub hedge: bool,
}

/// How an attempt ended.
pub struct AttemptsOutcome<T> {
    /// An answer, or an error.
    pub value: T,
    /// Whether it is worth a further attempt.
    pub verdict: Verdict,
}

/// Whether an attempt is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is: it succeeded, or another could do harm or would fail as well.
    Final,
    /// Another is safe, and may succeed.
    Again,
}

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended<T> {
    /// The result of the deciding attempt.
    pub value: T,
    /// Attempts made, a hedge included.
    pub attempts: u32,
    /// Whether one of them was a hedge.
    pub hedged: bool,
    /// Time spent between attempts.
    pub waited: Duration,
}

/// Makes attempts until one is final, or no other is allowed; then the last one is the result.
/// `beside` returns the right to a hedge, if there is one; it is dropped with that attempt. `again`
/// waits until a retry may be made, and returns whether that is in time.
///
/// Dropping the future drops the attempts that are under way. A call whose first attempt is final
/// and that may not be hedged allocates nothing and sets no timer.
pub async fn run<T, A, F, R, W>(
    plan: Plan<'_>,
    beside: impl FnOnce() -> Option<R>,
    again: impl Fn() -> W,
    attempt: A,
) -> Ended<T>
where
    W: Future<Output = bool>,
    A: Fn(Try) -> F,
    F: Future<Output = AttemptsOutcome<T>>,
{
    plan.budget.deposit(plan.retry);
    // No attempt is bound to a name before it is awaited: that would store it twice in the future
    // of every call.
    let first = Try {
        number: 1,
        hedge: false,
    };
    let (mut tried, hedged) = match plan.hedge_after {
        None => (attempt(first).await, false),
        Some(delay) => hedge(&plan, delay, first, beside, &attempt).await,
    };
    let mut attempts = 1 + u32::from(hedged);
    let mut waited = Duration::ZERO;
    for retry in 0..plan.retries {
        if tried.verdict == Verdict::Final {
            break;
        }
        let now = Instant::now();
        let wait = backoff(plan.retry, retry);
        if !worth(&plan, now, wait) || !plan.budget.withdraw(plan.retry, now) {
            break;
        }
        if wait > Duration::ZERO {
            sleep_until(now + wait).await;
        }
        if !again().await {
            plan.budget.refund();
            break;
        }
        waited += now.elapsed();
        attempts += 1;
        // Boxed, because few calls are retried, and the future of every call would be as large.
        tried = Box::pin(attempt(Try {
            number: attempts,
            hedge: false,
        }))
        .await;
    }
    Ended {
        value: tried.value,
        attempts,
        hedged,
        waited,
    }
}

/// Waits for the first attempt, and hedges it when that takes too long. Returns whether it did.
async fn hedge<T, A, F, R>(
    plan: &Plan<'_>,
    delay: Duration,
    first: Try,
    beside: impl FnOnce() -> Option<R>,
    attempt: &A,
) -> (AttemptsOutcome<T>, bool)
where
    A: Fn(Try) -> F,
    F: Future<Output = AttemptsOutcome<T>>,
{
    let mut first = pin!(attempt(first));
    if let Ok(tried) = timeout(delay, first.as_mut()).await {
        return (tried, false);
    }
    let right = worth(plan, Instant::now(), Duration::ZERO).then(beside);
    let Some(right) = right.flatten() else {
        return (first.await, false);
    };
    // In a box, because hedges are few and would double the size of the future of every call.
    let second = Box::pin(async move {
        let _right = right;
        let second = Try {
            number: 2,
            hedge: true,
        };
        attempt(second).await
    });
    let (tried, other) = match select(first, second).await {
        Either::Left((tried, second)) => (tried, Either::Right(second)),
        Either::Right((tried, first)) => (tried, Either::Left(first)),
    };
    match tried.verdict {
        Verdict::Final => (tried, true),
        Verdict::Again => (other.await, true),
    }
}

/// Whether an attempt after this wait still has time.
fn worth(plan: &Plan<'_>, now: Instant, wait: Duration) -> bool {
    wait.saturating_add(LEAST) <= plan.deadline.latest().saturating_duration_since(now)
}
