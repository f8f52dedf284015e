//! What is on a tape.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::ahead::Timer;
use crate::contract::{Call, Failure, Source};

/// What a guest learned.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// What it learned besides results of calls.
    pub readings: Readings,
    /// Its calls, in the order in which it made them.
    pub calls: Vec<TapedCall>,
}

/// What a guest learns besides results of calls, each in the order in which it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// Results of `runtime.now-ms`.
    pub now_ms: Vec<u64>,
    /// Results of `runtime.time-left-ms`.
    pub time_left_ms: Vec<u32>,
    /// Results of `runtime.elapsed-ns`.
    pub elapsed_ns: Vec<u64>,
    /// The bytes of `runtime.random`, whatever the pieces.
    pub random: Vec<u8>,
    /// What `runtime.config` answered for a key.
    pub settings: BTreeMap<String, Option<String>>,
    /// Results of `downstream.wait-any`.
    pub waits: Vec<Option<u32>>,
    /// For how long it asked to wait, and until when, in the order of timers and limits. Only what
    /// is compared at once has it.
    pub timers: Vec<Timer>,
    /// What WASI told it.
    pub wasi: WasiReadings,
}

/// What a guest learns of WASI 0.2, each in the order in which it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WasiReadings {
    /// Results of `wall-clock.now`, nanoseconds since 1970.
    pub wall_ns: Vec<u64>,
    /// Results of `monotonic-clock.now`.
    pub monotonic_ns: Vec<u64>,
    /// The bytes of the interface `random`, whatever the pieces.
    pub random: Vec<u8>,
    /// Those of the interface `insecure`.
    pub insecure_random: Vec<u8>,
    /// The result of `insecure-seed`, which is the same each time.
    pub insecure_seed: Option<(u64, u64)>,
    /// What was ready at the end of each `poll`, by its place in the list; of a wait for one thing
    /// that is place 0. `None` for a wait that had not ended when the guest did.
    pub polls: Vec<Option<Vec<u32>>>,
    /// When these waits ended, nanoseconds from the beginning. Only what is compared at once has it.
    pub polls_ended: Vec<u64>,
}

/// A call of a guest.
#[derive(Clone, Debug)]
pub struct TapedCall {
    /// What the guest asked.
    pub call: Call,
    /// What it was told; `None` for a call that had not ended when nobody waited for it any more.
    pub result: Option<CallResult>,
    /// When it had ended, nanoseconds from the beginning; 0 where nobody looked.
    pub ended: u64,
}

/// What a guest is told of a call.
#[derive(Clone, Debug)]
pub enum CallResult {
    /// A service answered.
    Answered(Answered),
    /// There is no reply.
    Failed(Failure),
}

/// The answer of a service, as far as a guest may see it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The header fields that a guest gets.
    pub headers: Vec<(String, String)>,
    /// The whole body, also where the guest picks values out of it.
    pub body: Bytes,
    /// Where it came from.
    pub source: Source,
}
