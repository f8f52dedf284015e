//! Frames of an HTTP/2 client beside its requests, and how many of them are accepted.
//!
//! The heads of frames are inspected in both directions. A frame that carries a part of a request
//! or of an answer is useful. Others (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, frames
//! of closed streams, unknown ones) use up an allowance that time and useful frames refill. So does
//! a stream that ends before its answer, whether the client resets it or makes the host do so. One
//! whose guest failed behind the head of its answer does not: its client is not to blame.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::frames::{Frame, Frames, calm, kind};
use crate::server::activity::Excess;

/// Time in which an empty allowance of frames is full again.
const FRAMES_WITHIN: Duration = Duration::from_secs(10);
/// Time in which an empty allowance of resets is full again.
const RESETS_WITHIN: Duration = Duration::from_secs(30);
/// The allowance that a useful frame adds: a client may send two control frames for each.
const USEFUL: f64 = 2.0;
/// CONTINUATION frames of one head that cost nothing.
const CONTINUATIONS: u32 = 8;
/// Bytes of a frame for each further unit of its cost.
const COST_BYTES: u32 = 1024;

/// A token bucket: `size` tokens at once, and as many again in the time that it takes to refill.
#[derive(Debug)]
struct Allowance {
    size: f64,
    left: f64,
    per_second: f64,
}

impl Allowance {
    fn new(size: u32, within: Duration) -> Self {
        let size = f64::from(size);
        Self {
            size,
            left: size,
            per_second: size / within.as_secs_f64(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.add(self.per_second * time.as_secs_f64());
    }

    fn add(&mut self, more: f64) {
        self.left = (self.left + more).min(self.size);
    }

    /// Takes `cost` tokens; `false` when there are fewer.
    fn take(&mut self, cost: f64) -> bool {
        self.left -= cost;
        self.left >= 0.0
    }
}

/// The allowances of one connection.
#[derive(Debug)]
pub(super) struct Account {
    read: Frames,
    written: Frames,
    /// Streams that have no whole answer yet.
    open: HashSet<u32>,
    /// The last stream that the client began.
    last: u32,
    max_open: usize,
    continuations: u32,
    frames: Allowance,
    resets: Allowance,
    at: Instant,
}

impl Account {
    pub(super) fn new(max_streams: u32, max_frames: u32, max_resets: u32) -> Self {
        Self {
            read: Frames::default(),
            written: Frames::default(),
            open: HashSet::new(),
            last: 0,
            // The host refuses streams past the limit at once; a few can be open until then.
            max_open: max_streams as usize * 2 + 1000,
            continuations: 0,
            frames: Allowance::new(max_frames, FRAMES_WITHIN),
            resets: Allowance::new(max_resets, RESETS_WITHIN),
            at: Instant::now(),
        }
    }

    /// Inspects bytes of the client after its preface.
    ///
    /// # Errors
    ///
    /// The limit that it exceeded.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Excess> {
        self.pass();
        while let Some(frame) = self.read.next(&mut bytes) {
            self.received(frame)?;
        }
        Ok(())
    }

    fn pass(&mut self) {
        let now = Instant::now();
        let time = now.saturating_duration_since(self.at);
        self.at = now;
        self.frames.pass(time);
        self.resets.pass(time);
    }

    fn received(&mut self, frame: Frame) -> Result<(), Excess> {
        let open = self.open.contains(&frame.stream);
        match frame.kind {
            kind::HEADERS if self.begins(frame.stream) => {
                self.continuations = 0;
                self.frames.add(USEFUL);
                Ok(())
            }
            // Trailers.
            kind::HEADERS if open && frame.ends_stream() => Ok(()),
            kind::DATA if open && (frame.data() > 0 || frame.ends_stream()) => Ok(()),
            // The client may have sent it before it knew of the end; the windows bound how much.
            kind::DATA if !open => self.costs(1),
            kind::CONTINUATION if frame.length > 0 && self.continuations < CONTINUATIONS => {
                self.continuations += 1;
                Ok(())
            }
            // The operator may allow long heads.
            kind::CONTINUATION if frame.length > 0 => self.costs(1),
            kind::RST_STREAM if self.open.remove(&frame.stream) => self.reset(),
            _ => self.costs(1 + frame.length / COST_BYTES),
        }
    }

    /// Whether HEADERS of this stream begin it.
    fn begins(&mut self, stream: u32) -> bool {
        if stream <= self.last || stream.is_multiple_of(2) || self.open.len() >= self.max_open {
            return false;
        }
        self.last = stream;
        self.open.insert(stream)
    }

    fn costs(&mut self, cost: u32) -> Result<(), Excess> {
        let enough = self.frames.take(f64::from(cost));
        enough.then_some(()).ok_or(Excess::Frames)
    }

    fn reset(&mut self) -> Result<(), Excess> {
        self.resets.take(1.0).then_some(()).ok_or(Excess::Resets)
    }

    /// Inspects bytes of the host. Returns whether they contain a part of an answer.
    ///
    /// # Errors
    ///
    /// The limit that the client exceeded.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<bool, Excess> {
        let mut answered = false;
        let mut result = Ok(());
        while let Some(frame) = self.written.next(&mut bytes) {
            match frame.kind {
                kind::HEADERS | kind::DATA => {
                    answered = true;
                    self.frames.add(USEFUL);
                    if frame.ends_stream() && self.open.remove(&frame.stream) {
                        self.resets.add(1.0);
                    }
                }
                kind::RST_STREAM if self.open.remove(&frame.stream) && !frame.is_own_fault() => {
                    result = result.and(self.reset());
                }
                _ => {}
            }
        }
        // A long frame is written in pieces.
        answered |= !self.written.between_frames();
        result.map(|()| answered)
    }

    /// What to write before the connection is cut, where a frame may begin.
    pub(super) fn farewell(&self) -> Option<[u8; 17]> {
        self.written.between_frames().then(|| calm(self.last))
    }
}

#[cfg(test)]
mod tests;
