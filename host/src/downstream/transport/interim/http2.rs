//! Interim answers of HTTP/2: HEADERS frames of one stream that do not end it, before its first
//! DATA (RFC 9113 section 8.1). What is in them is compressed, but a stream has only one more such
//! frame, that of its answer.

use std::collections::HashMap;

use super::error::TooManyInterim;

/// The size of a frame's head.
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
/// The flag of a frame that is the last of its stream.
const END_STREAM: u8 = 1;
/// Streams that are remembered. They are few at any time: an answer's DATA follows its HEADERS. But
/// one whose call was given up stays, because nothing of it is read any more. When there are too
/// many, all are forgotten, and each may begin to count anew.
const MAX_STREAMS: usize = 4096;

/// Counts interim answers. A frame costs a check of its head.
pub(super) struct Frames {
    limit: usize,
    head: [u8; HEAD],
    /// Bytes of the head that were read.
    length: usize,
    /// Bytes of the frame's payload that are still to come.
    payload: usize,
    /// HEADERS frames of streams that had nothing else.
    streams: HashMap<u32, usize>,
}

impl Frames {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            head: [0; HEAD],
            length: 0,
            payload: 0,
            streams: HashMap::new(),
        }
    }

    /// Inspects bytes that were read.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), TooManyInterim> {
        loop {
            let skipped = self.payload.min(bytes.len());
            self.payload -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return Ok(());
            }
            let more = bytes.len().min(HEAD - self.length);
            self.head[self.length..self.length + more].copy_from_slice(&bytes[..more]);
            self.length += more;
            bytes = &bytes[more..];
            if self.length == HEAD {
                self.length = 0;
                self.frame()?;
            }
        }
    }

    fn frame(&mut self) -> Result<(), TooManyInterim> {
        let [a, b, c, kind, flags, id @ ..] = self.head;
        self.payload = u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes(id) & (u32::MAX >> 1);
        match kind {
            HEADERS if flags & END_STREAM == 0 => {
                if self.streams.len() >= MAX_STREAMS {
                    self.streams.clear();
                }
                let count = self.streams.entry(stream).or_default();
                *count += 1;
                if *count > self.limit.saturating_add(1) {
                    return Err(TooManyInterim { limit: self.limit });
                }
            }
            DATA | HEADERS | RST_STREAM => {
                self.streams.remove(&stream);
            }
            _ => {}
        }
        Ok(())
    }

    /// Streams that are remembered.
    #[cfg(test)]
    pub(super) fn streams(&self) -> usize {
        self.streams.len()
    }
}
