//! The deadline of a call that several callers may share.

#[cfg(test)]
mod tests;

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::{Instant, Sleep, sleep_until};

/// Marks a deadline that has passed.
const PASSED: u64 = 1 << 63;

/// The latest deadline of all callers of a call. It may become later while the call runs, when
/// another caller joins it, and never becomes earlier.
#[derive(Debug)]
pub struct SharedDeadline {
    first: Instant,
    /// Nanoseconds after that, and whether it has passed.
    more: AtomicU64,
}

impl SharedDeadline {
    /// The deadline of one caller.
    pub fn new(end: Instant) -> Self {
        Self {
            first: end,
            more: AtomicU64::new(0),
        }
    }

    /// The latest deadline so far. A caller that waits until then must check again when it has
    /// come.
    pub fn latest(&self) -> Instant {
        self.after(self.more.load(Ordering::Acquire))
    }

    /// Another caller waits until `end`. `false` when it is too late to: the maker of the call gave
    /// it up, since the deadline had passed for all who waited until then.
    #[must_use]
    pub fn extend(&self, end: Instant) -> bool {
        let more = end.saturating_duration_since(self.first).as_nanos();
        let more = u64::try_from(more).unwrap_or(u64::MAX).min(PASSED - 1);
        self.more
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |before| {
                (before & PASSED == 0).then_some(before.max(more))
            })
            .is_ok()
    }

    /// Whether it has passed. If so, it can no longer be extended.
    pub fn passed(&self, now: Instant) -> bool {
        self.more
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |more| {
                (now >= self.after(more)).then_some(more | PASSED)
            })
            .is_ok()
    }

    /// Ready when it or `limit` has passed. A timer is reset when the deadline was extended.
    pub fn poll_passed(
        &self,
        mut timer: Pin<&mut Sleep>,
        limit: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        while timer.as_mut().poll(context).is_ready() {
            let now = timer.deadline();
            if now >= limit || self.passed(now) {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.latest().min(limit));
        }
        Poll::Pending
    }

    /// The output of the future, or `None` when this deadline or `limit` passed first. The timer is
    /// the caller's, and is not set for a ready future.
    pub async fn timeout_with<F: Future>(
        &self,
        mut timer: Pin<&mut Sleep>,
        limit: Instant,
        mut future: Pin<&mut F>,
    ) -> Option<F::Output> {
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self
                .poll_passed(timer.as_mut(), limit, context)
                .map(|()| None),
        })
        .await
    }

    /// The same with a timer of its own.
    pub async fn timeout<F: Future>(&self, limit: Option<Instant>, future: F) -> Option<F::Output> {
        // Without a limit, one that this deadline cannot reach.
        let limit = limit.unwrap_or_else(|| self.after(PASSED - 1));
        let timer = pin!(sleep_until(self.latest().min(limit)));
        self.timeout_with(timer, limit, pin!(future)).await
    }

    fn after(&self, more: u64) -> Instant {
        self.first + Duration::from_nanos(more & !PASSED)
    }
}
