//! Interim answers (1xx): how many a service may send before an answer.
//!
//! The HTTP library reads them in a loop that neither ends nor gives the thread back while there
//! are more. So they are counted in front of it, on the bytes of the connection, and a read fails
//! with the first that is too many. How long each may be is the library's limit for a head.

mod error;
mod http1;
mod http2;

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::http1::Heads;
use self::http2::Frames;
use crate::config::Protocol;

/// A connection whose interim answers are counted.
pub struct Counted<T> {
    inner: T,
    count: Count,
}

enum Count {
    Http1(Heads),
    Http2(Frames),
}

impl<T> Counted<T> {
    /// Counts from the first byte of a connection on, which has to be of this protocol.
    pub fn new(inner: T, protocol: Protocol, limit: usize) -> Self {
        let count = match protocol {
            Protocol::Http1 => Count::Http1(Heads::new(limit)),
            Protocol::Http2 => Count::Http2(Frames::new(limit)),
        };
        Self { inner, count }
    }

    fn read(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.count {
            Count::Http1(heads) => heads
                .read(bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            // All calls on the connection end by it, and only one of them is to blame.
            Count::Http2(frames) => frames
                .read(bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error)),
        }
    }

    fn written(&mut self) {
        if let Count::Http1(heads) = &mut self.count {
            heads.written();
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        Poll::Ready(self.read(&buffer.filled()[before..]))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counted<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written();
        Pin::new(&mut self.inner).poll_write(context, bytes)
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
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.written();
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }
}
