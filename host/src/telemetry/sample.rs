//! A few lines of each second, for what may come by the thousands.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

/// Lets a number of lines of each second through, and counts the others. Shared by all workers; no
/// lock.
#[derive(Debug)]
pub struct Sample {
    second: AtomicU64,
    taken: AtomicU32,
    left_out: AtomicU64,
}

impl Sample {
    /// One of which no line was taken yet.
    pub const fn new() -> Self {
        Self {
            second: AtomicU64::new(0),
            taken: AtomicU32::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Takes one of `most` lines of this second, and says how many were left out since the last one
    /// that was taken. `None` when this one is left out.
    pub fn take(&self, most: u32) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH.elapsed();
        self.take_in(most, now.map_or(0, |now| now.as_secs()))
    }

    fn take_in(&self, most: u32, second: u64) -> Option<u64> {
        // Two workers that meet at the turn of a second may let one line more through.
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.taken.store(0, Ordering::Relaxed);
        }
        if self.taken.load(Ordering::Relaxed) >= most {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
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
    fn so_many_a_second_and_the_rest_is_counted() {
        let sample = Sample::new();
        let take = |second| sample.take_in(2, second);
        assert_eq!((take(7), take(7)), (Some(0), Some(0)));
        assert_eq!((take(7), take(7), take(7)), (None, None, None));
        assert_eq!((take(8), take(8), take(8)), (Some(3), Some(0), None));
        assert_eq!(sample.take_in(0, 9), None);
        assert_eq!(take(9), Some(2));
    }
}
