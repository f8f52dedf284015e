//! The pause that an endpoint requested (`retry-after`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::time::millis;

/// The end of the pause that an endpoint requested.
pub struct RequestedPause {
    base: Instant,
    /// Milliseconds after the base; 0 for no pause.
    until: AtomicU64,
}

impl RequestedPause {
    /// No pause.
    pub fn new(now: Instant) -> Self {
        Self {
            base: now,
            until: AtomicU64::new(0),
        }
    }

    /// A pause of this length.
    pub fn begin(&self, time: Duration, now: Instant) {
        let until = self.millis(now).saturating_add(millis(time));
        self.until.store(until, Ordering::Relaxed);
    }

    /// It answers again.
    pub fn end(&self) {
        if self.until.load(Ordering::Relaxed) != 0 {
            self.until.store(0, Ordering::Relaxed);
        }
    }

    /// The rest of the pause; zero without one.
    pub fn left(&self, now: Instant) -> Duration {
        let until = self.until.load(Ordering::Relaxed);
        Duration::from_millis(until.saturating_sub(self.millis(now)))
    }

    fn millis(&self, at: Instant) -> u64 {
        millis(at.saturating_duration_since(self.base))
    }
}
