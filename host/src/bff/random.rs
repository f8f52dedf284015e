//! Random bytes for a guest: those of the system, or a sequence that a seed leads to.

use thiserror::Error;

/// Bytes that may be asked for at once. They are made in the host's memory and in one go, while
/// nothing else runs on the thread.
pub(super) const MAX_RANDOM: u32 = 64 << 10;

/// Why there are no random bytes. It ends the instance.
#[derive(Debug, Error)]
pub(super) enum RandomError {
    /// Too many at once.
    #[error("random: {length} bytes at once are more than {MAX_RANDOM}")]
    TooMany {
        /// Bytes asked for.
        length: u32,
    },
    /// The system gives none.
    #[error("random: the system has no random bytes: {0}")]
    System(getrandom::Error),
}

/// Where the random bytes of one request come from.
#[derive(Debug)]
pub(super) enum Random {
    /// The system's generator, which nobody can guess.
    System,
    /// Mulberry32, whose state this is. The highest eight bits of each of its numbers are one byte,
    /// so that it does not matter in which pieces the bytes are asked for. The doubles of both kits
    /// have the same sequence.
    Seeded(u32),
}

impl Random {
    pub(super) fn new(seed: Option<u32>) -> Self {
        seed.map_or(Self::System, Self::Seeded)
    }

    /// The next bytes.
    pub(super) fn bytes(&mut self, length: u32) -> Result<Vec<u8>, RandomError> {
        if length > MAX_RANDOM {
            return Err(RandomError::TooMany { length });
        }
        let mut bytes = vec![0; length as usize];
        match self {
            Self::System => getrandom::fill(&mut bytes).map_err(RandomError::System)?,
            Self::Seeded(state) => bytes.fill_with(|| mulberry32(state)),
        }
        Ok(bytes)
    }
}

fn mulberry32(state: &mut u32) -> u8 {
    *state = state.wrapping_add(0x6d2b_79f5);
    let mut mixed = (*state ^ (*state >> 15)).wrapping_mul(*state | 1);
    mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
    ((mixed ^ (mixed >> 14)) >> 24) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_leads_to_the_same_bytes_in_whatever_pieces() {
        let mut whole = Random::new(Some(7));
        let mut pieces = Random::new(Some(7));
        let whole = whole.bytes(8).unwrap();
        let pieces = [pieces.bytes(3).unwrap(), pieces.bytes(5).unwrap()].concat();
        assert_eq!(whole, pieces);
        // As the kits' own tests have it.
        assert_eq!(whole, [2, 15, 250, 178, 133, 103, 119, 61]);
        let other = Random::new(Some(0)).bytes(8).unwrap();
        assert_eq!(other, [68, 0, 57, 37, 119, 139, 157, 166]);
    }

    #[test]
    fn bytes_of_the_system_are_new_each_time_and_bounded() {
        let mut random = Random::new(None);
        assert_ne!(random.bytes(16).unwrap(), random.bytes(16).unwrap());
        assert!(random.bytes(0).unwrap().is_empty());
        let error = random.bytes(MAX_RANDOM + 1).unwrap_err().to_string();
        assert_eq!(error, "random: 65537 bytes at once are more than 65536");
    }
}
