//! A TCP connection that can be told to end with a reset instead of an orderly close, and the facts
//! about it that requests and bodies share.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// One accepted connection.
pub(crate) struct Connection {
    /// Counts from 1, by service.
    pub(crate) number: u64,
    /// Set when this side ends the connection while requests may be open, so that they do not count
    /// as given up by their caller.
    pub(crate) ended_here: AtomicBool,
    /// Requests a reset of the connection.
    pub(crate) reset: Notify,
    reset_on_drop: AtomicBool,
}

impl Connection {
    pub(crate) fn new(number: u64) -> Connection {
        Connection {
            number,
            ended_here: AtomicBool::new(false),
            reset: Notify::new(),
            reset_on_drop: AtomicBool::new(false),
        }
    }

    /// Has the connection reset: its task drops it, and the drop sends RST.
    pub(crate) fn reset(&self) {
        self.ended_here.store(true, Ordering::Relaxed);
        self.reset_on_drop.store(true, Ordering::Relaxed);
        self.reset.notify_one();
    }
}

/// The socket of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>) -> Wire {
        Wire { stream, connection }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.reset_on_drop.load(Ordering::Relaxed) {
            // With a linger time of zero, close() discards what is unsent and sends RST. If the
            // option cannot be set, the peer is gone already, and there is no one left to send it
            // to.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
