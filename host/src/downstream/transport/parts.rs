//! The body of an answer, received in parts.

use bytes::{Bytes, BytesMut};

/// Room made at once for a body that comes in several parts, bytes; more than that is made as it
/// comes.
const FIRST_ROOM: u64 = 64 << 10;

/// The parts of a body. One part, the ordinary case, is not copied.
#[derive(Default)]
pub struct Parts {
    first: Bytes,
    joined: Option<BytesMut>,
}

impl Parts {
    /// Bytes.
    pub fn len(&self) -> usize {
        self.joined.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    /// Adds one. `announced` is the length of all parts, or less.
    pub fn push(&mut self, data: Bytes, announced: u64) {
        if let Some(joined) = &mut self.joined {
            joined.extend_from_slice(&data);
        } else if self.first.is_empty() {
            self.first = data;
        } else {
            let length = self.first.len() + data.len();
            let room = length.max(announced.min(FIRST_ROOM) as usize);
            let mut joined = BytesMut::with_capacity(room);
            joined.extend_from_slice(&self.first);
            joined.extend_from_slice(&data);
            self.joined = Some(joined);
        }
    }

    /// All of them.
    pub fn join(self) -> Bytes {
        self.joined.map_or(self.first, BytesMut::freeze)
    }
}
