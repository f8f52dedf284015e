//! Samples log lines of frequent events, per second.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Lets the lines of each second through until their total cost reaches the limit, and counts the
/// others. Shared by all workers; no lock.
#[derive(Debug)]
pub struct Sample {
    second: AtomicU64,
    taken: AtomicU64,
    left_out: AtomicU64,
    left_out_ever: AtomicU64,
}

impl Sample {
    /// One of which no line was taken yet.
    pub const fn new() -> Self {
        Self {
            second: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            left_out_ever: AtomicU64::new(0),
        }
    }

    /// Takes a line that costs `cost` (1, or its bytes) of the `most` of this second, and says how
    /// many were left out since the last one that was taken. `None` when this one is left out.
    pub fn take(&self, cost: u64, most: u64) -> Option<u64> {
        // Not by the time of day, which may stand still before 1970 and repeat.
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        self.take_in(cost, most, BEGAN.elapsed().as_secs())
    }

    /// How many lines were left out so far.
    pub fn left_out(&self) -> u64 {
        self.left_out_ever.load(Ordering::Relaxed)
    }

    fn take_in(&self, cost: u64, most: u64, second: u64) -> Option<u64> {
        // Two workers at the same second's end, or at the limit, may let one line more through.
        if self.second.load(Ordering::Relaxed) != second
            && self.second.swap(second, Ordering::Relaxed) != second
        {
            self.taken.store(0, Ordering::Relaxed);
        }
        if self.taken.load(Ordering::Relaxed).saturating_add(cost) > most {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            self.left_out_ever.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.taken.fetch_add(cost, Ordering::Relaxed);
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_per_second_is_let_through_and_the_rest_is_counted() {
        let sample = Sample::new();
        let take = |second| sample.take_in(1, 2, second);
        assert_eq!((take(7), take(7)), (Some(0), Some(0)));
        assert_eq!((take(7), take(7), take(7)), (None, None, None));
        assert_eq!((take(8), take(8), take(8)), (Some(3), Some(0), None));
        assert_eq!(sample.take_in(1, 0, 9), None);
        assert_eq!(take(9), Some(2));
        assert_eq!(sample.left_out(), 5);
    }

    #[test]
    fn long_lines_cost_more() {
        let sample = Sample::new();
        assert_eq!(sample.take_in(60, 100, 1), Some(0));
        assert_eq!(sample.take_in(60, 100, 1), None);
        assert_eq!(sample.take_in(40, 100, 1), Some(1));
        assert_eq!(sample.take_in(u64::MAX, 100, 2), None);
    }
}
