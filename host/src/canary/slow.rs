//! From which time on a request is slow: fixed once for each rollout, from the stable version.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

/// Requests of the stable version that are measured.
pub(super) const SAMPLES: usize = 2_000;
/// With less traffic, this number has to do, or fewer where each step needs fewer requests.
const MIN_SAMPLES: usize = 200;
/// Fewer than these say nothing of the slowest 5 %.
const LEAST_SAMPLES: usize = 20;
/// Slow is more than 6/5 of the 95th percentile.
const OVER: (u64, u64) = (6, 5);
/// And at least this number of microseconds more. A version with few of the requests finds caches
/// colder than one with most of them, which is much for a guest that computes for less than that.
const LEAST_OVER: u64 = 1_000;

/// The first times of the stable version, then what is slow. Times are in microseconds.
pub(super) struct Slow {
    samples: Box<[AtomicU32]>,
    taken: AtomicUsize,
    /// 0 until it is fixed.
    from: AtomicU32,
}

impl Slow {
    pub(super) fn new() -> Self {
        Self {
            samples: (0..SAMPLES).map(|_| AtomicU32::new(0)).collect(),
            taken: AtomicUsize::new(0),
            from: AtomicU32::new(0),
        }
    }

    /// From which time on a request is slow, if that is fixed.
    pub(super) fn from(&self) -> Option<Duration> {
        match self.from.load(Ordering::Relaxed) {
            0 => None,
            from => Some(Duration::from_micros(u64::from(from))),
        }
    }

    /// Takes the time of a request of the stable version. Returns whether this was the last one.
    pub(super) fn sample(&self, time: Duration) -> bool {
        let at = self.taken.fetch_add(1, Ordering::Relaxed);
        let Some(sample) = self.samples.get(at) else {
            return false;
        };
        sample.store(micros(time), Ordering::Relaxed);
        at + 1 == SAMPLES
    }

    /// Fixes it, if there are enough times for a step that needs this number of requests. The first
    /// to do so decides.
    pub(super) fn fix(&self, requests: u64) {
        if self.from().is_some() {
            return;
        }
        // A time that is being written is 0 yet, and left out.
        let times = self.samples.iter().map(|it| it.load(Ordering::Relaxed));
        let mut times: Vec<u32> = times.filter(|time| *time > 0).collect();
        let requests = usize::try_from(requests).unwrap_or(MIN_SAMPLES);
        if times.len() < requests.clamp(LEAST_SAMPLES, MIN_SAMPLES) {
            return;
        }
        let at = times.len() * 95 / 100;
        let (_, p95, _) = times.select_nth_unstable(at);
        let p95 = u64::from(*p95);
        let from = (p95 * OVER.0 / OVER.1).max(p95 + LEAST_OVER);
        let from = u32::try_from(from).unwrap_or(u32::MAX).max(1);
        let _ = self
            .from
            .compare_exchange(0, from, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// At least 1, so that 0 says that there is no time.
fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_is_a_fifth_above_the_95th_percentile_and_stays_so() {
        let slow = Slow::new();
        for time in 1..200 {
            slow.sample(Duration::from_millis(time));
        }
        slow.fix(1_000);
        assert_eq!(slow.from(), None, "199 are too few");
        slow.sample(Duration::from_millis(200));
        slow.fix(1_000);
        assert_eq!(slow.from(), Some(Duration::from_micros(229_200)));
        for _ in 0..5_000 {
            slow.sample(Duration::from_millis(1));
        }
        slow.fix(1_000);
        assert_eq!(slow.from(), Some(Duration::from_micros(229_200)));
    }

    #[test]
    fn a_step_that_needs_few_requests_needs_few_times() {
        let slow = Slow::new();
        for _ in 0..19 {
            slow.sample(Duration::from_millis(10));
        }
        slow.fix(1);
        assert_eq!(slow.from(), None, "19 are too few for any");
        slow.sample(Duration::from_millis(10));
        slow.fix(1);
        assert_eq!(slow.from(), Some(Duration::from_millis(12)));
    }

    #[test]
    fn the_last_sample_is_said_once() {
        let slow = Slow::new();
        let last = (0..3 * SAMPLES).filter(|_| slow.sample(Duration::ZERO));
        assert_eq!(last.count(), 1);
    }
}
