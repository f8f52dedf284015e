//! The bodies of answers: whole, trickled, padded to any length, or cut off by a reset.
//!
//! A body owns the exchange that it answers. It finishes the exchange with its last byte, so that a
//! body that is dropped before counts as aborted.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::record::Exchange;

/// Bytes of filler in one frame. A small frame keeps the sender waiting for the reader, so that a
/// caller who leaves in the middle of a long body is noticed there.
const FILLER: &[u8] = &[b'x'; 64 * 1024];

/// Time between the last byte before a reset and the reset. Some systems throw away what the peer
/// has not read yet when a reset arrives, and the fault is meant to be in the middle of the body,
/// not before it.
const PAUSE_BEFORE_RESET: Duration = Duration::from_millis(20);

/// The body of one answer.
pub(crate) struct AnswerBody {
    source: Source,
    /// Bytes still to come, as announced in `content-length`.
    announced: u64,
    /// `None` for answers of the control listener, and after the end of the answer.
    exchange: Option<Exchange>,
}

enum Source {
    /// What is left, in one piece.
    Whole(Bytes),
    Trickled {
        rest: Bytes,
        chunk_bytes: usize,
        pause: Duration,
        next: Pin<Box<Sleep>>,
    },
    /// `before`, then this number of bytes of filler, then `after`.
    Padded {
        before: Bytes,
        filler: u64,
        after: Bytes,
    },
    /// `part`, then a reset.
    CutOff {
        part: Bytes,
        reset: Option<Pin<Box<Sleep>>>,
    },
}

impl AnswerBody {
    pub(crate) fn whole(content: Bytes, exchange: Option<Exchange>) -> AnswerBody {
        let announced = length(&content);
        AnswerBody::new(Source::Whole(content), announced, exchange)
    }

    /// Sends `chunk_bytes` at once, and then as many again after each pause.
    pub(crate) fn trickled(
        content: Bytes,
        chunk_bytes: usize,
        pause: Duration,
        exchange: Exchange,
    ) -> AnswerBody {
        let announced = length(&content);
        let next = Box::pin(sleep_until(Instant::now()));
        AnswerBody::new(
            Source::Trickled {
                rest: content,
                chunk_bytes,
                pause,
                next,
            },
            announced,
            Some(exchange),
        )
    }

    /// Makes a JSON document of exactly `bytes` bytes out of `content`, which is one: its first
    /// member is a filler. If there is no room for the content, or it is not an object, the filler
    /// is all there is.
    pub(crate) fn padded(content: &Bytes, bytes: u64, exchange: Exchange) -> AnswerBody {
        let before = Bytes::from_static(b"{\"filler\":\"");
        let fits = |after: &Bytes| length(&before) + length(after) <= bytes;
        let with_content = content
            .strip_prefix(b"{")
            .filter(|members| members.first() == Some(&b'"'))
            .map(|members| Bytes::from([b"\",", members].concat()))
            .filter(fits);
        let after = with_content.unwrap_or(Bytes::from_static(b"\"}"));
        let filler = bytes.saturating_sub(length(&before) + length(&after));
        AnswerBody::new(
            Source::Padded {
                before,
                filler,
                after,
            },
            bytes,
            Some(exchange),
        )
    }

    /// Announces all of `content`, sends its first `bytes` (at most all but one) and then resets
    /// the connection.
    pub(crate) fn cut_off(content: &Bytes, bytes: u64, exchange: Exchange) -> AnswerBody {
        let bytes = usize::try_from(bytes)
            .unwrap_or(usize::MAX)
            .min(content.len().saturating_sub(1));
        let part = content.slice(..bytes);
        AnswerBody::new(
            Source::CutOff { part, reset: None },
            length(content),
            Some(exchange),
        )
    }

    fn new(source: Source, announced: u64, exchange: Option<Exchange>) -> AnswerBody {
        let mut body = AnswerBody {
            source,
            announced,
            exchange,
        };
        // An empty body is never polled for frames.
        body.finish_at_end();
        body
    }

    /// The body of the answer to HEAD, and the length that a GET would have had.
    pub(crate) fn into_length(self) -> (u64, AnswerBody) {
        (
            self.announced,
            AnswerBody::new(Source::Whole(Bytes::new()), 0, self.exchange),
        )
    }

    fn finish_at_end(&mut self) {
        if self.announced == 0
            && let Some(exchange) = self.exchange.take()
        {
            exchange.finish();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let body = self.get_mut();
        let content = match &mut body.source {
            Source::Whole(content) => std::mem::take(content),
            Source::Trickled {
                rest,
                chunk_bytes,
                pause,
                next,
            } => {
                ready!(next.as_mut().poll(context));
                next.as_mut().reset(Instant::now() + *pause);
                rest.split_to((*chunk_bytes).min(rest.len()))
            }
            Source::Padded {
                before,
                filler,
                after,
            } => {
                if !before.is_empty() {
                    std::mem::take(before)
                } else if *filler > 0 {
                    let size = usize::try_from(*filler)
                        .unwrap_or(usize::MAX)
                        .min(FILLER.len());
                    *filler -= size as u64;
                    Bytes::from_static(&FILLER[..size])
                } else {
                    std::mem::take(after)
                }
            }
            Source::CutOff { part, reset } => {
                if part.is_empty() {
                    let timer = reset.get_or_insert_with(|| Box::pin(sleep(PAUSE_BEFORE_RESET)));
                    ready!(timer.as_mut().poll(context));
                    if let Some(exchange) = &body.exchange {
                        exchange.connection().reset();
                    }
                    // The connection drops this body when it is reset.
                    return Poll::Pending;
                }
                std::mem::take(part)
            }
        };
        if content.is_empty() {
            return Poll::Ready(None);
        }
        body.announced = body.announced.saturating_sub(length(&content));
        body.finish_at_end();
        Poll::Ready(Some(Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

fn length(content: &[u8]) -> u64 {
    content.len() as u64
}
