//! The body of an answer. Its bytes count as held until they went to the socket.
//!
//! Over HTTP/2 the library takes a whole body, and reports it as sent, as soon as the client's
//! window has room for one byte. A body too long for any usual window therefore ends with a frame
//! of its own, sent after all the rest: until then the stream can be reset alone.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use super::budget::HeldBytes;
use super::flow::Flow;

/// Bytes that fit into the window of any client that reads its answers: the longest frame that
/// needs no agreement.
const SHORT: usize = 16 << 10;

/// The body of an answer.
pub(super) struct Outgoing(BodyState);

enum BodyState {
    /// All of it is still here.
    Whole { piece: Piece, alone: bool },
    /// The library has it, and its end is to come.
    Handed(Arc<Flow>),
    /// There is nothing more.
    Ended,
}

/// The bytes of an answer, which record how many of them went to the socket.
pub(super) struct Piece {
    bytes: Bytes,
    flow: Arc<Flow>,
    _held: Option<HeldBytes>,
}

impl Outgoing {
    /// No body.
    pub(super) fn empty() -> Self {
        Self(BodyState::Ended)
    }

    /// A body whose bytes count as held. A refusal for lack of memory holds none.
    pub(super) fn new(bytes: Bytes, held: Option<HeldBytes>, flow: Arc<Flow>, http2: bool) -> Self {
        if bytes.is_empty() {
            return Self::empty();
        }
        flow.begin();
        let alone = !http2 || bytes.len() <= SHORT;
        let piece = Piece {
            bytes,
            flow,
            _held: held,
        };
        Self(BodyState::Whole { piece, alone })
    }
}

impl Body for Outgoing {
    type Data = Piece;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Infallible>>> {
        match std::mem::replace(&mut self.0, BodyState::Ended) {
            BodyState::Whole { piece, alone } => {
                if !alone {
                    self.0 = BodyState::Handed(piece.flow.clone());
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            BodyState::Handed(flow) => {
                let gone = flow.poll_gone(context);
                self.0 = BodyState::Handed(flow);
                ready!(gone);
                self.0 = BodyState::Ended;
                Poll::Ready(None)
            }
            BodyState::Ended => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, BodyState::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.0 {
            BodyState::Whole { piece, .. } => piece.bytes.len() as u64,
            BodyState::Handed(_) | BodyState::Ended => 0,
        })
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
