//! Leaving out an endpoint that fails while others of its service do not.
//!
//! Two signs eject it for a time, which doubles when it fails again before a success: failures in a
//! row, and a share of failures far above that of the best other endpoint. They are what Envoy
//! calls outlier detection by consecutive errors and by success rate. Where all endpoints fail
//! alike, because the service does or one of its paths, there is no outlier and none is left out.
//!
//! A success is the ordinary case, and costs two loads and an addition.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::config;
use crate::downstream::window::{CallEnd, Counts, Window};
use crate::sync;

/// The time out is doubled at most this often.
const MAX_DOUBLINGS: u32 = 3;
/// The window of the failure rates.
const WINDOW: Duration = Duration::from_secs(10);
/// Failure rate of the best other endpoint, percent, from which on consecutive failures are no sign
/// of an outlier.
const ALL_FAIL: u32 = 25;

/// The outlier ejection of one service.
pub struct Ejections {
    settings: config::Ejection,
    /// Held while an endpoint is judged, so that no two exceed the share at once.
    judging: Mutex<()>,
}

/// The record of one endpoint.
pub struct Mark {
    base: Instant,
    /// The end of its ejection, microseconds since the base; 0 while it is not ejected.
    until: AtomicU64,
    /// Whether a success would change anything.
    failing: AtomicBool,
    window: Window<1>,
    outlier: Mutex<Outlier>,
}

impl Mark {
    /// A good endpoint.
    pub fn new(now: Instant) -> Self {
        Self {
            base: now,
            until: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            window: Window::new(now, WINDOW),
            outlier: Mutex::default(),
        }
    }

    /// For how long the endpoint is still ejected; `None` when it is not.
    pub fn left_out(&self, now: Instant) -> Option<Duration> {
        let until = self.until.load(Ordering::Relaxed);
        // Nearly always there is no ejection, and nothing to compute.
        if until == 0 {
            return None;
        }
        let left = until.checked_sub(self.micros(now))?;
        (left > 0).then(|| Duration::from_micros(left))
    }

    /// Whether the endpoint's ejection just ended. Returns `true` to one caller.
    pub fn is_back(&self, now: Instant) -> bool {
        let ended = self.until.load(Ordering::Relaxed);
        ended != 0
            && ended <= self.micros(now)
            && self
                .until
                .compare_exchange(ended, 0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// A call that began at `began` was answered.
    pub fn succeeded(&self, began: Instant, now: Instant) {
        self.window.add(now, 0, CallEnd::default());
        if !self.failing.load(Ordering::Relaxed) {
            return;
        }
        let mut outlier = self.lock();
        if outlier.success(began) {
            self.failing.store(false, Ordering::Relaxed);
            self.until.store(0, Ordering::Relaxed);
        }
    }

    /// The recent failure rate, percent.
    fn share(&self, now: Instant) -> u32 {
        share(self.window.counts(now))
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.base).as_micros() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Outlier> {
        sync::lock(&self.outlier)
    }
}

impl Ejections {
    /// The rules; the endpoints keep their own records.
    pub fn new(settings: config::Ejection) -> Self {
        Self {
            settings,
            judging: Mutex::default(),
        }
    }

    /// A call that began at `began` failed at an endpoint. `others` are the other endpoints of the
    /// service, each with whether only ejection can exclude it.
    pub fn failed<'a>(
        &self,
        own: &Mark,
        others: impl Iterator<Item = (&'a Mark, bool)> + Clone,
        began: Instant,
        now: Instant,
    ) {
        let count = others.clone().count() + 1;
        if count < 2 {
            return;
        }
        let failed = CallEnd {
            failed: true,
            slow: false,
        };
        own.window.add(now, 0, failed);
        let _judging = sync::lock(&self.judging);
        let is_out = |other: &Mark| other.left_out(now).is_some();
        let out = others.clone().filter(|(other, _)| is_out(other)).count();
        let best = others
            .filter(|(other, usable)| *usable && !is_out(other))
            .map(|(other, _)| other.share(now))
            .min()
            .filter(|_| out < self.most_out(count));
        own.failing.store(true, Ordering::Relaxed);
        let outlier = |failures: u32| {
            best.is_some_and(|best| {
                failures >= self.settings.failures && best < ALL_FAIL
                    || self.is_far_above(best, own.window.counts(now))
            })
        };
        let until = own.lock().failure(began, now, self.settings.time, outlier);
        if let Some(until) = until {
            own.until.store(own.micros(until), Ordering::Relaxed);
            // Calls before its ejection say nothing about its state after it.
            own.window.forget();
        }
    }

    /// Whether the failure rate is far above that of the best other endpoint.
    fn is_far_above(&self, best: u32, own: Counts) -> bool {
        own.calls >= self.settings.min_calls && share(own) >= best + self.settings.error_rate
    }

    /// How many of `count` endpoints may be ejected at once, at least one.
    fn most_out(&self, count: usize) -> usize {
        match self.settings.max_share {
            0 => 0,
            share => (count * share as usize / 100).clamp(1, count - 1),
        }
    }
}

/// The failure rate, percent; `None` without calls.
fn share(counts: Counts) -> u32 {
    let percent = u64::from(counts.failed) * 100 / u64::from(counts.calls.max(1));
    u32::try_from(percent).unwrap_or(100)
}

/// One endpoint.
#[derive(Debug, Default)]
struct Outlier {
    /// In a row.
    failures: u32,
    /// Ejections without a success between them.
    ejections: u32,
    /// The last of these: from when until when.
    ejected: Option<(Instant, Instant)>,
}

impl Outlier {
    /// The end of the ejection that this failure causes, if `outlier` holds for its consecutive
    /// failures. The count continues over an ejection: the first failure after it causes the next.
    fn failure(
        &mut self,
        began: Instant,
        now: Instant,
        time: Duration,
        outlier: impl Fn(u32) -> bool,
    ) -> Option<Instant> {
        // What began before the endpoint was back says nothing about its current state.
        if self.ejected.is_some_and(|(_, until)| began < until) {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        if !outlier(self.failures) {
            return None;
        }
        let until = now + time * (1 << self.ejections.min(MAX_DOUBLINGS));
        self.ejections += 1;
        self.ejected = Some((now, until));
        Some(until)
    }

    /// Resets the record, unless the call is older than the ejection. Returns whether it did.
    fn success(&mut self, began: Instant) -> bool {
        if self.ejected.is_some_and(|(from, _)| began < from) {
            return false;
        }
        *self = Self::default();
        true
    }
}

#[cfg(test)]
mod tests;
