//! Whether a worker is idle, so that others may give it requests.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// Time without a pause after which a worker gives a request to an idle one, microseconds. To wake
/// it and to hand the answer back costs about a tenth of this.
const HANDOVER_US: u64 = 100;

/// The idle state of one worker, set by its event loop.
#[derive(Default)]
pub(super) struct Idleness {
    /// It begins to sleep.
    asleep: AtomicBool,
    /// When it woke up, microseconds of a clock that only goes on.
    awake_since: AtomicU64,
}

impl Idleness {
    pub(super) fn begin(&self) {
        self.asleep.store(true, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.asleep.store(false, Ordering::Relaxed);
        self.awake_since.store(now_us(), Ordering::Relaxed);
    }

    /// Whether the calling worker has worked for so long without a pause that another one should
    /// run the request.
    pub(super) fn is_due(&self) -> bool {
        let since = self.awake_since.load(Ordering::Relaxed);
        now_us().saturating_sub(since) >= HANDOVER_US
    }

    /// Whether the worker sleeps, and no request has been given to it yet that wakes it.
    pub(super) fn claim(&self) -> bool {
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)
    }
}

fn now_us() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_is_given_to_who_sleeps() {
        let rest = Idleness::default();
        assert!(!rest.claim(), "it is awake");
        rest.begin();
        assert!(rest.claim());
        assert!(!rest.claim(), "it is about to wake");
        rest.end();
        assert!(!rest.claim());
    }
}
