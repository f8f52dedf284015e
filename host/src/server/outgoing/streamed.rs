//! The body of an answer whose guest still runs.
//!
//! One piece is at the library at a time, and the guest may be a little ahead of it: a client that
//! reads slowly holds up its guest. The access record goes with the body, so that the line about
//! the request is written when the answer has ended, in whichever way.

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::super::access::Access;
use super::super::activity::{Activity, InFlight};
use super::super::budget::HeldBytes;
use super::super::flow::Flow;
use super::super::problem::Code;
use super::piece::Piece;
use crate::telemetry::metrics::Outcome;

/// Bytes of a piece: what a frame of HTTP/2 has that needs no agreement.
pub(in crate::server) const PIECE: usize = 16 << 10;
/// Room for less than this is not worth a read.
const LEAST: usize = 1 << 10;

/// The answer is not whole, which its client learns by the end of its stream or connection.
#[derive(Clone, Copy, Debug, Error)]
#[error("the answer was cut off: its guest did not come to its end")]
pub(in crate::server) struct CutOff;

/// The body of an answer, with what ends with it.
pub(in crate::server) struct StreamedBody {
    /// What there was with the head.
    pub(in crate::server) first: Bytes,
    /// What comes. It ends with the guest.
    pub(in crate::server) source: DuplexStream,
    /// The size of the whole, where the client knows it.
    pub(in crate::server) length: Option<u64>,
    /// How the guest ended.
    pub(in crate::server) ended: oneshot::Receiver<Result<(), Code>>,
    /// Ends the guest.
    pub(in crate::server) guest: AbortHandle,
    pub(in crate::server) flow: Arc<Flow>,
    pub(in crate::server) held: HeldBytes,
    /// What is held once the first piece is gone.
    pub(in crate::server) floor: usize,
    pub(in crate::server) access: Access,
    /// The status that was sent.
    pub(in crate::server) status: u16,
    /// Its connection is not idle.
    pub(in crate::server) running: Option<InFlight<Arc<Activity>>>,
    pub(in crate::server) buffer: BytesMut,
    pub(in crate::server) sent: usize,
}

impl StreamedBody {
    /// The bytes that are to come, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.length
            .map(|length| length.saturating_sub(self.sent as u64))
    }

    /// The next piece. After the end, and after an error, the body is to be dropped.
    pub(super) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, CutOff>>> {
        ready!(self.flow.poll_gone(context));
        let bytes = match self.first.is_empty() {
            false => std::mem::take(&mut self.first),
            true => {
                // The first piece is gone.
                self.held.shrink(self.floor);
                if self.buffer.capacity() < LEAST {
                    self.buffer.reserve(PIECE);
                }
                let read = pin!(self.source.read_buf(&mut self.buffer)).poll(context);
                match read {
                    Poll::Ready(Ok(1..)) => self.buffer.split().freeze(),
                    Poll::Ready(Ok(0) | Err(_)) => return self.poll_end(context),
                    Poll::Pending => {
                        self.flow.catch_up(context);
                        return Poll::Pending;
                    }
                }
            }
        };
        self.sent += bytes.len();
        self.flow.go_on();
        let piece = Piece::new(bytes, self.flow.clone(), None);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn poll_end(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, CutOff>>> {
        let ended = ready!(Pin::new(&mut self.ended).poll(context));
        Poll::Ready(match ended.unwrap_or(Err(Code::HostPanic)) {
            Ok(()) => {
                self.end_whole();
                None
            }
            Err(code) => {
                let outcome = Outcome::Failed(code.as_str());
                self.access.cut(outcome, self.status, self.sent);
                Some(Err(CutOff))
            }
        })
    }

    fn end_whole(&mut self) {
        let outcome = Outcome::Answered(self.status);
        self.access.end(outcome, self.status, self.sent);
    }
}

impl Drop for StreamedBody {
    fn drop(&mut self) {
        self.guest.abort();
        self.flow.stop_making();
        if self.access.has_ended() {
            return;
        }
        match self.left() {
            // The library does not ask for more than that.
            Some(0) => self.end_whole(),
            _ => self.access.cut(Outcome::ClientGone, self.status, self.sent),
        }
    }
}
