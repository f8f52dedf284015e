//! Which track a request takes.

use sha2::{Digest, Sha256};

/// The version that a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// What was live before.
    Stable,
    /// What is to be live.
    Candidate,
}

/// Divides the requests of one rollout.
///
/// Each rollout has a salt of its own, so that not the same clients are always first. It is secret:
/// who knows it could choose keys that all get the candidate.
#[derive(Clone)]
pub struct Split {
    salt: [u8; 16],
}

/// A client, or a request without a client's key, as the gate knows it. Nothing of the key can be
/// read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where it stands between 0 and all: below the share, it gets the candidate.
    place: u32,
    /// Its bit in the marks, independent of the place; absent where each request counts.
    mark: Option<u32>,
}

/// The track of one request, until its end is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(super) client: Client,
    pub(super) track: Track,
    pub(super) step: u32,
}

impl Ticket {
    /// The track.
    pub fn track(&self) -> Track {
        self.track
    }

    /// Whether the track follows from a client's key, not from the request alone.
    pub fn has_key(&self) -> bool {
        self.client.mark.is_some()
    }
}

impl Split {
    /// A split with this salt, which must be random.
    pub fn new(salt: [u8; 16]) -> Self {
        Self { salt }
    }

    /// The client of this key. It has the same track in the whole rollout, until a greater share
    /// moves it to the candidate.
    pub fn client(&self, key: &[u8]) -> Client {
        let (place, mark) = self.hash(b"client", key);
        Client {
            place,
            mark: Some(mark),
        }
    }

    /// A request without a client's key, by its number.
    pub fn request(&self, number: u64) -> Client {
        let (place, _) = self.hash(b"request", &number.to_le_bytes());
        Client { place, mark: None }
    }

    fn hash(&self, kind: &[u8], key: &[u8]) -> (u32, u32) {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        hash.update(kind);
        hash.update(key);
        let hash = hash.finalize();
        let word =
            |at: usize| u32::from_le_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        (word(0), word(4))
    }
}

impl Client {
    /// The track of this client at a share in percent.
    pub fn track(self, percent: u8) -> Track {
        let share = (u64::from(percent) << u32::BITS) / 100;
        if u64::from(self.place) < share {
            Track::Candidate
        } else {
            Track::Stable
        }
    }

    pub(super) fn mark(self) -> Option<u32> {
        self.mark
    }
}
