//! Whether a client takes its answer: how many bytes went to the socket, and when that is too slow.
//!
//! After each `flush-timeout`, the host gives up an answer of which less than `min-rate` was sent
//! since the last look. Over HTTP/2 only its stream is reset; over HTTP/1.1 its connection ends.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::{Instant, Sleep, sleep_until};

/// The flow of an answer to the client. A connection of HTTP/1.1 uses one for all of its answers.
#[derive(Default)]
pub(super) struct Flow {
    waits: AtomicBool,
    /// Whether more of an answer that is being made may be there than the library has asked for.
    is_behind: AtomicBool,
    begun: AtomicUsize,
    taken: AtomicUsize,
    waker: AtomicWaker,
    /// Who sends an answer that is being made.
    sender: AtomicWaker,
}

impl Flow {
    /// An answer begins.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.waits.store(true, Ordering::Release);
    }

    /// An answer begins of which the library has nothing yet, and which is still being made.
    pub(super) fn begin_making(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.is_behind.store(true, Ordering::Release);
    }

    /// The library gets a piece of it. That the piece is gone does not say yet that the client
    /// keeps up: over HTTP/2 the library asks for the next one when its window has room.
    pub(super) fn go_on(&self) {
        self.is_behind.store(true, Ordering::Release);
        self.waits.store(true, Ordering::Release);
    }

    /// The library asks for more, and there is nothing.
    pub(super) fn catch_up(&self, context: &Context<'_>) {
        self.sender.register(context.waker());
        self.is_behind.store(false, Ordering::Release);
    }

    /// All of it is made, so that only its client can hold up its end.
    pub(super) fn is_made(&self) {
        self.is_behind.store(true, Ordering::Release);
        self.sender.wake();
    }

    /// No more of it will be sent than what the library has.
    pub(super) fn stop_making(&self) {
        self.is_behind.store(false, Ordering::Release);
    }

    /// Bytes of it went to the socket.
    pub(super) fn taken(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// All of it went to the socket, or will not be sent any more.
    pub(super) fn end(&self) {
        self.waits.store(false, Ordering::Release);
        self.waker.wake();
    }

    /// Whether bytes wait for the client.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire) || self.is_behind.load(Ordering::Acquire)
    }

    /// Waits until the library has none.
    pub(super) fn poll_gone(&self, context: &Context<'_>) -> Poll<()> {
        self.waker.register(context.waker());
        if self.waits.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

/// The minimum rate at which a client must read an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Interval of the checks.
    pub(super) timeout: Duration,
    /// Bytes that must go out in it; at least 1.
    pub(super) bytes: usize,
}

impl Pace {
    /// `rate` bytes per second, checked after each `timeout`.
    pub(super) fn new(timeout: Duration, rate: usize) -> Self {
        let bytes = (rate as u128).saturating_mul(timeout.as_millis()) / 1000;
        Self {
            timeout,
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX).max(1),
        }
    }
}

/// Watches a flow.
pub(super) struct Watch {
    pace: Pace,
    seen: usize,
    begun: usize,
}

impl Watch {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            seen: 0,
            begun: 0,
        }
    }

    /// Ready when the client is too slow. `timer` is set while bytes wait.
    pub(super) fn poll(
        &mut self,
        flow: &Flow,
        timer: &mut Pin<&mut Option<Sleep>>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let begun = flow.begun.load(Ordering::Relaxed);
        if timer.is_some() && (!flow.waits() || begun != self.begun) {
            timer.set(None);
        }
        if !flow.waits() {
            return Poll::Pending;
        }
        self.begun = begun;
        loop {
            let Some(sleep) = timer.as_mut().as_pin_mut() else {
                self.seen = flow.taken.load(Ordering::Relaxed);
                timer.set(Some(sleep_until(Instant::now() + self.pace.timeout)));
                continue;
            };
            if sleep.poll(context).is_pending() {
                return Poll::Pending;
            }
            let taken = flow.taken.load(Ordering::Relaxed);
            if taken.wrapping_sub(self.seen) < self.pace.bytes {
                return Poll::Ready(());
            }
            timer.set(None);
        }
    }
}

#[cfg(test)]
mod tests;
