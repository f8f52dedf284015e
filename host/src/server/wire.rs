//! The socket of a connection, as hyper sees it. It inspects the bytes for what hyper does not
//! report: [`head`] for HTTP/1.1, [`http2`] for HTTP/2.

mod frames;
mod head;
mod http2;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::{Activity, Excess, TURN};
use super::linger::Lingering;
use crate::config;
use head::{Event, Scanner};
use http2::Account;

pub(super) use head::Heads;

/// The most bytes of one read.
const READ: usize = 16 << 10;
/// The least bytes that a read counts as, so that the number of small ones is limited, too.
const LEAST: usize = TURN / 100;

/// The preface of an HTTP/2 client (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

thread_local! {
    /// The buffer in which bytes are inspected before hyper gets them: one for all connections of a
    /// worker.
    static BYTES: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// The protocol, by the client's first bytes.
enum Protocol {
    /// This many bytes of the preface came, and nothing else.
    Unknown(usize),
    Http1(Scanner),
    Http2(Box<Account>),
}

/// A socket that inspects its bytes.
pub(super) struct Watched<S> {
    inner: Lingering<S>,
    activity: Arc<Activity>,
    heads: Arc<Heads>,
    settings: Arc<config::Server>,
    protocol: Protocol,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    pub(super) fn new(
        stream: Lingering<S>,
        activity: Arc<Activity>,
        heads: Arc<Heads>,
        settings: Arc<config::Server>,
    ) -> Self {
        Self {
            inner: stream,
            activity,
            heads,
            settings,
            protocol: Protocol::Unknown(0),
        }
    }

    /// Inspects bytes of the client.
    fn look(&mut self, mut bytes: &[u8]) -> Result<(), Excess> {
        if let Protocol::Unknown(before) = self.protocol {
            let left = &PREFACE[before..];
            let same = left.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            if same == left.len() {
                let settings = &self.settings;
                let (frames, resets) = (settings.max_control_frames, settings.max_resets);
                let account = Account::new(settings.max_streams, frames, resets);
                self.protocol = Protocol::Http2(Box::new(account));
                self.activity.is_http2();
                bytes = &bytes[same..];
            } else if same < bytes.len() {
                self.protocol = Protocol::Http1(Scanner::new());
                self.look(&PREFACE[..before])?;
            } else {
                self.protocol = Protocol::Unknown(before + same);
                return Ok(());
            }
        }
        match &mut self.protocol {
            Protocol::Unknown(_) => {}
            Protocol::Http1(scanner) => {
                let activity = &self.activity;
                self.heads.read(scanner, bytes, |event| match event {
                    Event::Begun => activity.head_begins(),
                    Event::Whole(_) => activity.head_ends(),
                });
            }
            Protocol::Http2(account) => account.read(bytes)?,
        }
        Ok(())
    }

    /// Inspects bytes that were sent to the client.
    fn wrote(&mut self, bytes: &[u8], context: &Context<'_>) {
        let Protocol::Http2(account) = &mut self.protocol else {
            return self.activity.touch();
        };
        match account.write(bytes) {
            Ok(true) => self.activity.touch(),
            Ok(false) => {}
            Err(excess) => {
                self.activity.exceeds(excess);
                // The task that writes may not be the one that reads: the next read ends the
                // connection.
                context.waker().wake_by_ref();
            }
        }
    }

    /// Sends the reason for the connection's end, if that does not block.
    fn farewell(&mut self, context: &mut Context<'_>) -> io::Error {
        if let Protocol::Http2(account) = &self.protocol
            && let Some(goaway) = account.farewell()
        {
            // A client that does not read its answers does not read this either.
            let _ = Pin::new(&mut self.inner).poll_write(context, &goaway);
            let _ = Pin::new(&mut self.inner).poll_shutdown(context);
        }
        io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "the client sends too much that is no request",
        )
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.activity.excess().is_some() {
            return Poll::Ready(Err(self.farewell(context)));
        }
        if !self.activity.may_read() {
            // After all tasks that wait for this thread.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        BYTES.with_borrow_mut(|bytes| {
            let room = bytes.len().min(buffer.remaining());
            let mut read = ReadBuf::new(&mut bytes[..room]);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut read))?;
            let bytes = read.filled();
            self.activity.bytes_read(bytes.len().max(LEAST));
            if let Err(excess) = self.look(bytes) {
                self.activity.exceeds(excess);
                return Poll::Ready(Err(self.farewell(context)));
            }
            buffer.put_slice(bytes);
            Poll::Ready(Ok(()))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        self.wrote(&bytes[..count], context);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write_vectored(context, slices))?;
        let mut left = count;
        for slice in slices {
            let here = left.min(slice.len());
            left -= here;
            if here > 0 {
                self.wrote(&slice[..here], context);
            }
        }
        Poll::Ready(Ok(count))
    }
}

#[cfg(test)]
mod tests;
