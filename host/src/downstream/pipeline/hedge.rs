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
    /// When a call that was not answered by then is worth another beside it; `None` while too
    /// little is known. Looked up in the histogram now and then only: that is a walk over memory
    /// which other workers write to.
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

/// The right to make an attempt beside another: a permit, because a call holds one and an attempt
/// beside it needs one of its own, and what it costs of the budget. That is given back if the
/// attempt was not sent, and so is the token of the rate.
pub(super) struct HedgeRight<'a> {
    permits: CallPermits,
    course: &'a Course,
}

impl<'a> HedgeRight<'a> {
    /// `None` without a permit, which is not worth a wait, or without budget.
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
