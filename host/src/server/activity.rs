//! What happens on a connection. Its socket and its requests record it; its timeouts, its shutdown
//! and the search for an idle connection read it.

use std::future::{Future as _, poll_fn};
use std::ops::Deref;
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::{Instant, sleep_until};

use crate::config;
use crate::time;

/// Bytes of a connection that are read in a row before it yields to others.
pub(super) const TURN: usize = 64 << 10;

/// Time in which a connection that must make room ends.
const MAKES_ROOM: Duration = Duration::from_secs(1);

/// How long a connection is new, from its worker's first look at it.
const NEW: Duration = Duration::from_secs(1);

/// The limit that a client of HTTP/2 exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// Frames that carry nothing.
    Frames,
    /// Streams that ended before their answers.
    Resets,
}

/// What happens on a connection. One thread writes and reads it, but for `must_go`; the other
/// atomics are for the compiler.
pub(super) struct Activity {
    /// When its worker began to serve it. Until then it waits in the queue of the worker.
    begun: OnceLock<Instant>,
    /// Microseconds after `begun`, read once for each time that others had their turn; 0 before.
    now: AtomicU64,
    running: AtomicUsize,
    http2: AtomicBool,
    /// Whether a request ever came.
    asked: AtomicBool,
    /// Microseconds after `begun` of the last bytes of an answer.
    last: AtomicU64,
    /// Microseconds after `begun` of the first byte of a head that is not whole, plus one; 0 for
    /// none. The first head begins with the connection.
    head: AtomicU64,
    /// Whether the client sent any byte yet.
    silent: AtomicBool,
    /// Bytes read since it last yielded.
    read: AtomicUsize,
    excess: AtomicU8,
    must_go: AtomicBool,
    waker: AtomicWaker,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            begun: OnceLock::new(),
            now: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            http2: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            last: AtomicU64::new(0),
            head: AtomicU64::new(1),
            silent: AtomicBool::new(true),
            read: AtomicUsize::new(0),
            excess: AtomicU8::new(0),
            must_go: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Its worker begins to serve it: all its times count from here.
    pub(super) fn begin(&self) {
        self.begun();
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.get().is_some()
    }

    fn begun(&self) -> Instant {
        *self.begun.get_or_init(Instant::now)
    }

    /// Microseconds after `begun`: those of this turn, which is short beside all limits.
    fn now(&self) -> u64 {
        match self.now.load(Ordering::Relaxed) {
            0 => self.read_clock(),
            now => now,
        }
    }

    fn read_clock(&self) -> u64 {
        let now = time::micros(self.begun().elapsed());
        self.now.store(now, Ordering::Relaxed);
        now
    }

    /// The connection is used: a part of an answer went out.
    pub(super) fn touch(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn is_http2(&self) {
        self.http2.store(true, Ordering::Relaxed);
    }

    /// The first byte of a head came.
    pub(super) fn head_begins(&self) {
        if self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(self.now() + 1, Ordering::Relaxed);
        }
    }

    /// The last byte of a head came.
    pub(super) fn head_ends(&self) {
        self.head.store(0, Ordering::Relaxed);
    }

    /// It yielded to others.
    pub(super) fn turn(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.now.store(0, Ordering::Relaxed);
    }

    pub(super) fn may_read(&self) -> bool {
        self.read.load(Ordering::Relaxed) < TURN
    }

    pub(super) fn bytes_read(&self, count: usize) {
        let read = self.read.load(Ordering::Relaxed) + count;
        self.read.store(read, Ordering::Relaxed);
        self.silent.store(false, Ordering::Relaxed);
    }

    /// The client exceeded a limit, and its connection ends.
    pub(super) fn exceeds(&self, excess: Excess) {
        let excess = match excess {
            Excess::Frames => 1,
            Excess::Resets => 2,
        };
        self.excess.store(excess, Ordering::Relaxed);
    }

    pub(super) fn excess(&self) -> Option<Excess> {
        match self.excess.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Excess::Frames),
            _ => Some(Excess::Resets),
        }
    }

    /// The task to wake when it must end.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Orders the connection to end, from any thread: its permit is needed.
    pub(super) fn make_room(&self) {
        self.must_go.store(true, Ordering::Relaxed);
        self.waker.wake();
    }

    pub(super) fn makes_room(&self) -> bool {
        self.must_go.load(Ordering::Relaxed)
    }

    /// Whether it was ordered to end and no request of it runs, so that it ends within
    /// [`MAKES_ROOM`].
    pub(super) fn goes(&self) -> bool {
        self.makes_room() && self.running.load(Ordering::Relaxed) == 0
    }

    /// How long it had no request, from any thread; `None` while a request runs, when it goes
    /// already, and before its worker has begun to serve it. Connections without any request come
    /// before all others.
    pub(super) fn idle(&self) -> Option<(bool, Duration)> {
        let begun = self.begun.get()?;
        if self.running.load(Ordering::Relaxed) > 0 || self.makes_room() {
            return None;
        }
        let last = Duration::from_micros(self.last.load(Ordering::Relaxed));
        let never = !self.asked.load(Ordering::Relaxed);
        Some((never, begun.elapsed().saturating_sub(last)))
    }

    /// Whether it can only be cut.
    pub(super) fn stuck_in_a_head(&self) -> bool {
        self.head.load(Ordering::Relaxed) != 0 && !self.http2.load(Ordering::Relaxed)
    }

    /// Waits until a request came, or the time for one is over that a connection has which is new
    /// when the host stops: its client may have sent it already, and no other host answers it.
    pub(super) async fn settled(&self) {
        let mut over = pin!(sleep_until(self.begun() + NEW));
        // A request arrives on this connection's own task, which checks this again then.
        poll_fn(|context| match self.asked.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => over.as_mut().poll(context),
        })
        .await;
    }

    /// When the connection has to be checked next.
    pub(super) fn due(&self, settings: &config::Server, closing: bool) -> Instant {
        let begun = self.begun();
        let at = |from: u64, limit: Duration| begun + Duration::from_micros(from) + limit;
        if self.running.load(Ordering::Relaxed) > 0 {
            // A request has limits of its own.
            return at(self.now(), settings.idle_timeout);
        }
        let last = self.last.load(Ordering::Relaxed);
        let must_go = self.makes_room();
        match self.head.load(Ordering::Relaxed) {
            _ if closing && must_go => at(last, settings.header_timeout.min(MAKES_ROOM)),
            _ if must_go => Instant::now(),
            _ if closing => at(last, settings.header_timeout),
            0 => at(last, settings.idle_timeout),
            _ if self.silent.load(Ordering::Relaxed) => {
                at(0, settings.header_timeout.min(settings.idle_timeout))
            }
            begun => at(begun - 1, settings.header_timeout),
        }
    }
}

/// A request, for as long as it runs.
pub(super) struct InFlight<A: Deref<Target = Activity>>(A);

impl<A: Deref<Target = Activity>> InFlight<A> {
    /// A request came.
    pub(super) fn start(activity: A) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        activity.asked.store(true, Ordering::Relaxed);
        if activity.http2.load(Ordering::Relaxed) {
            activity.head_ends();
        }
        Self(activity)
    }

    /// The answer of a request that is in flight itself goes on for longer.
    pub(super) fn also(activity: A) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        Self(activity)
    }
}

impl<A: Deref<Target = Activity>> Drop for InFlight<A> {
    fn drop(&mut self) {
        let activity = &*self.0;
        activity.running.fetch_sub(1, Ordering::Relaxed);
        // Over HTTP/2, no turn of the connection may have been for as long as the request ran.
        activity.read_clock();
        activity.touch();
        if activity.head.load(Ordering::Relaxed) != 0 {
            // One that began behind this request has its time from here: until now no client waited
            // for it.
            activity.head.store(activity.now() + 1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_settled_when_it_asked_or_is_not_new_any_more() {
        let activity = Activity::new();
        assert_eq!(activity.settled().now_or_never(), None);
        drop(InFlight::start(&activity));
        assert_eq!(activity.settled().now_or_never(), Some(()));
        Activity::new().settled().await;
    }
}
