//! Keeps what a guest learns while it runs, up to a number of bytes.

use std::sync::Mutex;
use std::time::Instant;

use thiserror::Error;

use super::ahead::Timer;
use super::dice::Dice;
use super::learned::{CallResult, Readings, Tape, TapedCall};
use crate::contract::Call;
use crate::sync;
use crate::time;

/// What a reading, a call or a header field costs besides its text, bytes.
const OVERHEAD: usize = 16;
/// Bytes of room that are asked for at once.
const STEP: usize = 512;

/// Whether there is room for so many bytes more, which are taken then. What was taken is given back
/// when this is dropped.
pub type Room = Box<dyn Fn(usize) -> bool + Send + Sync>;

/// A guest learned more than is kept.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("what its BFF learned is more than {limit} bytes (record.max-size)")]
pub struct TooMuch {
    /// The limit.
    pub limit: usize,
}

/// Keeps what a guest learns.
pub struct Recorder {
    limit: usize,
    began: Instant,
    kept: Mutex<Kept>,
}

struct Kept {
    tape: Tape,
    size: usize,
    /// `None` once nothing is kept any more.
    room: Option<Room>,
    /// Bytes of it that were taken.
    taken: usize,
    /// Whether there was room each time.
    had_room: bool,
}

impl Recorder {
    /// Keeps up to `limit` bytes, as far as there is room.
    pub fn new(limit: usize, room: Room) -> Self {
        Self {
            limit,
            began: Instant::now(),
            kept: Mutex::new(Kept {
                tape: Tape::default(),
                size: 0,
                room: Some(room),
                taken: 0,
                had_room: true,
            }),
        }
    }

    /// Whether there was room for all of it. Nothing is left where there was not.
    pub fn had_room(&self) -> bool {
        sync::lock(&self.kept).had_room
    }

    /// What was kept.
    ///
    /// # Errors
    ///
    /// When it was too much. Nothing is left then.
    pub fn tape(&self) -> Result<Tape, TooMuch> {
        let kept = sync::lock(&self.kept);
        match kept.size > self.limit {
            true => Err(TooMuch { limit: self.limit }),
            false => Ok(kept.tape.clone()),
        }
    }

    /// Bytes that are kept.
    pub fn size(&self) -> usize {
        sync::lock(&self.kept).size
    }

    /// Keeps something of a size. Past the limit, and where there is no room, all that was kept is
    /// given back at once.
    fn keep(&self, size: usize, keep: impl FnOnce(&mut Tape)) {
        let kept = &mut *sync::lock(&self.kept);
        let Some(room) = &kept.room else {
            return;
        };
        kept.size = kept.size.saturating_add(size).saturating_add(OVERHEAD);
        if kept.size <= self.limit {
            let lacks = kept.size.saturating_sub(kept.taken).next_multiple_of(STEP);
            kept.had_room = lacks == 0 || room(lacks);
            kept.taken += lacks;
        }
        if kept.size > self.limit || !kept.had_room {
            kept.tape = Tape::default();
            kept.room = None;
            return;
        }
        keep(&mut kept.tape);
    }

    fn read(&self, size: usize, keep: impl FnOnce(&mut Readings)) {
        self.keep(size, |tape| keep(&mut tape.readings));
    }

    pub(super) fn now_ms(&self, now: u64) -> u64 {
        self.read(0, |readings| readings.now_ms.push(now));
        now
    }

    pub(super) fn time_left_ms(&self, left: u32) -> u32 {
        self.read(0, |readings| readings.time_left_ms.push(left));
        left
    }

    pub(super) fn elapsed_ns(&self, elapsed: u64) -> u64 {
        self.read(0, |readings| readings.elapsed_ns.push(elapsed));
        elapsed
    }

    pub(super) fn wall_ns(&self, now: u64) -> u64 {
        self.read(0, |readings| readings.wasi.wall_ns.push(now));
        now
    }

    pub(super) fn monotonic_ns(&self, now: u64) -> u64 {
        self.read(0, |readings| readings.wasi.monotonic_ns.push(now));
        now
    }

    pub(super) fn random(&self, from: Dice, bytes: Vec<u8>) -> Vec<u8> {
        self.read(2 * bytes.len(), |readings| {
            from.kept_mut(readings).extend_from_slice(&bytes);
        });
        bytes
    }

    pub(super) fn insecure_seed(&self, seed: (u64, u64)) -> (u64, u64) {
        self.read(0, |readings| readings.wasi.insecure_seed = Some(seed));
        seed
    }

    /// The guest begins to wait with WASI's `poll`; gives the number of the wait.
    pub fn poll_begins(&self) -> usize {
        let mut number = 0;
        self.read(0, |readings| {
            number = readings.wasi.polls.len();
            readings.wasi.polls.push(None);
        });
        number
    }

    /// Keeps what was ready when the wait ended.
    pub fn poll_ended(&self, number: usize, ready: &[u32]) {
        self.read(size_of_val(ready), |readings| {
            if let Some(poll) = readings.wasi.polls.get_mut(number) {
                *poll = Some(ready.to_vec());
            }
            readings.wasi.polls_ended.push(self.now());
        });
    }

    pub(super) fn setting(&self, key: &str, value: Option<String>) -> Option<String> {
        let size = key.len() + value.as_ref().map_or(0, String::len);
        self.read(size, |readings| {
            readings.settings.insert(key.to_owned(), value.clone());
        });
        value
    }

    fn now(&self) -> u64 {
        time::nanos(self.began.elapsed())
    }

    /// Keeps for how long the guest asks to wait.
    pub fn timer_begins(&self, when: Timer) {
        self.read(0, |readings| readings.timers.push(when));
    }

    /// Keeps the result of a `wait-any`.
    pub fn waited(&self, first: Option<u32>) {
        self.read(0, |readings| readings.waits.push(first));
    }

    pub(super) fn begin(&self, call: &Call) -> u32 {
        let mut number = 0;
        self.keep(size(call), |tape| {
            number = u32::try_from(tape.calls.len()).unwrap_or(u32::MAX);
            tape.calls.push(TapedCall {
                call: call.clone(),
                result: None,
                ended: 0,
            });
        });
        number
    }

    /// Keeps what a call led to.
    pub fn end(&self, number: u32, result: CallResult) {
        let size = match &result {
            CallResult::Answered(answered) => answered.body.len() + of_pairs(&answered.headers),
            CallResult::Failed(failure) => failure.detail.len(),
        };
        self.keep(size, |tape| {
            if let Some(call) = tape.calls.get_mut(number as usize) {
                call.result = Some(result);
                call.ended = self.now();
            }
        });
    }
}

fn size(call: &Call) -> usize {
    let select: usize = call.select.iter().map(|it| it.len() + OVERHEAD).sum();
    let text = call.service.len() + call.path.len() + call.body.as_bytes().len();
    text + select + of_pairs(&call.query) + of_pairs(&call.headers)
}

fn of_pairs(pairs: &[(String, String)]) -> usize {
    let sizes = pairs.iter().map(|(a, b)| a.len() + b.len() + OVERHEAD);
    sizes.sum()
}
