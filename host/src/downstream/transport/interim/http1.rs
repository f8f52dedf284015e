//! Interim answers of HTTP/1.1: heads that follow each other.

use super::error::TooManyInterim;

/// The part of a status line that shows which answer it begins: `HTTP/1.1 103`.
const STATUS: usize = 12;

/// Counts interim answers. An ordinary answer costs a check of its first bytes.
pub(super) struct Heads {
    limit: usize,
    count: usize,
    at: Position,
}

/// The position of the next byte.
enum Position {
    /// In an answer that is none of ours, or in none.
    Elsewhere,
    /// At the beginning of a head, behind these bytes.
    Start([u8; STATUS], usize),
    /// In an interim answer, at the beginning of a line or in it.
    Interim { line_begins: bool },
}

impl Position {
    const START: Self = Self::Start([0; STATUS], 0);
}

impl Heads {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            count: 0,
            at: Position::START,
        }
    }

    /// Records that a request is sent, whose answer begins with the next byte.
    ///
    /// Parts of a request that are sent while its answer comes already do no harm: what is read
    /// next begins like no head, unless a service means it to.
    pub(super) fn written(&mut self) {
        if let Position::Elsewhere = self.at {
            self.at = Position::START;
            self.count = 0;
        }
    }

    /// Inspects bytes that were read.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), TooManyInterim> {
        loop {
            match &mut self.at {
                Position::Elsewhere => return Ok(()),
                Position::Start(begun, length) => {
                    // The library skips empty lines there, and so they are skipped here.
                    while *length == 0
                        && let Some((b'\r' | b'\n', rest)) = bytes.split_first()
                    {
                        bytes = rest;
                    }
                    let more = bytes.len().min(STATUS - *length);
                    begun[*length..*length + more].copy_from_slice(&bytes[..more]);
                    *length += more;
                    bytes = &bytes[more..];
                    if *length < STATUS {
                        return Ok(());
                    }
                    if !is_interim(begun) {
                        self.at = Position::Elsewhere;
                        return Ok(());
                    }
                    self.count += 1;
                    if self.count > self.limit {
                        return Err(TooManyInterim { limit: self.limit });
                    }
                    self.at = Position::Interim { line_begins: false };
                }
                Position::Interim { line_begins } => {
                    let mut end = None;
                    for (place, byte) in bytes.iter().enumerate() {
                        match byte {
                            b'\n' if *line_begins => {
                                end = Some(place + 1);
                                break;
                            }
                            b'\n' => *line_begins = true,
                            b'\r' => {}
                            _ => *line_begins = false,
                        }
                    }
                    let Some(end) = end else {
                        return Ok(());
                    };
                    bytes = &bytes[end..];
                    self.at = Position::START;
                }
            }
        }
    }
}

/// 101 is an answer: the last one of its connection.
fn is_interim(begun: &[u8; STATUS]) -> bool {
    begun.starts_with(b"HTTP/1.") && begun[8..10] == *b" 1" && begun[9..] != *b"101"
}
