//! A socket that closes in stages (RFC 9112 section 9.6).
//!
//! Closing a connection while its client still writes resets it, and the client then may lose an
//! answer that it has not read yet. So the host shuts down its sending side, discards what arrives
//! for a while, and then closes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::config;

/// A client's socket.
pub(super) struct Lingering<S> {
    inner: S,
    /// Whether the client may still send an unread body.
    unread: Arc<AtomicBool>,
    settings: Arc<config::Server>,
    closing: Option<Closing>,
}

/// The bytes and the time that are still allowed.
struct Closing {
    bytes: usize,
    until: Pin<Box<Sleep>>,
}

impl<S: AsyncRead + Unpin> Lingering<S> {
    pub(super) fn new(stream: S, unread: Arc<AtomicBool>, settings: Arc<config::Server>) -> Self {
        Self {
            inner: stream,
            unread,
            settings,
            closing: None,
        }
    }

    /// Discards what arrives, until the client closes, too, or a limit is reached.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &mut self.closing else {
            return Poll::Ready(());
        };
        let mut scratch = [0; 8 << 10];
        loop {
            if closing.bytes == 0 || closing.until.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut scratch);
            let stream = Pin::new(&mut self.inner);
            match stream.poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {
                    closing.bytes = closing.bytes.saturating_sub(buffer.filled().len());
                    // It still sends.
                    self.unread.store(true, Ordering::Relaxed);
                }
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                // A client that has sent everything needs no wait.
                Poll::Pending if !self.unread.load(Ordering::Relaxed) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            self.closing = Some(Closing {
                bytes: self.settings.linger_size,
                until: Box::pin(sleep(self.settings.linger_timeout)),
            });
        }
        self.poll_drain(context).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }
}
