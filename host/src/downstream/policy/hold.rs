//! The pause that a service requested (`retry-after`, RFC 9110 section 10.2.3), and the ramp after
//! it.
//!
//! Without a ramp, all queued calls would start at the same moment. In the second after the hold
//! calls start in steps of a tenth of a second: one, then two, then four, and so on. The answers to
//! the first show whether the service takes more, and another 429 starts a new hold. A step may use
//! what earlier steps left over.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

/// The time in which calls may be doubled.
const STEP: Duration = Duration::from_millis(100);
/// Steps after which the ramp ends: one second.
const STEPS: u32 = 10;

/// A hold, and the second after it.
#[derive(Clone, Debug)]
pub struct Hold {
    until: Instant,
    /// Calls let go since then.
    gone: u32,
}

impl Hold {
    /// A hold that lasts until then.
    pub fn new(until: Instant) -> Self {
        Self { until, gone: 0 }
    }

    /// Until when nothing is sent.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Whether it lets calls go as they come.
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until + STEP * STEPS
    }

    /// When a call may go that has `ahead` others before it.
    pub fn due(&self, ahead: u32) -> Instant {
        let number = self.gone.saturating_add(ahead).saturating_add(1);
        self.until + STEP * number.ilog2().min(STEPS)
    }

    /// A call goes. To be called when one is [due](Self::due).
    pub fn take(&mut self) {
        self.gone = self.gone.saturating_add(1);
    }

    /// One was not sent after all.
    pub fn give_back(&mut self) {
        self.gone = self.gone.saturating_sub(1);
    }

    /// Ends no later than then.
    pub fn shorten(&mut self, until: Instant) {
        self.until = self.until.min(until);
    }
}
