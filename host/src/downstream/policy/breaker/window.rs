//! How the calls of the last while ended, in a ring of buckets.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Parts of the window. What leaves it leaves a tenth at a time.
const BUCKETS: usize = 10;
/// The tick of a bucket that holds nothing.
const EMPTY: u64 = u64::MAX;

/// Counts of the last while. It covers the running tenth of its length and the nine before it.
///
/// Counting takes no lock but for the first call of a tenth. A call that is counted at the very moment in which its bucket is
/// used anew may be lost, or be in the next tenth: judgements are about shares of many.
pub(super) struct Window {
    start: Instant,
    /// Length of a bucket, nanoseconds.
    length: u64,
    buckets: [Bucket; BUCKETS],
    clearing: Mutex<()>,
}

/// What a window counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

struct Bucket {
    /// Which tenth since the start it counts.
    tick: AtomicU64,
    calls: AtomicU32,
    failed: AtomicU32,
    slow: AtomicU32,
}

impl Window {
    pub(super) fn new(start: Instant, length: Duration) -> Self {
        Self {
            start,
            length: nanos(length / BUCKETS as u32).max(1),
            buckets: std::array::from_fn(|_| Bucket {
                tick: AtomicU64::new(EMPTY),
                calls: AtomicU32::new(0),
                failed: AtomicU32::new(0),
                slow: AtomicU32::new(0),
            }),
            clearing: Mutex::new(()),
        }
    }

    pub(super) fn add(&self, now: Instant, failed: bool, slow: bool) {
        let tick = self.tick(now);
        let bucket = &self.buckets[(tick % BUCKETS as u64) as usize];
        let counted = bucket.tick.load(Ordering::Acquire);
        if counted != tick {
            if counted != EMPTY && counted > tick {
                // The caller's time is a whole window old.
                return;
            }
            self.clear(bucket, tick);
        }
        bucket.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            bucket.failed.fetch_add(1, Ordering::Relaxed);
        }
        if slow {
            bucket.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self, now: Instant) -> Counts {
        let tick = self.tick(now);
        let mut counts = Counts::default();
        for bucket in &self.buckets {
            let counted = bucket.tick.load(Ordering::Acquire);
            if counted != EMPTY && counted + BUCKETS as u64 > tick {
                counts.calls += bucket.calls.load(Ordering::Relaxed);
                counts.failed += bucket.failed.load(Ordering::Relaxed);
                counts.slow += bucket.slow.load(Ordering::Relaxed);
            }
        }
        counts
    }

    pub(super) fn forget(&self) {
        let _clearing = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
        for bucket in &self.buckets {
            bucket.tick.store(EMPTY, Ordering::Release);
        }
    }

    fn clear(&self, bucket: &Bucket, tick: u64) {
        let _clearing = self.clearing.lock().unwrap_or_else(PoisonError::into_inner);
        if bucket.tick.load(Ordering::Acquire) != tick {
            bucket.calls.store(0, Ordering::Relaxed);
            bucket.failed.store(0, Ordering::Relaxed);
            bucket.slow.store(0, Ordering::Relaxed);
            bucket.tick.store(tick, Ordering::Release);
        }
    }

    fn tick(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.start)) / self.length
    }
}

/// A duration in nanoseconds, at most `u64::MAX`.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
