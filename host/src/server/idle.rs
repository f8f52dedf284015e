//! The clock of a connection: the time limits that hyper has none of.
//!
//! A connection without a request is closed when it lies idle for `idle-timeout`, or when the head of a
//! request has begun and is not whole after `header-timeout`. A client that does not take its answer
//! counts as idle. The clock is set once and looked at again when it runs out, not moved with each
//! request.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::config;

/// The longest of the HTTP/2 frames that carry nothing of an answer: PING, WINDOW_UPDATE, an acknowledgement of SETTINGS.
const SMALL_FRAME: usize = 17;

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Keep,
    /// It takes no more requests, and ends when those it has are answered.
    Drain,
    /// It ends now.
    Cut,
}

/// The clock of a connection.
pub(super) struct Idle {
    activity: Arc<Activity>,
    settings: Arc<config::Server>,
    clock: Pin<Box<Sleep>>,
    closing: bool,
}

impl Idle {
    pub(super) fn new(activity: Arc<Activity>, settings: Arc<config::Server>) -> Self {
        let clock = Box::pin(sleep_until(activity.due(&settings, false)));
        Self {
            activity,
            settings,
            clock,
            closing: false,
        }
    }

    /// The connection was asked to end: from now on it has `header-timeout`.
    pub(super) fn closing(&mut self) {
        self.closing = true;
    }

    /// Says what becomes of the connection, and wakes its task when that has to be asked again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Fate {
        loop {
            let due = self.activity.due(&self.settings, self.closing);
            if due < self.clock.deadline() {
                self.clock.as_mut().reset(due);
            }
            if self.clock.as_mut().poll(context).is_pending() {
                return Fate::Keep;
            }
            if due > Instant::now() {
                self.clock.as_mut().reset(due);
                continue;
            }
            if self.closing || self.activity.head_begun() {
                // It was asked to end and did not, or it does not get its request out.
                return Fate::Cut;
            }
            self.closing = true;
            self.activity.touch();
            return Fate::Drain;
        }
    }
}

/// What happens on a connection. One thread writes and reads it; the atomics are for the compiler.
pub(super) struct Activity {
    started: Instant,
    running: AtomicUsize,
    http2: AtomicBool,
    /// Milliseconds after `started` of the last bytes of an answer.
    last: AtomicU64,
    /// Milliseconds after `started` of the first byte of a head that is not whole, plus one; 0 for none.
    head: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            running: AtomicUsize::new(0),
            http2: AtomicBool::new(false),
            last: AtomicU64::new(0),
            head: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn touch(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn bytes_read(&self) {
        // HTTP/2 has frames that belong to no request: there, only idleness is watched.
        let waiting =
            self.running.load(Ordering::Relaxed) == 0 && !self.http2.load(Ordering::Relaxed);
        if waiting && self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(self.now() + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn bytes_written(&self, count: usize) {
        // A client's library acknowledges each PING by itself, and asks with some of its own: no sign of a use.
        if count > SMALL_FRAME || !self.http2.load(Ordering::Relaxed) {
            self.touch();
        }
    }

    fn head_begun(&self) -> bool {
        self.head.load(Ordering::Relaxed) != 0
    }

    /// When the connection has to be looked at.
    fn due(&self, settings: &config::Server, closing: bool) -> Instant {
        let at = |from: u64, limit: Duration| self.started + Duration::from_millis(from) + limit;
        if self.running.load(Ordering::Relaxed) > 0 {
            // A request has limits of its own.
            return Instant::now() + settings.idle_timeout;
        }
        match self.head.load(Ordering::Relaxed) {
            0 if closing => at(self.last.load(Ordering::Relaxed), settings.header_timeout),
            0 => at(self.last.load(Ordering::Relaxed), settings.idle_timeout),
            begun => at(begun - 1, settings.header_timeout),
        }
    }
}

/// A request, for as long as it runs.
pub(super) struct InFlight<'a>(&'a Activity);

impl<'a> InFlight<'a> {
    pub(super) fn start(activity: &'a Activity, http2: bool) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        activity.head.store(0, Ordering::Relaxed);
        if http2 {
            activity.http2.store(true, Ordering::Relaxed);
        }
        Self(activity)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.touch();
    }
}
