//! CPU time of a request, apart from wall time, so that neither waiting nor a busy machine counts
//! against it. It is the time of the guest and of the host on its behalf, and it is limited.
//!
//! A request yields its thread after one tick at the latest, whether its guest computes or calls
//! the host again and again: the time counts from the beginning of each poll, not from each entry
//! into the guest. Until the first full tick the wall clock is used, which costs no system call; a
//! poll counts as one tick at most, because its thread may have been without a core. After that the
//! thread's CPU clock is read.
//!
//! Futures that a guest waits for are polled beside the guest, not inside of it: the guest is
//! entered again only when its answer is complete.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rustix::time::{ClockId, clock_gettime};

use super::scheduler::CpuShare;
use super::scheduler::turn::Turn;
use super::tick::TICK_NS;
use crate::sync::lock;
use crate::time;

/// What one request used. Written while it runs, so that it is known however the request ends.
#[derive(Debug)]
pub struct Usage {
    began: Instant,
    cpu_ns: AtomicU64,
    /// When the poll under way began, nanoseconds after `began`.
    poll_ns: AtomicU64,
    /// Whether the request computes for so long that its thread's CPU clock is read.
    long: AtomicBool,
    /// Whether the guest was interrupted for the next one.
    interrupted: AtomicBool,
    /// Time that the request waited for the CPU, nanoseconds.
    waited_ns: AtomicU64,
    memory: AtomicUsize,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            cpu_ns: AtomicU64::new(0),
            poll_ns: AtomicU64::new(0),
            long: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
            waited_ns: AtomicU64::new(0),
            memory: AtomicUsize::new(0),
        }
    }
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

    /// Nanoseconds since the poll under way began.
    fn since_poll(&self) -> u64 {
        let began = self.poll_ns.load(Ordering::Relaxed);
        self.wall_ns().saturating_sub(began)
    }

    /// The request gets its thread.
    pub(super) fn begin(&self, share: &CpuShare) -> Began {
        let exact = share.wants_exact() || self.long.load(Ordering::Relaxed);
        let cpu_ns = exact.then(thread_cpu_ns);
        let wall_ns = self.wall_ns();
        self.poll_ns.store(wall_ns, Ordering::Relaxed);
        Began { wall_ns, cpu_ns }
    }

    /// The request gives its thread back. Counts the time since `began`, and gives it, nanoseconds.
    pub(super) fn end(&self, began: Began, share: &CpuShare) -> u64 {
        let took = match began.cpu_ns {
            Some(began) => {
                let took = thread_cpu_ns().saturating_sub(began);
                if took > TICK_NS {
                    share.was_long();
                }
                took
            }
            None => {
                let took = self.wall_ns().saturating_sub(began.wall_ns);
                if took > TICK_NS {
                    // Either its thread had no core, or an instruction that moves much memory ran
                    // through a tick.
                    self.long.store(true, Ordering::Relaxed);
                    share.was_late();
                }
                took.min(TICK_NS)
            }
        };
        // One poll at a time, so nothing is lost between the two.
        let used = self.cpu_ns.load(Ordering::Relaxed).saturating_add(took);
        self.cpu_ns.store(used, Ordering::Relaxed);
        took
    }

    fn wall_ns(&self) -> u64 {
        time::nanos(self.began.elapsed())
    }

    fn set_waited(&self, waited: Duration) {
        let ns = time::nanos(waited);
        self.waited_ns.store(ns, Ordering::Relaxed);
    }

    pub(super) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Ordering::Relaxed);
    }
}

/// CPU time past its limit after which a guest is ended wherever it is. Before that it is ended at
/// a tick of the engine, where the error tells in which function it was; only an instruction that
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
    turn: Turn,
    limit_ns: u64,
}

impl<'a, F> Guest<'a, F> {
    /// `awaited` is where the guest's functions of the host leave their work.
    pub(super) fn new(
        inner: Pin<&'a mut F>,
        awaited: &'a Awaited,
        usage: &'a Usage,
        turn: Turn,
        limit: Duration,
    ) -> Self {
        let limit_ns = time::nanos(limit + BACKSTOP);
        Self {
            inner,
            awaited,
            work: None,
            usage,
            turn,
            limit_ns,
        }
    }
}

impl<F: Future> Future for Guest<'_, F> {
    type Output = Result<F::Output, Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let began = self.usage.begin(self.turn.share());
        let polled = self.advance(context);
        let took = self.usage.end(began, self.turn.share());
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
                return Poll::Pending;
            }
        }
    }
}

fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
