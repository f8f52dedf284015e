//! When a slow attempt gets a second one beside it, and what that costs.

#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::Pipeline;
use super::permits::CallPermits;
use crate::config::{self, Hedge};
use crate::downstream::call::CallRequest;
use crate::downstream::transport::Course;
use crate::time;

/// The hedging settings where only a profile enables it.
const HEDGE: Hedge = Hedge {
    percentile: 95,
    min_delay: Duration::from_millis(5),
};

impl Pipeline {
    /// The time after which a call is hedged; `None` while too little is known. It is read from the
    /// histogram only now and then, because other workers write to that memory.
    pub(super) fn hedge_delay(&self, call: &CallRequest) -> Option<Duration> {
        let known = self.known(call);
        let micros = known.hedge_delay.load(Ordering::Relaxed);
        if micros == 0 || fastrand::u8(..) < 8 {
            let hedge = self.policy(call).hedge.as_ref().unwrap_or(&HEDGE);
            let delay = known
                .latency
                .percentile(hedge.percentile)?
                .max(hedge.min_delay);
            let micros = time::micros(delay);
            known.hedge_delay.store(micros, Ordering::Relaxed);
            return Some(delay);
        }
        Some(Duration::from_micros(micros))
    }
}

/// The right to a hedge: a permit of its own and its cost in the budget. Both the cost and the
/// token of the rate are given back if the hedge was not sent.
pub(super) struct HedgeRight<'a> {
    permits: CallPermits,
    course: &'a Course,
}

impl<'a> HedgeRight<'a> {
    /// `None` without a free permit or without budget.
    pub(super) fn new(
        permits: &CallPermits,
        retry: &config::Retry,
        course: &'a Course,
    ) -> Option<Self> {
        let permits = permits.another()?;
        let paid = permits.budget().withdraw(retry, Instant::now());
        paid.then_some(Self { permits, course })
    }
}

impl Drop for HedgeRight<'_> {
    fn drop(&mut self) {
        match self.course.sent() {
            true => self.permits.spend(),
            false => self.permits.budget().refund(),
        }
    }
}
