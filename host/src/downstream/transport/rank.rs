//! The order of the endpoints of an SRV name (RFC 2782).

use std::sync::atomic::{AtomicU64, Ordering};

/// The rank of an endpoint, which a lookup may change.
pub struct Rank(AtomicU64);

impl Rank {
    /// A rank.
    pub fn new(priority: u16, weight: u32) -> Self {
        Self(AtomicU64::new(pack(priority, weight)))
    }

    /// The rank of a lookup.
    pub fn set(&self, priority: u16, weight: u32) {
        self.0.store(pack(priority, weight), Ordering::Relaxed);
    }

    /// Endpoints of a lower one get the calls while one of them is healthy.
    pub fn priority(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> 32
    }

    /// The weight among others of the same priority. Never 0.
    pub fn weight(&self) -> u32 {
        self.0.load(Ordering::Relaxed) as u32
    }
}

fn pack(priority: u16, weight: u32) -> u64 {
    u64::from(priority) << 32 | u64::from(weight)
}
