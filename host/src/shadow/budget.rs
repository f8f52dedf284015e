//! What a shadow may use: memory for the records that wait, and CPU time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::tape::Room;
use crate::time::nanos;

/// What one shadow uses of the budget. All of them together use at most the whole.
#[derive(Debug)]
pub(super) struct Budget {
    memory: Memory,
    began: Instant,
    /// When the CPU time that was used is paid for, nanoseconds from the beginning.
    paid: AtomicU64,
}

/// Bytes that are taken: by one shadow, and by all.
#[derive(Clone, Debug)]
struct Memory {
    own: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

/// How many bytes may be taken: by one shadow, and by all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) own: usize,
    pub(super) all: usize,
}

impl Memory {
    fn take(&self, bytes: usize, most: Most) -> bool {
        let taken = take(&self.own, bytes, most.own);
        if taken && !take(&self.all, bytes, most.all) {
            self.own.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        taken
    }
}

fn take(used: &AtomicUsize, bytes: usize, most: usize) -> bool {
    let taken = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
        used.checked_add(bytes).filter(|used| *used <= most)
    });
    taken.is_ok()
}

/// Bytes that are counted for as long as this is there.
#[derive(Debug)]
pub(super) struct Held {
    memory: Memory,
    bytes: AtomicUsize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.memory.own.fetch_sub(bytes, Ordering::Relaxed);
        self.memory.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Held {
    /// Takes more, if no more than `most` are taken then.
    pub(super) fn grow(&self, bytes: usize, most: Most) -> bool {
        let grown = self.memory.take(bytes, most);
        if grown {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        grown
    }
}

impl Budget {
    /// A budget that counts the bytes of all in `all`. What is not paid for of one `before` it is
    /// to be paid for first.
    pub(super) fn new(all: Arc<AtomicUsize>, before: Option<&Self>) -> Self {
        let now = Instant::now();
        let unpaid = before.and_then(Self::wait).map(|until| until - now);
        Self {
            memory: Memory {
                own: Arc::default(),
                all,
            },
            began: now,
            paid: AtomicU64::new(unpaid.map_or(0, nanos)),
        }
    }

    /// Whether it holds no more bytes than these.
    pub(super) fn is_within(&self, bytes: usize) -> bool {
        self.memory.own.load(Ordering::Relaxed) <= bytes
    }

    fn nothing(&self) -> Held {
        Held {
            memory: self.memory.clone(),
            bytes: AtomicUsize::new(0),
        }
    }

    /// Takes these bytes, if no more than `most` are taken then.
    pub(super) fn hold(&self, bytes: usize, most: Most) -> Option<Held> {
        let held = self.nothing();
        held.grow(bytes, most).then_some(held)
    }

    /// Room for what a guest learns.
    pub(super) fn room(&self, most: Most) -> Room {
        let held = self.nothing();
        Box::new(move |bytes| held.grow(bytes, most))
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
        // One task alone spends.
        self.paid.store(nanos(paid), Ordering::Relaxed);
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

    fn most(own: usize, all: usize) -> Most {
        Most { own, all }
    }

    #[tokio::test(start_paused = true)]
    async fn cpu_time_is_paid_for_with_time() {
        let budget = Budget::new(Arc::default(), None);
        assert_eq!(budget.wait(), None);
        // 4 % of a processor: 25 times as long.
        budget.spend(Duration::from_millis(2), 40);
        let until = budget.wait().unwrap();
        assert_eq!(until - Instant::now(), Duration::from_millis(50));
        tokio::time::advance(Duration::from_millis(49)).await;
        assert!(budget.wait().is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(budget.wait(), None);
        // One in its place has its debt.
        budget.spend(Duration::from_millis(2), 40);
        let next = Budget::new(Arc::default(), Some(&budget));
        assert_eq!(next.wait(), budget.wait());
        tokio::time::advance(Duration::from_millis(50)).await;
        assert_eq!(next.wait(), None);
        // Nothing is saved up.
        tokio::time::advance(Duration::from_secs(9)).await;
        budget.spend(Duration::from_millis(2), 40);
        assert!(budget.wait().is_some());
    }

    #[test]
    fn memory_is_given_back_by_who_held_it() {
        let all = Arc::new(AtomicUsize::new(0));
        let [budget, other] = [(); 2].map(|()| Budget::new(all.clone(), None));
        let held = budget.hold(60, most(100, 150)).unwrap();
        assert!(budget.hold(41, most(100, 150)).is_none());
        let room = budget.room(most(100, 150));
        assert!(room(40) && !room(1));
        // Another shadow has its own part, as far as there is any.
        assert!(other.hold(51, most(100, 150)).is_none());
        let others = other.hold(50, most(100, 150)).unwrap();
        assert!(other.hold(51, most(100, 1000)).is_none());
        drop((room, others));
        assert!(held.grow(40, most(100, 150)));
        drop(held);
        assert_eq!(all.load(Ordering::Relaxed), 0);
        assert_eq!(budget.memory.own.load(Ordering::Relaxed), 0);
    }
}
