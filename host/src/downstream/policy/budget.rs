//! The retry budget of a service: further attempts may only be a small part of the calls, so that an outage is not made worse
//! by those who would repeat their calls into it.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};

/// What one attempt costs. A call brings in as many of these as the budget is percent.
const ATTEMPT: u64 = 100;
/// Attempts that are allowed before any call was made, so that a service with few calls has retries at all.
const FIRST: u64 = 5 * ATTEMPT;
/// Attempts that can be saved up. A quiet hour does not pay for a storm.
const MOST: u64 = 100 * ATTEMPT;

/// A token bucket. Of `n` calls come at most `5 + n * percent / 100` further attempts.
pub struct Budget {
    percent: u64,
    saved: AtomicU64,
}

impl Budget {
    /// A budget of so many further attempts for 100 calls. Zero allows none at all.
    pub fn new(percent: u32) -> Self {
        Self {
            percent: percent.into(),
            saved: AtomicU64::new(if percent == 0 { 0 } else { FIRST }),
        }
    }

    /// A call is made.
    pub fn deposit(&self) {
        // A full bucket, which is the rule, is only read: threads do not take its cache line from each other. Whether
        // it was filled does not matter.
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                (saved < MOST).then(|| (saved + self.percent).min(MOST))
            });
    }

    /// Gives back what an attempt cost that was not made after all.
    pub fn refund(&self) {
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                Some((saved + ATTEMPT).min(MOST))
            });
    }

    /// Asks for a further attempt, a retry or a hedge. Once granted it is spent.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(ATTEMPT)
            })
            .is_ok()
    }
}
