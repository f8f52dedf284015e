//! A rate limit: a bucket of tokens, kept as the instant at which it is full again (the "generic
//! cell rate algorithm"). A request takes one token, and one comes back in each interval.
//!
//! This type neither waits nor locks. The queue of the [bulkhead](super::bulkhead) does both,
//! because it has to decide at once who gets the next place and the next token. That is why this is
//! not the crate governor, which brings its own clock and lets each caller wait by itself: it has
//! no queue that knows the next call.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

use crate::config;

/// The tokens of one limit. In any time `w` at most `burst` tokens and those that arrive in `w` are
/// taken.
#[derive(Clone, Debug)]
pub struct Bucket {
    rate: config::Rate,
    /// The time in which one token comes, rounded up: never faster than the rate.
    interval: Duration,
    /// When all tokens are there again; in the past when they are.
    full: Instant,
}

impl Bucket {
    /// A full one.
    pub fn new(rate: config::Rate, now: Instant) -> Self {
        Self {
            rate,
            interval: interval(rate),
            full: now,
        }
    }

    /// The rate in force.
    pub fn rate(&self) -> config::Rate {
        self.rate
    }

    /// When there is a token for a caller with that many others before it; in the past when it is
    /// there.
    pub fn due(&self, ahead: u32, now: Instant) -> Instant {
        let missing = self.full.saturating_duration_since(now);
        let wanted = self.interval.saturating_mul(ahead.saturating_add(1));
        let whole = self.interval.saturating_mul(self.rate.burst);
        now + missing.saturating_add(wanted).saturating_sub(whole)
    }

    /// Takes a token. To be called when one is [due](Self::due).
    pub fn take(&mut self, now: Instant) {
        self.full = self.full.max(now) + self.interval;
    }

    /// Gives one back that was not used.
    pub fn give_back(&mut self) {
        if let Some(full) = self.full.checked_sub(self.interval) {
            self.full = full;
        }
    }

    /// The tokens that are there.
    pub fn tokens(&self, now: Instant) -> u32 {
        let missing = self.full.saturating_duration_since(now).as_nanos();
        let missing = missing.div_ceil(self.interval.as_nanos());
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        self.rate.burst.saturating_sub(missing)
    }

    /// Applies a new rate. The number of tokens stays, up to the new burst; the fraction of one is
    /// lost.
    pub fn set(&mut self, rate: config::Rate, now: Instant) {
        if rate == self.rate {
            return;
        }
        let missing = rate.burst.saturating_sub(self.tokens(now));
        self.interval = interval(rate);
        self.rate = rate;
        self.full = now + self.interval.saturating_mul(missing);
    }
}

fn interval(rate: config::Rate) -> Duration {
    let nanos = rate.per.as_nanos().div_ceil(u128::from(rate.count.max(1)));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
