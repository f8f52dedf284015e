//! What one request's guest learns from outside, so that the request can be run again: what the
//! clocks said, its random bytes, its settings, its calls with their results, which of them ended
//! first, and which of WASI's timers.
//!
//! A guest is told nothing else and runs alone, so the same component that gets all of it again
//! does the same. [`Recorder`] keeps it while a guest runs, and [`Player`] gives it to another run.
//! Where neither is, a function of the host pays one look at an [`Option`].

mod ahead;
mod dice;
mod learned;
mod matched;
mod player;
mod recorder;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::contract::Call;

pub use ahead::Timer;
pub use dice::Dice;
pub use learned::{Answered, CallResult, Readings, Tape, TapedCall, WasiReadings};
pub use matched::Unlike;
pub use player::{Mask, Missing, Played, Player, Strictness};
pub use recorder::{Recorder, Room, TooMuch};

/// What a run does with the tape.
pub enum Tap {
    /// Keeps what the guest learns.
    Recording(Recorder),
    /// Tells the guest what is on a tape.
    Playing(Player),
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is on it can be personal.
        f.write_str(match self {
            Self::Recording(_) => "Recording",
            Self::Playing(_) => "Playing",
        })
    }
}

impl Tap {
    /// Its recorder.
    pub fn recorder(&self) -> Option<&Recorder> {
        match self {
            Self::Recording(recorder) => Some(recorder),
            Self::Playing(_) => None,
        }
    }

    /// Its player.
    pub fn player(&self) -> Option<&Player> {
        match self {
            Self::Playing(player) => Some(player),
            Self::Recording(_) => None,
        }
    }

    /// The result of `runtime.now-ms`.
    pub fn now_ms(&self, real: impl FnOnce() -> u64) -> u64 {
        match self {
            Self::Recording(recorder) => recorder.now_ms(real()),
            Self::Playing(player) => player.now_ms(real),
        }
    }

    /// The result of `runtime.time-left-ms`.
    pub fn time_left_ms(&self, real: u32) -> u32 {
        match self {
            Self::Recording(recorder) => recorder.time_left_ms(real),
            Self::Playing(player) => player.time_left_ms(real),
        }
    }

    /// The result of `runtime.elapsed-ns`.
    pub fn elapsed_ns(&self, real: u64) -> u64 {
        match self {
            Self::Recording(recorder) => recorder.elapsed_ns(real),
            Self::Playing(player) => player.elapsed_ns(real),
        }
    }

    /// Random bytes, in place of as many that the machine has made.
    pub fn random(&self, from: Dice, real: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Recording(recorder) => recorder.random(from, real),
            Self::Playing(player) => player.random(from, real),
        }
    }

    /// The result of WASI's `insecure-seed`.
    pub fn insecure_seed(&self, real: (u64, u64)) -> (u64, u64) {
        match self {
            Self::Recording(recorder) => recorder.insecure_seed(real),
            Self::Playing(player) => player.insecure_seed(real),
        }
    }

    /// The result of WASI's `wall-clock.now`, nanoseconds since 1970.
    pub fn wall_ns(&self, real: u64) -> u64 {
        match self {
            Self::Recording(recorder) => recorder.wall_ns(real),
            Self::Playing(player) => player.wall_ns(real),
        }
    }

    /// The result of WASI's `monotonic-clock.now`.
    pub fn monotonic_ns(&self, real: u64) -> u64 {
        match self {
            Self::Recording(recorder) => recorder.monotonic_ns(real),
            Self::Playing(player) => player.monotonic_ns(real),
        }
    }

    /// The result of `runtime.config`.
    pub fn setting(&self, key: &str, real: Option<String>) -> Option<String> {
        match self {
            Self::Recording(recorder) => recorder.setting(key, real),
            Self::Playing(player) => player.setting(key, real),
        }
    }

    /// The guest makes a call; gives its number.
    pub fn begin(&self, call: &Call) -> u32 {
        match self {
            Self::Recording(recorder) => recorder.begin(call),
            Self::Playing(player) => player.begin(call),
        }
    }
}
