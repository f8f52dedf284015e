//! The grammar of RFC 8259 over bytes: where a value, a string or a number ends, and whether it is
//! well formed.
//!
//! It decodes nothing and copies nothing. It must not recurse: the body comes from the network, and
//! a host call runs on the small stack of the guest's fiber, so open arrays and objects are kept on
//! the heap (one byte each, at most as many as the body has bytes). UTF-8 is not checked here.

use super::skip;

/// The offset at which the text stops being JSON. It is the length of the text when the text ends
/// too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) usize);

/// Reads a text from left to right. A position is an offset in bytes; every function takes one and
/// returns the next.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    /// The containers that `value` is in, as their opening bytes. Empty between two calls.
    open: Vec<u8>,
}

impl<'a> Scan<'a> {
    /// Scans `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            open: Vec::new(),
        }
    }

    /// The byte at `at`. Past the end it is a NUL, which is legal nowhere in JSON, so no caller
    /// needs a second check.
    #[inline]
    pub(super) fn peek(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Skips white space.
    #[inline]
    pub(super) fn space(&self, mut at: usize) -> usize {
        while matches!(self.peek(at), b' ' | b'\n' | b'\r' | b'\t') {
            at += 1;
        }
        at
    }

    /// Skips the name of a member that begins at `at`. Returns where the name ends and where its
    /// value begins.
    #[inline]
    pub(super) fn name(&self, at: usize) -> Result<(usize, usize), Fault> {
        if self.peek(at) != b'"' {
            return Err(Fault(at));
        }
        let end = self.string(at + 1)?;
        let colon = self.space(end);
        match self.peek(colon) {
            b':' => Ok((end, self.space(colon + 1))),
            _ => Err(Fault(colon)),
        }
    }

    /// Skips the value that begins at `at`, whatever is in it.
    pub(super) fn value(&mut self, mut at: usize) -> Result<usize, Fault> {
        loop {
            at = match self.peek(at) {
                b'"' => self.string(at + 1)?,
                b'-' | b'0'..=b'9' => self.number(at)?,
                b't' => self.word(at, b"true")?,
                b'f' => self.word(at, b"false")?,
                b'n' => self.word(at, b"null")?,
                opening @ (b'{' | b'[') => {
                    let first = self.space(at + 1);
                    if self.peek(first) == closing(opening) {
                        first + 1
                    } else {
                        self.open.push(opening);
                        at = if opening == b'{' {
                            self.name(first)?.1
                        } else {
                            first
                        };
                        continue;
                    }
                }
                _ => return Err(Fault(at)),
            };
            // A value ended at `at`: close what it completes, until a comma leads to the next one.
            loop {
                let Some(&opening) = self.open.last() else {
                    return Ok(at);
                };
                at = self.space(at);
                match self.peek(at) {
                    b',' => {
                        at = self.space(at + 1);
                        if opening == b'{' {
                            at = self.name(at)?.1;
                        }
                        break;
                    }
                    byte if byte == closing(opening) => {
                        self.open.pop();
                        at += 1;
                    }
                    _ => return Err(Fault(at)),
                }
            }
        }
    }

    /// Skips the value that begins at `at`, which is not selected: of arrays and objects only
    /// strings and brackets are checked.
    #[inline]
    pub(super) fn unwanted(&mut self, at: usize) -> Result<usize, Fault> {
        match self.peek(at) {
            b'{' | b'[' => skip::container(self.bytes, at).ok_or(Fault(self.bytes.len())),
            _ => self.value(at),
        }
    }

    /// Skips the rest of a string. `at` is behind its opening quote, the result behind its closing
    /// one.
    #[inline]
    fn string(&self, mut at: usize) -> Result<usize, Fault> {
        loop {
            while let Some(chunk) = self
                .bytes
                .get(at..at + CHUNK)
                .and_then(|rest| rest.first_chunk())
            {
                match first_special(u64::from_le_bytes(*chunk)) {
                    Some(offset) => {
                        at += offset;
                        break;
                    }
                    None => at += CHUNK,
                }
            }
            match self.peek(at) {
                b'"' => return Ok(at + 1),
                b'\\' => at = self.escape(at)?,
                0..0x20 => return Err(Fault(at)),
                _ => at += 1,
            }
        }
    }

    /// Skips an escape sequence. A lone surrogate is within the grammar, so it is not refused here.
    #[cold]
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        match self.peek(at + 1) {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
            b'u' => match (at + 2..at + 6).find(|&digit| !self.peek(digit).is_ascii_hexdigit()) {
                None => Ok(at + 6),
                Some(digit) => Err(Fault(digit)),
            },
            _ => Err(Fault(at + 1)),
        }
    }

    #[inline]
    fn number(&self, mut at: usize) -> Result<usize, Fault> {
        if self.peek(at) == b'-' {
            at += 1;
        }
        at = if self.peek(at) == b'0' {
            at + 1
        } else {
            self.digits(at)?
        };
        if self.peek(at) == b'.' {
            at = self.digits(at + 1)?;
        }
        if matches!(self.peek(at), b'e' | b'E') {
            at += 1;
            if matches!(self.peek(at), b'+' | b'-') {
                at += 1;
            }
            at = self.digits(at)?;
        }
        Ok(at)
    }

    /// Skips one digit or more.
    #[inline]
    fn digits(&self, at: usize) -> Result<usize, Fault> {
        let mut end = at;
        while self.peek(end).is_ascii_digit() {
            end += 1;
        }
        if end == at { Err(Fault(at)) } else { Ok(end) }
    }

    #[inline]
    fn word(&self, at: usize, word: &[u8]) -> Result<usize, Fault> {
        match word
            .iter()
            .enumerate()
            .find(|&(offset, &byte)| self.peek(at + offset) != byte)
        {
            None => Ok(at + word.len()),
            Some((offset, _)) => Err(Fault(at + offset)),
        }
    }
}

fn closing(opening: u8) -> u8 {
    if opening == b'{' { b'}' } else { b']' }
}

/// Bytes that a string is searched by at a time.
const CHUNK: usize = size_of::<u64>();

/// The offset of the first byte of a little-endian chunk that is not plain text of a string: a
/// quote, a backslash or a control character.
#[inline]
fn first_special(chunk: u64) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHS: u64 = ONES << 7;
    let quote = chunk ^ (ONES * b'"' as u64);
    let backslash = chunk ^ (ONES * b'\\' as u64);
    // `(x - n) & !x` sets the high bit of a byte that is below n, for n up to 128. A borrow can set
    // it wrongly only in bytes behind a true match, and only the first one counts.
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (chunk.wrapping_sub(ONES * 0x20) & !chunk);
    let found = found & HIGHS;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}
