//! Bytes of an answer at the library.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::super::budget::HeldBytes;
use super::super::flow::Flow;

/// The bytes of an answer, which record how many of them went to the socket.
pub(in crate::server) struct Piece {
    bytes: Bytes,
    flow: Arc<Flow>,
    _held: Option<HeldBytes>,
}

impl Piece {
    /// Bytes that their flow waits for. `held` is given back with them.
    pub(super) fn new(bytes: Bytes, flow: Arc<Flow>, held: Option<HeldBytes>) -> Self {
        Self {
            bytes,
            flow,
            _held: held,
        }
    }

    /// How many are left.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The flow that waits for them.
    pub(super) fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.flow.taken(count);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.flow.end();
    }
}
