//! Calls whose answers could not be shared with the waiting callers ("hit for miss"). For a while
//! they are made side by side at once: one caller after the other would wait in vain otherwise.

#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Slots for calls, 32 KiB. Of two calls in one slot the later one is kept. The other one is shared
/// again, which costs its callers time and is never wrong.
const PLACES: usize = 1 << 12;
/// A slot holds its expiry in milliseconds, and above it the part of the hash that did not select
/// the slot.
const TIME_BITS: u32 = 40;

/// The calls that are not shared at present, by their hashes.
#[derive(Debug)]
pub struct Unshared {
    began: Instant,
    /// Made for the first of them: the answers of most services are for all clients.
    places: OnceLock<Box<[AtomicU64]>>,
}

impl Unshared {
    /// An empty table.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            places: OnceLock::new(),
        }
    }

    /// Whether calls with this hash are to be made side by side.
    pub fn contains(&self, hash: u64, now: Instant) -> bool {
        self.places.get().is_some_and(|places| {
            let known = places[place(hash)].load(Ordering::Relaxed);
            known >> TIME_BITS == hash >> TIME_BITS && known & mask() > self.millis(now)
        })
    }

    /// Makes calls with this hash side by side until then.
    pub fn insert(&self, hash: u64, until: Instant) {
        let places = self
            .places
            .get_or_init(|| (0..PLACES).map(|_| AtomicU64::new(0)).collect());
        let known = (hash >> TIME_BITS << TIME_BITS) | self.millis(until);
        places[place(hash)].store(known, Ordering::Relaxed);
    }

    /// Shares calls with this hash again.
    pub fn remove(&self, hash: u64) {
        if let Some(places) = self.places.get() {
            places[place(hash)].store(0, Ordering::Relaxed);
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        // Rounded up, so that the shortest time is one.
        let since = since.saturating_add(Duration::from_micros(999)).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX).min(mask())
    }
}

fn place(hash: u64) -> usize {
    hash as usize % PLACES
}

const fn mask() -> u64 {
    (1 << TIME_BITS) - 1
}
