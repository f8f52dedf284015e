//! Puts bytes between two frames of HTTP/2 that another layer writes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::HEAD;
use super::stream::Stream;
use crate::sync;

/// What a connection is told from outside of the layer that owns it.
#[derive(Clone, Default)]
pub(super) struct Injected {
    /// Bytes that wait for the next end of a frame.
    waiting: Arc<Mutex<VecDeque<u8>>>,
    reset: Arc<AtomicBool>,
}

impl Injected {
    /// Has the connection reset when it is dropped.
    pub(super) fn reset_on_drop(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        self.with(|waiting| waiting.extend(bytes));
    }

    fn is_empty(&self) -> bool {
        self.with(|waiting| waiting.is_empty())
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<u8>) -> T) -> T {
        act(&mut sync::lock(&self.waiting))
    }
}

/// A connection with a second writer.
pub(super) struct Inject {
    stream: Stream,
    /// Read before the connection was known to be HTTP/2.
    unread: Vec<u8>,
    injected: Injected,
    /// What was written of the head of the current frame.
    head: Vec<u8>,
    /// What is missing of its payload.
    payload: usize,
}

impl Inject {
    pub(super) fn new(stream: Stream, unread: Vec<u8>, injected: Injected) -> Inject {
        Inject {
            stream,
            unread,
            injected,
            head: Vec::with_capacity(HEAD),
            payload: 0,
        }
    }

    /// How much may be written until something else may come in between.
    fn to_boundary(&self) -> usize {
        match self.payload {
            0 => HEAD - self.head.len(),
            payload => payload,
        }
    }

    fn wrote(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (now, rest) = data.split_at(self.to_boundary().min(data.len()));
            data = rest;
            if self.payload > 0 {
                self.payload -= now.len();
                continue;
            }
            self.head.extend(now);
            if let [a, b, c, ..] = self.head[..]
                && self.head.len() == HEAD
            {
                self.payload = u32::from_be_bytes([0, a, b, c]) as usize;
                self.head.clear();
            }
        }
    }

    fn poll_inject(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.head.is_empty() && self.payload == 0 && !self.injected.is_empty() {
            let (injected, stream) = (&self.injected, Pin::new(&mut self.stream));
            ready!(injected.with(|waiting| {
                let (bytes, _) = waiting.as_slices();
                stream.poll_write(context, bytes).map_ok(|written| {
                    waiting.drain(..written);
                })
            }))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Inject {
    fn drop(&mut self) {
        if self.injected.reset.load(Ordering::Relaxed) {
            self.stream.reset_on_drop();
        }
    }
}

impl AsyncRead for Inject {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread[..length]);
        self.unread.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Inject {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_inject(context))?;
        let length = match self.injected.is_empty() {
            true => data.len(),
            false => data.len().min(self.to_boundary()),
        };
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &data[..length]))?;
        self.wrote(&data[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_inject(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
