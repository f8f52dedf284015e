//! Retry budget: further attempts are limited to a small part of the calls, so that retries do not
//! make an outage worse.
//!
//! Each BFF has its own budget per service, fed by its own calls, so that a BFF whose calls all
//! fail uses up no other's. A few attempts per second are always allowed: a BFF with few calls
//! would have none otherwise.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use crate::config;

/// The cost of one attempt. A call pays in a percentage of it, the budget.
const ATTEMPT: u64 = 100;
/// The reserve of attempts before any call, which time refills. As many as come per second, if that
/// is more.
const RESERVE: u64 = 5 * ATTEMPT;
/// The most attempts that can be saved up.
const MOST: u64 = 100 * ATTEMPT;
/// The time in which one attempt is refilled at one per second, microseconds.
const EARNING: u64 = 1_000_000 / ATTEMPT;

/// A token bucket. Of `n` calls in `t` seconds come at most `5 + n * budget / 100 + t *
/// min_per_second` further attempts.
pub struct Budget {
    base: Instant,
    saved: AtomicU64,
    /// The time up to which the refill was paid in, microseconds after `base`.
    paid: AtomicU64,
}

impl Budget {
    /// A budget with its reserve.
    pub fn new(now: Instant) -> Self {
        Self {
            base: now,
            saved: AtomicU64::new(RESERVE),
            paid: AtomicU64::new(0),
        }
    }

    /// A call is made.
    pub fn deposit(&self, retry: &config::Retry) {
        self.pay_in(u64::from(retry.budget), MOST);
    }

    /// Withdraws a further attempt, a retry or a hedge. A budget of zero percent grants none.
    #[must_use]
    pub fn withdraw(&self, retry: &config::Retry, now: Instant) -> bool {
        if retry.budget == 0 {
            return false;
        }
        self.pay_for_time(u64::from(retry.min_per_second), now);
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(ATTEMPT)
            })
            .is_ok()
    }

    /// Gives back what an attempt cost that was not made after all.
    pub fn refund(&self) {
        self.pay_in(ATTEMPT, MOST);
    }

    /// Pays in the refill since the last time.
    fn pay_for_time(&self, per_second: u64, now: Instant) {
        let now = now.saturating_duration_since(self.base).as_micros();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let paid = self.paid.load(Ordering::Relaxed);
        let earned = now.saturating_sub(paid).saturating_mul(per_second) / EARNING;
        if earned == 0 {
            return;
        }
        // The rest of the time is paid in later.
        let until = paid + earned.saturating_mul(EARNING) / per_second;
        let ours = self
            .paid
            .compare_exchange(paid, until, Ordering::Relaxed, Ordering::Relaxed);
        if ours.is_ok() {
            self.pay_in(earned, RESERVE.max(per_second * ATTEMPT));
        }
    }

    fn pay_in(&self, amount: u64, most: u64) {
        // A full bucket, which is the rule, is only read: threads do not contend for its cache
        // line.
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                (saved < most).then(|| saved.saturating_add(amount).min(most))
            });
    }
}
