//! The state that the attempts of one call share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The progress of a call's attempts. Consecutive attempts share one; a concurrent hedge has its
/// own.
#[derive(Debug, Default)]
pub struct Course {
    /// The id of the endpoint of the last attempt; 0 before the first.
    endpoint: AtomicUsize,
    /// Whether any part of a request may have been sent.
    sent: AtomicBool,
    /// Whether the next attempt must not use a kept connection.
    stale: AtomicBool,
}

impl Course {
    /// A copy for a hedge, which prefers another endpoint.
    pub fn follow(&self, other: &Self) {
        let endpoint = other.endpoint.load(Ordering::Relaxed);
        self.endpoint.store(endpoint, Ordering::Relaxed);
    }

    /// Whether any part of a request may have been sent to the service.
    pub fn sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// The id of the endpoint of the attempt before.
    pub(super) fn last(&self) -> Option<usize> {
        Some(self.endpoint.load(Ordering::Relaxed)).filter(|id| *id != 0)
    }

    /// An attempt is made on the endpoint of this id.
    pub(super) fn begin(&self, endpoint: usize) {
        self.endpoint.store(endpoint, Ordering::Relaxed);
    }

    /// A request is about to be written, or hyper gave it back because nothing of it was.
    pub fn set_sent(&self, sent: bool) {
        self.sent.store(sent, Ordering::Relaxed);
    }

    /// The next attempt gets a new connection: kept ones are likely dead.
    pub fn want_fresh(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// Whether the next attempt must not use a kept connection.
    pub(super) fn wants_fresh(&self) -> bool {
        self.stale.load(Ordering::Relaxed) && self.stale.swap(false, Ordering::Relaxed)
    }
}
