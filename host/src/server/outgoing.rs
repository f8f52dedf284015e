//! The body of an answer. Its bytes count as held until they went to the socket.
//!
//! Over HTTP/2 the library takes a whole body, and reports it as sent, as soon as the client's
//! window has room for one byte. A body too long for any usual window therefore ends with a frame
//! of its own, sent after all the rest: until then the stream can be reset alone.

mod piece;
mod streamed;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use self::piece::Piece;
use super::activity::{Activity, InFlight};
use super::budget::HeldBytes;
use super::flow::Flow;

pub(super) use self::streamed::{CutOff, PIECE, StreamedBody};

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
    /// Its guest still runs.
    Streamed(Box<StreamedBody>),
    /// There is nothing more.
    Ended,
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
        let piece = Piece::new(bytes, flow, held);
        Self(BodyState::Whole { piece, alone })
    }

    /// A body that is still being made.
    pub(super) fn streamed(body: StreamedBody) -> Self {
        body.flow.begin_making();
        Self(BodyState::Streamed(Box::new(body)))
    }

    /// While the body is made, its connection is not idle.
    pub(super) fn keeps_busy(&mut self, connection: &Arc<Activity>) {
        if let BodyState::Streamed(body) = &mut self.0 {
            body.running = Some(InFlight::also(connection.clone()));
        }
    }
}

impl Body for Outgoing {
    type Data = Piece;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, CutOff>>> {
        match std::mem::replace(&mut self.0, BodyState::Ended) {
            BodyState::Whole { piece, alone } => {
                if !alone {
                    self.0 = BodyState::Handed(piece.flow().clone());
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
            BodyState::Streamed(mut body) => {
                let polled = body.poll_piece(context);
                if matches!(polled, Poll::Pending | Poll::Ready(Some(Ok(_)))) {
                    self.0 = BodyState::Streamed(body);
                }
                polled
            }
            BodyState::Ended => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, BodyState::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodyState::Whole { piece, .. } => SizeHint::with_exact(piece.len() as u64),
            BodyState::Streamed(body) => body
                .left()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
            BodyState::Handed(_) | BodyState::Ended => SizeHint::with_exact(0),
        }
    }
}
