//! Where random bytes of a guest come from. Each source has bytes of its own on a tape, so that
//! it does not matter in which order they are asked.

use super::learned::Readings;

/// The function that is asked, and the members of a recording that lead to its answers.
pub(super) type Names = (&'static str, &'static [&'static str]);

/// A source of random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dice {
    /// `runtime.random` of the contract.
    Contract,
    /// The interface `random` of WASI.
    Wasi,
    /// The interface `insecure` of WASI.
    WasiInsecure,
}

impl Dice {
    /// How many there are.
    pub(super) const COUNT: usize = 3;

    /// Its number among them.
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// Its bytes.
    pub(super) fn kept(self, readings: &Readings) -> &[u8] {
        match self {
            Self::Contract => &readings.random,
            Self::Wasi => &readings.wasi.random,
            Self::WasiInsecure => &readings.wasi.insecure_random,
        }
    }

    /// The same, to add some.
    pub(super) fn kept_mut(self, readings: &mut Readings) -> &mut Vec<u8> {
        match self {
            Self::Contract => &mut readings.random,
            Self::Wasi => &mut readings.wasi.random,
            Self::WasiInsecure => &mut readings.wasi.insecure_random,
        }
    }

    /// What asks it, and where a recording has its bytes.
    pub(super) fn names(self) -> Names {
        match self {
            Self::Contract => ("runtime.random", &["random"]),
            Self::Wasi => ("wasi:random/random", &["wasi", "random"]),
            Self::WasiInsecure => ("wasi:random/insecure", &["wasi", "insecure-random"]),
        }
    }
}
