//! Limits how often the log has a line about something that may happen with each call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// Lets one line per minute through. Shared by all workers; no lock.
pub struct LogInterval {
    base: Instant,
    /// When the next line is due, milliseconds after `base`.
    due: AtomicU64,
}

impl LogInterval {
    /// The first line is due at once.
    pub fn new() -> Self {
        Self {
            base: Instant::now(),
            due: AtomicU64::new(0),
        }
    }

    /// Whether a line is due. Says so to one caller per minute.
    pub fn is_due(&self) -> bool {
        let now = self.base.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let due = self.due.load(Ordering::Relaxed);
        let next = now.saturating_add(INTERVAL.as_millis() as u64);
        now >= due
            && self
                .due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl Default for LogInterval {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_line_per_minute_is_due() {
        let interval = LogInterval::new();
        let mut lines = 0;
        for _ in 0..180 {
            lines += u32::from(interval.is_due());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(lines, 3);
    }
}
