//! What the shadows of a host may use together: memory for the records that wait, and CPU time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::tape::Room;

/// The budget.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes that are taken.
    used: Arc<AtomicUsize>,
    began: Instant,
    /// When the CPU time that was used is paid for, nanoseconds from the beginning.
    paid: AtomicU64,
}

/// Bytes that are counted for as long as this is there.
#[derive(Debug)]
pub(super) struct Held {
    used: Arc<AtomicUsize>,
    bytes: AtomicUsize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Held {
    /// Takes more, if all together are at most `limit` then.
    pub(super) fn grow(&self, bytes: usize, limit: usize) -> bool {
        let grown = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= limit)
            });
        if grown.is_ok() {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        grown.is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            used: Arc::default(),
            began: Instant::now(),
            paid: AtomicU64::new(0),
        }
    }
}

impl Budget {
    /// Takes these bytes, if all together are at most `limit` then.
    pub(super) fn hold(&self, bytes: usize, limit: usize) -> Option<Held> {
        let held = Held {
            used: self.used.clone(),
            bytes: AtomicUsize::new(0),
        };
        held.grow(bytes, limit).then_some(held)
    }

    /// Room for what a guest learns.
    pub(super) fn room(&self, limit: usize) -> Room {
        let held = Held {
            used: self.used.clone(),
            bytes: AtomicUsize::new(0),
        };
        Box::new(move |bytes| held.grow(bytes, limit))
    }

    /// Until when nothing may run, if it may not now.
    pub(super) fn wait(&self) -> Option<Instant> {
        let paid = Duration::from_nanos(self.paid.load(Ordering::Relaxed));
        let until = self.began.checked_add(paid)?;
        (until > Instant::now()).then_some(until)
    }

    /// CPU time was used, of which there is `share` thousandths of a processor.
    pub(super) fn spend(&self, cpu: Duration, share: u32) {
        let now = self.began.elapsed();
        let paid = Duration::from_nanos(self.paid.load(Ordering::Relaxed)).max(now);
        let paid = paid.saturating_add(cpu.saturating_mul(1000) / share.max(1));
        let paid = u64::try_from(paid.as_nanos()).unwrap_or(u64::MAX);
        // One task alone spends.
        self.paid.store(paid, Ordering::Relaxed);
    }
}

/// CPU time of the calling thread.
pub(super) fn cpu_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn cpu_time_is_paid_for_with_time() {
        let budget = Budget::default();
        assert_eq!(budget.wait(), None);
        // 4 % of a processor: 25 times as long.
        budget.spend(Duration::from_millis(2), 40);
        let until = budget.wait().unwrap();
        assert_eq!(until - Instant::now(), Duration::from_millis(50));
        tokio::time::advance(Duration::from_millis(49)).await;
        assert!(budget.wait().is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(budget.wait(), None);
        // Nothing is saved up.
        tokio::time::advance(Duration::from_secs(9)).await;
        budget.spend(Duration::from_millis(2), 40);
        assert!(budget.wait().is_some());
    }

    #[test]
    fn memory_is_given_back_by_who_held_it() {
        let budget = Budget::default();
        let held = budget.hold(60, 100).unwrap();
        assert!(budget.hold(41, 100).is_none());
        let room = budget.room(100);
        assert!(room(40) && !room(1));
        drop(room);
        assert!(held.grow(40, 100));
        drop(held);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
