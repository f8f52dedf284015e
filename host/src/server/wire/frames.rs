//! Where the frames of an HTTP/2 connection begin. Reads their heads alone (RFC 9113 section 4.1),
//! and skips what they carry.

/// Length of a frame's head, bytes.
const HEAD: usize = 9;
/// Length of the error code that RST_STREAM carries, bytes.
const CODE: usize = 4;

/// The kinds of frames that are distinguished.
pub(super) mod kind {
    pub(in crate::server::wire) const DATA: u8 = 0;
    pub(in crate::server::wire) const HEADERS: u8 = 1;
    pub(in crate::server::wire) const RST_STREAM: u8 = 3;
    pub(in crate::server::wire) const GOAWAY: u8 = 7;
    pub(in crate::server::wire) const CONTINUATION: u8 = 9;
}

/// The error code of an answer that its guest broke off (RFC 9113 section 7).
const INTERNAL_ERROR: u32 = 0x2;
const END_STREAM: u8 = 0x1;
const PADDED: u8 = 0x8;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Bytes behind the head.
    pub(super) length: u32,
    pub(super) kind: u8,
    flags: u8,
    /// 0 for the connection itself.
    pub(super) stream: u32,
    /// That of RST_STREAM.
    code: Option<u32>,
}

impl Frame {
    fn read(head: [u8; HEAD + CODE]) -> Self {
        let [a, b, c, kind, flags, d, e, f, g, code @ ..] = head;
        Self {
            length: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            stream: u32::from_be_bytes([d, e, f, g]) & 0x7fff_ffff,
            code: (kind == kind::RST_STREAM).then_some(u32::from_be_bytes(code)),
        }
    }

    /// Whether the sender broke the stream off for a fault of its own. A server does so where the
    /// body of its answer fails, and for nothing that its client does.
    pub(super) fn is_own_fault(self) -> bool {
        self.code == Some(INTERNAL_ERROR)
    }

    /// Whether it is the last of its sender on the stream.
    pub(super) const fn ends_stream(self) -> bool {
        self.flags & END_STREAM != 0 && matches!(self.kind, kind::DATA | kind::HEADERS)
    }

    /// The most bytes of a body that are in it for certain.
    pub(super) const fn data(self) -> u32 {
        if self.flags & PADDED == 0 {
            self.length
        } else {
            self.length.saturating_sub(MAX_PADDING)
        }
    }
}

/// A length of padding has one byte, which counts with it.
const MAX_PADDING: u32 = 256;

/// Finds the heads of frames in a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// With the code of RST_STREAM behind it.
    head: [u8; HEAD + CODE],
    filled: usize,
    /// Bytes that the last frame still carries.
    left: usize,
}

impl Frames {
    /// The next head in `bytes`, which are shortened by what was read; `None` when they are used
    /// up.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let skipped = self.left.min(bytes.len());
        self.left -= skipped;
        *bytes = &bytes[skipped..];
        self.fill(HEAD, bytes)?;
        let frame = Frame::read(self.head);
        let length = frame.length as usize;
        let code = match frame.code {
            // One of another length is an error of the connection.
            Some(_) => CODE.min(length),
            None => 0,
        };
        self.fill(HEAD + code, bytes)?;
        self.filled = 0;
        self.left = length - code;
        Some(Frame::read(self.head))
    }

    /// Takes bytes until there are `size` of the head.
    fn fill(&mut self, size: usize, bytes: &mut &[u8]) -> Option<()> {
        let taken = size.saturating_sub(self.filled).min(bytes.len());
        self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
        self.filled += taken;
        *bytes = &bytes[taken..];
        (self.filled >= size).then_some(())
    }

    /// Whether the bytes so far end where a frame ends.
    pub(super) const fn between_frames(&self) -> bool {
        self.left == 0 && self.filled == 0
    }
}

/// A GOAWAY that says ENHANCE_YOUR_CALM, and that no stream after `last` was processed.
pub(super) fn calm(last: u32) -> [u8; HEAD + 8] {
    const ENHANCE_YOUR_CALM: u8 = 0xb;
    let [a, b, c, d] = last.to_be_bytes();
    let goaway = kind::GOAWAY;
    [
        0,
        0,
        8,
        goaway,
        0,
        0,
        0,
        0,
        0,
        a,
        b,
        c,
        d,
        0,
        0,
        0,
        ENHANCE_YOUR_CALM,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn frames_are_found_however_their_bytes_come() {
        let sent = [
            frame(kind::HEADERS, END_STREAM, 1, b"head"),
            frame(kind::DATA, 0, 3, b""),
            frame(kind::DATA, PADDED, 5, &[0; 300]),
            frame(kind::RST_STREAM, 0, 7, &[0, 0, 0, 2]),
            frame(kind::RST_STREAM, 0, 9, &[0, 0, 0, 8]),
            frame(kind::RST_STREAM, 0, 11, &[0, 0]),
            calm(7).to_vec(),
        ]
        .concat();
        for size in [1, 2, 9, 10, 100, sent.len()] {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for mut piece in sent.chunks(size) {
                while let Some(frame) = frames.next(&mut piece) {
                    let is = (frame.ends_stream(), frame.is_own_fault());
                    found.push((frame.kind, frame.stream, frame.data(), is));
                }
            }
            assert!(frames.between_frames());
            let expected = [
                (kind::HEADERS, 1, 4, (true, false)),
                (kind::DATA, 3, 0, (false, false)),
                (kind::DATA, 5, 44, (false, false)),
                (kind::RST_STREAM, 7, 4, (false, true)),
                (kind::RST_STREAM, 9, 4, (false, false)),
                (kind::RST_STREAM, 11, 2, (false, false)),
                (kind::GOAWAY, 0, 8, (false, false)),
            ];
            assert_eq!(found, expected, "{size}");
        }
    }
}
