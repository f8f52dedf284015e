//! Latency percentiles of a service, for hedging calls that are slower than most.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::time;

/// log2 of the shortest distinct time: 64 us.
const SHORTEST: u32 = 6;
/// Doublings of it: up to 67 s.
const OCTAVES: usize = 20;
/// log2 of the buckets of one doubling. With four the middle of a bucket is at most an eighth away
/// from what is in it.
const STEPS: u32 = 2;
const BUCKETS: usize = OCTAVES << STEPS;
/// Length of a half of the window. The histogram covers the running half and the one before.
const HALF: Duration = Duration::from_secs(30);
/// The least number of times for a percentile.
const ENOUGH: u32 = 20;

/// A histogram of the last 30 to 60 seconds in which there were calls.
///
/// No locks. A time that is counted in the very moment in which a half is cleared may be lost.
pub struct Latency {
    start: Instant,
    /// Which half minute since the start is counted now.
    half: AtomicU64,
    counts: [[AtomicU32; BUCKETS]; 2],
}

impl Latency {
    /// An empty histogram.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            half: AtomicU64::new(0),
            counts: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU32::new(0))),
        }
    }

    /// Records the duration of a call.
    pub fn record(&self, now: Instant, took: Duration) {
        let half = now.saturating_duration_since(self.start).as_secs() / HALF.as_secs();
        let counted = self.half.load(Ordering::Relaxed);
        if half > counted
            && self
                .half
                .compare_exchange(counted, half, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.clear(half);
            if half > counted + 1 {
                self.clear(half - 1);
            }
        }
        self.counts[(half % 2) as usize][bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// The time within which this percentage of the calls ended, less than 15 % off between 64 us
    /// and 67 s. `None` when too few calls were seen.
    pub fn percentile(&self, percent: u32) -> Option<Duration> {
        let mut sums = [0_u32; BUCKETS];
        let mut total = 0;
        for (index, sum) in sums.iter_mut().enumerate() {
            *sum = self
                .counts
                .iter()
                .map(|half| half[index].load(Ordering::Relaxed))
                .sum();
            total += *sum;
        }
        if total < ENOUGH {
            return None;
        }
        let wanted = (u64::from(total) * u64::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let index = sums.iter().position(|sum| {
            seen += u64::from(*sum);
            seen >= wanted
        });
        Some(middle(index.unwrap_or(BUCKETS - 1)))
    }

    fn clear(&self, half: u64) {
        for count in &self.counts[(half % 2) as usize] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

/// The highest bit says which doubling, the two bits below it which quarter of that.
fn bucket(took: Duration) -> usize {
    let micros = time::micros(took).max(1 << SHORTEST);
    let octave = micros.ilog2() - SHORTEST;
    let step = (micros >> (octave + SHORTEST - STEPS)) as usize & ((1 << STEPS) - 1);
    (((octave as usize) << STEPS) + step).min(BUCKETS - 1)
}

fn middle(bucket: usize) -> Duration {
    let octave = bucket >> STEPS;
    let step = (bucket & ((1 << STEPS) - 1)) as u64;
    let base = 1_u64 << (octave + SHORTEST as usize);
    let width = base >> STEPS;
    Duration::from_micros(base + step * width + width / 2)
}
