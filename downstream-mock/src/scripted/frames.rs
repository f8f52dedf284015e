//! Frames of HTTP/2 (RFC 9113 section 4.1) as bytes, for misbehaving servers.

use bytes::{BufMut as _, Bytes, BytesMut};

/// The length of a frame's head.
pub(super) const HEAD: usize = 9;

/// A frame of this kind.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + payload.len());
    frame.put_uint(payload.len() as u64, 3);
    frame.put_u8(kind);
    frame.put_u8(flags);
    frame.put_u32(stream);
    frame.put_slice(payload);
    frame.freeze()
}

/// GOAWAY: streams above `last` were not processed. `code` 0 is an orderly end.
pub fn goaway(last: u32, code: u32) -> Bytes {
    let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
    frame(7, 0, 0, &payload)
}

/// RST_STREAM: 7 refuses the stream, 2 is an error of the service.
pub fn reset(stream: u32, code: u32) -> Bytes {
    frame(3, 0, stream, &code.to_be_bytes())
}
