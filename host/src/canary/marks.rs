//! Which clients have had a bad request: one bit for each and each kind, by a hash of its key.

use std::sync::atomic::{AtomicU64, Ordering};

use super::record::Bad;

/// Clients that have bits of their own, at most: 128 KiB, 64 for each track.
const CLIENTS: usize = 1 << 18;
const KINDS: usize = Bad::ALL.len();
const IN_WORD: usize = u64::BITS as usize / KINDS;

/// The marks of one step. Two clients that share their bits count as one. Which ones do does not
/// depend on their tracks, so that neither track gains by it.
pub(super) struct Marks {
    words: Box<[AtomicU64]>,
}

/// The kinds that a client has had.
#[derive(Clone, Copy)]
pub(super) struct Had(u64);

impl Had {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, bad: Bad) -> bool {
        self.0 & (1 << bad as usize) != 0
    }
}

impl Marks {
    pub(super) fn new() -> Self {
        let words = 0..CLIENTS / IN_WORD;
        Self {
            words: words.map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The word of a client, and its place in there.
    fn find(&self, mark: u32) -> (&AtomicU64, usize) {
        let client = mark as usize % CLIENTS;
        (&self.words[client / IN_WORD], client % IN_WORD * KINDS)
    }

    /// What a client has had.
    pub(super) fn had(&self, mark: u32) -> Had {
        let (word, at) = self.find(mark);
        Had((word.load(Ordering::Relaxed) >> at) & ((1 << KINDS) - 1))
    }

    /// Marks a client. Returns whether this is its first bad request of the kind.
    pub(super) fn is_first(&self, bad: Bad, mark: u32) -> bool {
        let (word, at) = self.find(mark);
        let bit = 1 << (at + bad as usize);
        word.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    pub(super) fn clear(&self) {
        for word in &self.words {
            word.store(0, Ordering::Relaxed);
        }
    }
}
