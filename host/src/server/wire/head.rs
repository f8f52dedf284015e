//! The heads of HTTP/1.1 requests as they arrive. Finds what hyper reads in one of several ways and
//! does not report: a line that ends in LF alone, a `#` in the target, a `content-length` beside a
//! `transfer-encoding`.
//!
//! Bodies are not read. One with a length is counted. The end of one in chunks is where
//! [`Heads::ended`] finds the only possible one; without it, the connection ends with its answer.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use memchr::memchr;

/// Why two programs may read a head in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::server) enum Fault {
    /// LF without CR ends a line.
    BareLf = 1,
    /// The target has a fragment.
    Fragment,
    /// The body has two lengths.
    TwoLengths,
    /// The length of the body is no number.
    Length,
    /// hyper found a request that was not seen here, in bytes after a body.
    Unseen,
}

impl Fault {
    /// For the client.
    pub(in crate::server) const fn why(self) -> &'static str {
        match self {
            Self::BareLf => "a line ends in LF without CR",
            Self::Fragment => "the target has a \"#\"",
            Self::TwoLengths => "it has both content-length and transfer-encoding",
            Self::Length => "content-length is no number",
            Self::Unseen => "it does not begin where the request before it ended",
        }
    }
}

/// The position of a byte in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Between requests.
    Start,
    /// After the CR of an empty line between requests, which is legal.
    Empty,
    /// In the first line.
    Line,
    /// Where a field begins, or the head ends.
    Field,
    /// In a field's name.
    Name,
    /// In a field's value.
    Value,
    /// Behind the last CR.
    End,
    /// In a body of which this many bytes are missing.
    Body(u64),
    /// In a body that comes in chunks.
    Chunks,
    /// After a fault that ends the connection.
    Lost,
}

/// The names of the fields that say how long a body is.
const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";

/// How a body in chunks ends.
const END: [u8; 7] = *b"\r\n0\r\n\r\n";
/// The end of a head, so that a body without a chunk ends like any other.
const BEFORE: [u8; 7] = *b"\0\0\0\0\0\r\n";

/// An event in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The first byte of a head, or of an empty line before it.
    Begun,
    /// The last byte of a head, with the first fault that it has.
    Whole(Option<Fault>),
}

/// Follows the bytes of a connection.
#[derive(Debug)]
pub(super) struct Scanner {
    at: Position,
    /// The byte before.
    last: u8,
    /// How much of the name is that of `field`.
    matched: usize,
    /// The name that the current one may be, empty for none.
    field: &'static [u8],
    length: Option<u64>,
    chunked: bool,
    fault: Option<Fault>,
    /// The last bytes of a body in chunks.
    tail: [u8; END.len()],
}

impl Scanner {
    pub(super) const fn new() -> Self {
        Self {
            at: Position::Start,
            last: 0,
            matched: 0,
            field: &[],
            length: None,
            chunked: false,
            fault: None,
            tail: BEFORE,
        }
    }

    /// The next event in `bytes`, which are shortened by what was looked at; `None` when they are
    /// used up.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Event> {
        while let Some(&byte) = bytes.first() {
            match self.at {
                Position::Lost => *bytes = &[],
                Position::Body(left) => self.skip(left, bytes),
                Position::Chunks => self.keep_tail(std::mem::take(bytes)),
                Position::Line | Position::Value => self.text(bytes),
                Position::Start
                | Position::Empty
                | Position::Field
                | Position::Name
                | Position::End => {
                    *bytes = &bytes[1..];
                    let event = self.step(byte);
                    self.last = byte;
                    if event.is_some() {
                        return event;
                    }
                }
            }
        }
        None
    }

    /// The places where each byte matters.
    fn step(&mut self, byte: u8) -> Option<Event> {
        match (self.at, byte) {
            (Position::Start, b'\r') => {
                self.at = Position::Empty;
                return Some(Event::Begun);
            }
            (Position::Start, b'\n') => {
                self.wrong(Fault::BareLf);
                return Some(Event::Begun);
            }
            (Position::Start, _) => {
                self.at = Position::Line;
                return Some(Event::Begun);
            }
            (Position::Empty, b'\n') => self.at = Position::Start,
            (Position::Field, b'\r') => self.at = Position::End,
            (Position::Field, b'\n') => {
                self.wrong(Fault::BareLf);
                return Some(self.whole());
            }
            (Position::Field, _) => {
                self.at = Position::Name;
                self.field = match byte.to_ascii_lowercase() {
                    b'c' => LENGTH,
                    b't' => CODING,
                    _ => &[],
                };
                self.matched = 1;
            }
            (Position::Name, b':') => self.named(),
            // hyper refuses a line without a colon.
            (Position::Name, b'\n') => self.at = Position::Field,
            (Position::Name, _) => {
                let expected = self.field.get(self.matched);
                if expected != Some(&byte.to_ascii_lowercase()) {
                    self.field = &[];
                }
                self.matched += 1;
            }
            (Position::End, b'\n') => return Some(self.whole()),
            // hyper refuses a CR without LF.
            _ => self.at = Position::Lost,
        }
        None
    }

    /// The name of a field is whole.
    fn named(&mut self) {
        self.at = Position::Value;
        if self.field.len() != self.matched {
            self.field = &[];
        }
        if self.field == LENGTH {
            self.length = Some(0);
        } else if self.field == CODING {
            self.chunked = true;
        }
    }

    /// In the first line or in a value, up to its end.
    fn text(&mut self, bytes: &mut &[u8]) {
        let end = memchr(b'\n', bytes);
        let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if self.at == Position::Line {
            if memchr(b'#', text).is_some() {
                self.wrong(Fault::Fragment);
            }
        } else if self.field == LENGTH {
            self.number(text);
        }
        self.last = *text.last().unwrap_or(&self.last);
        *bytes = rest.get(1..).unwrap_or_default();
        if end.is_some() {
            if self.last != b'\r' {
                self.wrong(Fault::BareLf);
            }
            self.last = b'\n';
            self.at = Position::Field;
        }
    }

    /// Reads digits. hyper refuses all but digits and spaces around them.
    fn number(&mut self, text: &[u8]) {
        for byte in text {
            let digit = match byte {
                b'0'..=b'9' => u64::from(byte - b'0'),
                b' ' | b'\t' | b'\r' => continue,
                _ => return self.wrong(Fault::Length),
            };
            let longer = self.length.unwrap_or(0).checked_mul(10);
            match longer.and_then(|length| length.checked_add(digit)) {
                Some(length) => self.length = Some(length),
                None => return self.wrong(Fault::Length),
            }
        }
    }

    fn wrong(&mut self, fault: Fault) {
        self.fault = self.fault.or(Some(fault));
    }

    fn whole(&mut self) -> Event {
        if self.chunked && self.length.is_some() {
            self.wrong(Fault::TwoLengths);
        }
        let fault = self.fault;
        let at = match self.length {
            _ if fault.is_some() => Position::Lost,
            _ if self.chunked => Position::Chunks,
            None | Some(0) => Position::Start,
            Some(length) => Position::Body(length),
        };
        *self = Self { at, ..Self::new() };
        Event::Whole(fault)
    }

    fn skip(&mut self, left: u64, bytes: &mut &[u8]) {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        *bytes = &bytes[here..];
        self.at = match left - here as u64 {
            0 => Position::Start,
            left => Position::Body(left),
        };
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(END.len());
        self.tail.rotate_left(kept);
        self.tail[END.len() - kept..].copy_from_slice(&bytes[bytes.len() - kept..]);
    }

    /// Whether the bytes so far may be those of a body in chunks that ended: without trailers, and
    /// with nothing behind it.
    fn may_have_ended(&self) -> bool {
        self.at == Position::Chunks && self.tail == END
    }
}

/// What the socket saw of a connection's requests, for the tasks that answer them. All run on one
/// thread; the atomics are for the compiler.
#[derive(Debug, Default)]
pub(in crate::server) struct Heads {
    seen: AtomicU64,
    handed: AtomicU64,
    /// Which head has the fault, counted from 1; 0 for none.
    faulty: AtomicU64,
    fault: AtomicU8,
    may_have_ended: AtomicBool,
    ended: AtomicBool,
}

impl Heads {
    /// Inspects received bytes. Returns each event.
    pub(super) fn read(
        &self,
        scanner: &mut Scanner,
        mut bytes: &[u8],
        mut each: impl FnMut(Event),
    ) {
        if self.ended.swap(false, Ordering::Relaxed) && scanner.at == Position::Chunks {
            *scanner = Scanner::new();
        }
        while let Some(event) = scanner.next(&mut bytes) {
            if let Event::Whole(fault) = event {
                let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(fault) = fault {
                    self.fault.store(fault as u8, Ordering::Relaxed);
                    self.faulty.store(seen, Ordering::Relaxed);
                }
            }
            each(event);
        }
        self.may_have_ended
            .store(scanner.may_have_ended(), Ordering::Relaxed);
    }

    /// Takes the next request that hyper made of the bytes; returns what is wrong with it.
    pub(in crate::server) fn hand(&self) -> Option<Fault> {
        let number = self.handed.fetch_add(1, Ordering::Relaxed) + 1;
        if number > self.seen.load(Ordering::Relaxed) {
            return Some(Fault::Unseen);
        }
        if number != self.faulty.load(Ordering::Relaxed) {
            return None;
        }
        match self.fault.load(Ordering::Relaxed) {
            1 => Some(Fault::BareLf),
            2 => Some(Fault::Fragment),
            3 => Some(Fault::TwoLengths),
            _ => Some(Fault::Length),
        }
    }

    /// A request whose body came in chunks has its answer. Returns whether the body ended for
    /// certain where the bytes end that came. If so, a head is what comes next; if not, the
    /// connection has to end.
    ///
    /// hyper may have ended it earlier. Then it finds a request that was not seen here, and the
    /// connection ends.
    pub(in crate::server) fn ended(&self) -> bool {
        let ended = self.may_have_ended.swap(false, Ordering::Relaxed);
        self.ended.store(ended, Ordering::Relaxed);
        ended
    }
}

#[cfg(test)]
mod tests;
