//! The rate of calls: the operator's limit, and the pauses that the service requests.

use std::time::Duration;

use tokio::time::Instant;

use crate::config;
use crate::downstream::policy::hold::Hold;
use crate::downstream::policy::rate::Bucket;

/// The rate and the hold in force.
pub(super) struct Pace {
    bucket: Option<Bucket>,
    hold: Option<Hold>,
    /// The longest hold.
    max_hold: Duration,
}

/// The token that a call took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Nothing: calls went as they came.
    Free,
    /// A token, which is given back if nothing is sent.
    Taken,
}

/// A pause for all calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldStart {
    /// For how long from now on.
    pub time: Duration,
    /// Whether none was in force before.
    pub began: bool,
}

/// Why the next call may not go at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brake {
    Rate(config::Rate),
    /// The hold, or the second after it.
    Hold,
}

impl Pace {
    pub(super) fn new(settings: &config::Bulkhead, now: Instant) -> Self {
        Self {
            bucket: settings.rate.map(|rate| Bucket::new(rate, now)),
            hold: None,
            max_hold: settings.max_retry_after,
        }
    }

    /// Applies new limits; a hold ends no later than a new one could under them.
    pub(super) fn set(&mut self, settings: &config::Bulkhead, now: Instant) {
        match (&mut self.bucket, settings.rate) {
            (Some(bucket), Some(rate)) => bucket.set(rate, now),
            (bucket, rate) => *bucket = rate.map(|rate| Bucket::new(rate, now)),
        }
        self.max_hold = settings.max_retry_after;
        if let Some(hold) = &mut self.hold {
            hold.shorten(now + self.max_hold);
        }
    }

    /// Whether calls go as they come.
    pub(super) fn is_free(&mut self, now: Instant) -> bool {
        if self.hold.as_ref().is_some_and(|hold| hold.is_over(now)) {
            self.hold = None;
        }
        self.bucket.is_none() && self.hold.is_none()
    }

    /// When a call may go with `ahead` others before it, and what it waits for; `None` when that is
    /// now.
    pub(super) fn wait(&self, ahead: usize, now: Instant) -> Option<(Instant, Brake)> {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let bucket = self.bucket.as_ref();
        let bucket = bucket.map(|it| (it.due(ahead, now), Brake::Rate(it.rate())));
        let hold = self.hold.as_ref();
        let hold = hold.map(|hold| (hold.due(ahead), Brake::Hold));
        let waits = bucket.into_iter().chain(hold);
        waits
            .max_by_key(|(due, _)| *due)
            .filter(|(due, _)| *due > now)
    }

    /// A call goes. To be called when there is nothing to [wait](Self::wait) for.
    pub(super) fn take(&mut self, now: Instant) -> Token {
        if let Some(bucket) = &mut self.bucket {
            bucket.take(now);
        }
        if let Some(hold) = &mut self.hold {
            hold.take();
        }
        Token::Taken
    }

    /// One was not sent after all.
    pub(super) fn give_back(&mut self) {
        if let Some(bucket) = &mut self.bucket {
            bucket.give_back();
        }
        if let Some(hold) = &mut self.hold {
            hold.give_back();
        }
    }

    /// Holds calls back for as long as the service requests and the operator allows; `None` where
    /// that is no longer than before.
    pub(super) fn hold(&mut self, asked: Duration, now: Instant) -> Option<HoldStart> {
        let time = asked.min(self.max_hold);
        let known = self.hold.as_ref().map_or(now, Hold::until);
        if now + time <= known.max(now) {
            return None;
        }
        self.hold = Some(Hold::new(now + time));
        let began = known <= now;
        Some(HoldStart { time, began })
    }

    /// The rate in force, and the tokens that are there.
    pub(super) fn rate(&self, now: Instant) -> Option<(config::Rate, u32)> {
        let bucket = self.bucket.as_ref()?;
        Some((bucket.rate(), bucket.tokens(now)))
    }

    /// The rest of a hold.
    pub(super) fn held(&self, now: Instant) -> Option<Duration> {
        let left = self.hold.as_ref()?.until().saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}
