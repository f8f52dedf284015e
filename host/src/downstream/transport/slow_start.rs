//! Slow start: an endpoint that recovered gets more and more calls, not its full share at once. It
//! may have cold caches and no connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::time;

/// The initial share, percent.
const FIRST: u64 = 10;

/// The slow start of one endpoint.
pub struct SlowStart {
    base: Instant,
    /// When it began, microseconds after the base and one; 0 while there is none.
    began: AtomicU64,
}

impl SlowStart {
    /// None is under way.
    pub fn new(now: Instant) -> Self {
        Self {
            base: now,
            began: AtomicU64::new(0),
        }
    }

    /// The endpoint is good again.
    pub fn begin(&self, now: Instant) {
        self.began.store(self.micros(now) + 1, Ordering::Relaxed);
    }

    /// The percentage of its calls that the endpoint should get, given how long the slow start
    /// takes; `None` when that is all.
    pub fn share(&self, now: Instant, length: Duration) -> Option<u64> {
        let began = self.began.load(Ordering::Relaxed);
        if began == 0 {
            return None;
        }
        let length = time::micros(length);
        let passed = (self.micros(now) + 1).saturating_sub(began);
        if passed >= length {
            // One that restarted meanwhile continues.
            let _ = self
                .began
                .compare_exchange(began, 0, Ordering::Relaxed, Ordering::Relaxed);
            return None;
        }
        Some((passed.saturating_mul(100) / length).max(FIRST))
    }

    fn micros(&self, at: Instant) -> u64 {
        let passed = at.saturating_duration_since(self.base).as_micros();
        u64::try_from(passed).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_from_a_tenth_to_all() {
        let start = Instant::now();
        let slow_start = SlowStart::new(start);
        let seconds = Duration::from_secs;
        let share = |passed| slow_start.share(start + seconds(passed), seconds(10));
        assert_eq!(share(0), None);
        slow_start.begin(start);
        let shares = [0, 1, 2, 5, 9].map(share);
        assert_eq!(shares, [Some(10), Some(10), Some(20), Some(50), Some(90)]);
        assert_eq!(share(10), None);
        // It is over for good.
        assert_eq!(share(5), None);
    }

    #[test]
    fn one_of_no_length_is_none() {
        let now = Instant::now();
        let slow_start = SlowStart::new(now);
        slow_start.begin(now);
        assert_eq!(slow_start.share(now, Duration::ZERO), None);
    }
}
