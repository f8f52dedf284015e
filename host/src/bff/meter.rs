//! CPU time of a request, apart from wall time, so that neither waiting nor a busy machine counts
//! against it. It is the time of the guest and of the host on its behalf, and it is limited.
//!
//! A request yields its thread after one tick at the latest, whether its guest computes or calls
//! the host again and again: the time counts from the beginning of each poll, not from each entry
//! into the guest. A poll of up to a tick counts by the wall clock, which costs no system call.
//! During a longer one the thread may have been without a core, so it counts by the thread's CPU
//! clock, from the last reading of it: that is at most a tick old when a poll begins, and counts
//! with it. A request that computed through a tick has each of its polls timed by the CPU clock.
//!
//! Futures that a guest waits for are polled beside the guest, not inside of it: the guest is
//! entered again only when its answer is complete.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::scheduler::turn::Turn;
use super::tick::TICK_NS;
use crate::sync::lock;
use crate::time;

mod clock;

/// What one request used. Written while it runs, so that it is known however the request ends.
#[derive(Debug, Default)]
pub struct Usage {
    cpu_ns: AtomicU64,
    /// When the poll under way began, or the last one ended, by the wall clock.
    at_ns: AtomicU64,
    /// Whether the request computes for so long that its thread's CPU clock is read.
    long: AtomicBool,
    /// Whether the guest was interrupted for the next one.
    interrupted: AtomicBool,
    /// Time that the request waited for the CPU, nanoseconds.
    waited_ns: AtomicU64,
    memory: AtomicUsize,
}

/// The begin of a time on the thread.
#[derive(Clone, Copy)]
pub(super) struct Began {
    wall_ns: u64,
    cpu_ns: Option<u64>,
}

impl Usage {
    /// CPU time of the guest and of the host's work for it.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_ns.load(Ordering::Relaxed))
    }

    /// Time that the request waited for the CPU, which others had.
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed))
    }

    /// Bytes of linear memory, all memories together. It never shrinks, so this is also the peak.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// A tick of the engine found the guest at work. Whether it is interrupted, because the request
    /// has had a fair part of the tick.
    pub(super) fn tick(&self) -> bool {
        let fair = self.since_poll() >= TICK_NS / 2;
        if fair {
            self.long.store(true, Ordering::Relaxed);
            self.interrupted.store(true, Ordering::Relaxed);
        }
        fair
    }

    /// Whether the guest is pending only because others are to have their turn.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Nanoseconds since the poll under way began.
    fn since_poll(&self) -> u64 {
        let began = self.at_ns.load(Ordering::Relaxed);
        clock::wall_ns().saturating_sub(began)
    }

    /// The request gets its thread.
    pub(super) fn begin(&self) -> Began {
        let wall_ns = clock::wall_ns();
        self.at_ns.store(wall_ns, Ordering::Relaxed);
        self.began_at(wall_ns)
    }

    /// The request has its thread for longer: time counts on from the last [`end`](Self::end),
    /// which was just now.
    pub(super) fn go_on(&self) -> Began {
        self.began_at(self.at_ns.load(Ordering::Relaxed))
    }

    fn began_at(&self, wall_ns: u64) -> Began {
        let exact = self.long.load(Ordering::Relaxed);
        if !exact {
            clock::refresh(wall_ns);
        }
        Began {
            wall_ns,
            cpu_ns: exact.then(clock::cpu_ns),
        }
    }

    /// The request gives its thread back. Counts the time since `began`, and returns it,
    /// nanoseconds.
    pub(super) fn end(&self, began: Began) -> u64 {
        let now = clock::wall_ns();
        self.at_ns.store(now, Ordering::Relaxed);
        let mut took = now.saturating_sub(began.wall_ns);
        if let Some(began) = began.cpu_ns {
            took = clock::cpu_ns().saturating_sub(began);
        } else if took > TICK_NS {
            took = took.min(clock::cpu_since_refresh(now));
            if took > TICK_NS {
                self.long.store(true, Ordering::Relaxed);
            }
        }
        // One poll at a time, so nothing is lost between the two.
        let used = self.cpu_ns.load(Ordering::Relaxed).saturating_add(took);
        self.cpu_ns.store(used, Ordering::Relaxed);
        took
    }

    fn set_waited(&self, waited: Duration) {
        let ns = time::nanos(waited);
        self.waited_ns.store(ns, Ordering::Relaxed);
    }

    pub(super) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Ordering::Relaxed);
    }
}

/// CPU time past its limit in which a guest may still log where it is: one that asks its clock
/// learns that the time is up. A fifth of the limit, 5 to 20 ms.
pub(super) fn grace(limit: Duration) -> Duration {
    (limit / 5).clamp(Duration::from_millis(5), Duration::from_millis(20))
}

/// CPU time past that after which a guest is ended wherever it is. Before that it is ended at a
/// tick of the engine, where the error tells in which function it was; only an instruction that
/// moves much memory runs through a tick.
const BACKSTOP: Duration = Duration::from_millis(10);

/// Why a guest was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    /// It went past its CPU time.
    #[error("the guest's CPU time is used up")]
    CpuSpent,
    /// It waited too long for its turn on the CPU.
    #[error("the guest waited too long for the CPU")]
    WaitedTooLong,
}

/// What a guest waits for, and the calls that it started: handed over by functions of the host,
/// taken by the [`Guest`] that they were called from.
#[derive(Default)]
pub(super) struct Awaited {
    next: Mutex<Option<Work>>,
    started: Mutex<FuturesUnordered<Work>>,
    any_started: AtomicBool,
}

/// Work of the host. It leaves its result where the function waits for it.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where work of the host leaves its result.
pub(super) struct ResultSlot<T>(Arc<Mutex<Option<T>>>);

impl<T> ResultSlot<T> {
    /// Leaves the result.
    pub(super) fn put(self, result: T) {
        *lock(&self.0) = Some(result);
    }
}

impl Awaited {
    /// Has work done outside of the guest, and waits for its result. Only for functions of the
    /// host, one at a time.
    ///
    /// `work` begins here and puts its result into the place that it gets. It is not a future with
    /// a result, because that would have to be moved from one to the next, and futures of calls are
    /// large.
    pub(super) async fn outcome<T, W>(&self, work: impl FnOnce(ResultSlot<T>) -> W) -> T
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let result = Arc::new(Mutex::new(None));
        *lock(&self.next) = Some(Box::pin(work(ResultSlot(result.clone()))));
        // Nobody has to be woken: the guest is polled right after the work has ended.
        std::future::poll_fn(|_| lock(&result).take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// Has `work` done beside the guest, which goes on. It ends with the request at the latest.
    pub(super) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        lock(&self.started).push(Box::pin(work));
        self.any_started.store(true, Ordering::Relaxed);
    }

    /// Ends what was started and is still under way: its guest has answered.
    pub(super) fn end_started(&self) {
        if self.any_started.swap(false, Ordering::Relaxed) {
            lock(&self.started).clear();
        }
    }

    fn take(&self) -> Option<Work> {
        lock(&self.next).take()
    }

    fn poll_started(&self, context: &mut Context<'_>) {
        if !self.any_started.load(Ordering::Relaxed) {
            return;
        }
        let mut started = lock(&self.started);
        while let Poll::Ready(ended) = started.poll_next_unpin(context) {
            if ended.is_none() {
                self.any_started.store(false, Ordering::Relaxed);
                return;
            }
        }
    }
}

/// A guest's run: counts it, gives others their turn, and stops it when its time is used up.
pub(super) struct Guest<'a, F> {
    inner: Pin<&'a mut F>,
    awaited: &'a Awaited,
    work: Option<Work>,
    usage: &'a Usage,
    /// The begin of the first poll.
    began: Option<Began>,
    turn: Turn<'a>,
    limit_ns: u64,
}

impl<'a, F> Guest<'a, F> {
    /// `awaited` is where the guest's functions of the host leave their work. Its time counts from
    /// `began`.
    pub(super) fn new(
        inner: Pin<&'a mut F>,
        awaited: &'a Awaited,
        usage: &'a Usage,
        began: Began,
        turn: Turn<'a>,
        limit: Duration,
    ) -> Self {
        let limit_ns = time::nanos(limit + grace(limit) + BACKSTOP);
        Self {
            inner,
            awaited,
            work: None,
            usage,
            began: Some(began),
            turn,
            limit_ns,
        }
    }
}

impl<F: Future> Future for Guest<'_, F> {
    type Output = Result<F::Output, Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let began = self.began.take();
        let began = began.unwrap_or_else(|| self.usage.begin());
        let polled = self.advance(context);
        let took = self.usage.end(began);
        self.turn.end(took);
        let spent = self.usage.cpu_ns.load(Ordering::Relaxed);
        if polled.is_pending() && spent > self.limit_ns {
            return Poll::Ready(Err(Stopped::CpuSpent));
        }
        polled
    }
}

impl<F: Future> Guest<'_, F> {
    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Result<F::Output, Stopped>> {
        let mut has_turn = false;
        loop {
            self.awaited.poll_started(context);
            if let Some(work) = &mut self.work {
                if work.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.work = None;
            }
            if !has_turn {
                match self.turn.poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Stopped::WaitedTooLong)),
                    Poll::Ready(Ok(())) => {
                        has_turn = true;
                        self.usage.set_waited(self.turn.waited());
                    }
                }
            }
            if let Poll::Ready(output) = self.inner.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            if self.usage.interrupted.swap(false, Ordering::Relaxed) {
                return match self.turn.wait(context) {
                    Ok(()) => Poll::Pending,
                    Err(_) => Poll::Ready(Err(Stopped::WaitedTooLong)),
                };
            }
            self.work = self.awaited.take();
            if self.work.is_none() {
                // A guest may wait for something of the engine's, such as WASI's `poll`, that comes
                // from what it has just started: until it is polled, that wakes nobody.
                self.awaited.poll_started(context);
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests;
