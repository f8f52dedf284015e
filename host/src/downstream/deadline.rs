//! The end of a call that several callers may wait for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The latest deadline of all who wait for a call. It may become later while the call runs, when
/// another caller joins it, and never becomes earlier.
#[derive(Debug)]
pub struct SharedDeadline {
    first: Instant,
    /// Nanoseconds after that.
    more: AtomicU64,
}

impl SharedDeadline {
    /// The deadline of one caller.
    pub fn new(end: Instant) -> Self {
        Self {
            first: end,
            more: AtomicU64::new(0),
        }
    }

    /// The latest deadline so far.
    pub fn latest(&self) -> Instant {
        self.first + Duration::from_nanos(self.more.load(Ordering::Acquire))
    }

    /// Another caller waits until `end`.
    pub fn extend(&self, end: Instant) {
        let more = end.saturating_duration_since(self.first).as_nanos();
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.more.fetch_max(more, Ordering::AcqRel);
    }
}
