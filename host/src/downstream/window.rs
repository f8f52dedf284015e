//! How recent calls ended, in a ring of buckets.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::sync;
use crate::time::nanos;

/// Parts of the window. Counts expire a tenth at a time.
const BUCKETS: usize = 10;
/// The tick of an empty bucket.
const EMPTY: u64 = u64::MAX;

/// Recent counts, in cells whose meaning its owner defines. It covers the running tenth of its
/// length and the nine before it.
///
/// Counting takes a lock only for the first call of a tenth. A call counted while its bucket is
/// cleared may be lost or fall into the next tenth: judgements are about shares of many calls.
pub struct Window<const CELLS: usize> {
    start: Instant,
    /// Length of a bucket, nanoseconds.
    length: u64,
    buckets: Box<[Bucket<CELLS>]>,
    clearing: Mutex<()>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallEnd {
    /// Whether it failed.
    pub failed: bool,
    /// Whether it was slow.
    pub slow: bool,
}

/// The counts of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were slow, failed ones included.
    pub slow: u32,
}

impl Counts {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failed: self.failed.saturating_add(other.failed),
            slow: self.slow.saturating_add(other.slow),
        }
    }

    /// These without some of them.
    pub fn without(self, some: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(some.calls),
            failed: self.failed.saturating_sub(some.failed),
            slow: self.slow.saturating_sub(some.slow),
        }
    }
}

struct Bucket<const CELLS: usize> {
    /// Which tenth since the start it counts.
    tick: AtomicU64,
    cells: [Cell; CELLS],
}

#[derive(Default)]
struct Cell {
    calls: AtomicU32,
    failed: AtomicU32,
    slow: AtomicU32,
}

impl<const CELLS: usize> Window<CELLS> {
    /// An empty window.
    pub fn new(start: Instant, length: Duration) -> Self {
        let bucket = || Bucket {
            tick: AtomicU64::new(EMPTY),
            cells: std::array::from_fn(|_| Cell::default()),
        };
        Self {
            start,
            length: nanos(length / BUCKETS as u32).max(1),
            buckets: (0..BUCKETS).map(|_| bucket()).collect(),
            clearing: Mutex::new(()),
        }
    }

    /// Counts a call. An index past the end is the last cell.
    pub fn add(&self, now: Instant, cell: usize, end: CallEnd) {
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
        let cell = &bucket.cells[cell.min(CELLS - 1)];
        cell.calls.fetch_add(1, Ordering::Relaxed);
        if end.failed {
            cell.failed.fetch_add(1, Ordering::Relaxed);
        }
        if end.slow {
            cell.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts of each cell.
    pub fn cells(&self, now: Instant) -> [Counts; CELLS] {
        let tick = self.tick(now);
        let mut counts = [Counts::default(); CELLS];
        for bucket in &self.buckets {
            let counted = bucket.tick.load(Ordering::Acquire);
            if counted == EMPTY || counted + BUCKETS as u64 <= tick {
                continue;
            }
            for (sum, cell) in counts.iter_mut().zip(&bucket.cells) {
                *sum = sum.and(Counts {
                    calls: cell.calls.load(Ordering::Relaxed),
                    failed: cell.failed.load(Ordering::Relaxed),
                    slow: cell.slow.load(Ordering::Relaxed),
                });
            }
        }
        counts
    }

    /// The counts of all cells.
    pub fn counts(&self, now: Instant) -> Counts {
        let cells = self.cells(now).into_iter();
        cells.fold(Counts::default(), Counts::and)
    }

    /// Resets all counts.
    pub fn forget(&self) {
        let _clearing = sync::lock(&self.clearing);
        for bucket in &self.buckets {
            bucket.tick.store(EMPTY, Ordering::Release);
        }
    }

    fn clear(&self, bucket: &Bucket<CELLS>, tick: u64) {
        let _clearing = sync::lock(&self.clearing);
        if bucket.tick.load(Ordering::Acquire) != tick {
            for cell in &bucket.cells {
                cell.calls.store(0, Ordering::Relaxed);
                cell.failed.store(0, Ordering::Relaxed);
                cell.slow.store(0, Ordering::Relaxed);
            }
            bucket.tick.store(tick, Ordering::Release);
        }
    }

    fn tick(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.start)) / self.length
    }
}
