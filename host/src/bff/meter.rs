//! CPU time of a guest, apart from wall time, so that neither waiting nor a busy machine counts against it, and bounded.
//!
//! A guest gives its thread back at each tick of the engine at the latest, so the bound is kept to about a tick. Until the
//! first of them it is timed by the clock on the wall, which costs no system call, and one turn counts as a tick at most, because
//! its thread may have been without a core meanwhile. From then on the thread's own CPU clock is read.
//!
//! What a guest waits for is not polled inside of it but here, beside it: the guest is entered again only when its answer is
//! whole.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::engine::TICK;

/// What one request used. Written while it runs, so that it is known however the request ends.
#[derive(Debug)]
pub struct Usage {
    began: Instant,
    guest_ns: AtomicU64,
    /// When the guest was last given its thread, nanoseconds after `began`.
    turn_ns: AtomicU64,
    /// Whether the guest computes for so long that its thread's CPU clock is read.
    long: AtomicBool,
    memory: AtomicUsize,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            guest_ns: AtomicU64::new(0),
            turn_ns: AtomicU64::new(0),
            long: AtomicBool::new(false),
            memory: AtomicUsize::new(0),
        }
    }
}

impl Usage {
    /// CPU time of the guest.
    pub fn cpu(&self) -> Duration {
        Duration::from_nanos(self.guest_ns.load(Ordering::Relaxed))
    }

    /// Bytes of linear memory, all memories together. It never shrinks, so this is also the peak.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// A tick of the engine found the guest at work. Whether it has had a fair part of the tick.
    pub(super) fn tick(&self) -> bool {
        let turn = self
            .wall_ns()
            .saturating_sub(self.turn_ns.load(Ordering::Relaxed));
        let fair = turn >= TICK_NS / 2;
        if fair {
            self.long.store(true, Ordering::Relaxed);
        }
        fair
    }

    /// Runs the guest for one turn, and counts it. Gives what it used in all, nanoseconds.
    fn turn<T>(&self, guest: impl FnOnce() -> T) -> (T, u64) {
        let exact = self.long.load(Ordering::Relaxed).then(thread_cpu_ns);
        let started = self.wall_ns();
        self.turn_ns.store(started, Ordering::Relaxed);
        let result = guest();
        let took = match exact {
            Some(started) => thread_cpu_ns().saturating_sub(started),
            None => {
                let took = self.wall_ns().saturating_sub(started);
                if took > TICK_NS {
                    // Either its thread had no core, or an instruction that moves much memory ran through a tick.
                    self.long.store(true, Ordering::Relaxed);
                }
                took.min(TICK_NS)
            }
        };
        // One turn at a time, so nothing is lost between the two.
        let used = self.guest_ns.load(Ordering::Relaxed).saturating_add(took);
        self.guest_ns.store(used, Ordering::Relaxed);
        (result, used)
    }

    fn wall_ns(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Ordering::Relaxed);
    }
}

const TICK_NS: u64 = TICK.as_nanos() as u64;

/// CPU time past its limit after which a guest is ended wherever it is. Before that it is ended at a tick of the engine,
/// where the error tells in which function it was; only an instruction that moves much memory runs through a tick.
const BACKSTOP: Duration = Duration::from_millis(10);

/// The guest went past its CPU time.
#[derive(Debug, thiserror::Error)]
#[error("the guest's CPU time is used up")]
pub(super) struct CpuSpent;

/// What a guest waits for: handed over by a function of the host, taken by the [`Guest`] that it was called from.
#[derive(Default)]
pub(super) struct Awaited(Mutex<Option<Work>>);

/// Work of the host. It leaves its result where the function waits for it.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Awaited {
    /// Has `work` done outside of the guest, and waits for its result. Only for functions of the host, one at a time.
    pub(super) async fn outcome<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = result.clone();
        *lock(&self.0) = Some(Box::pin(async move {
            let done = work.await;
            *lock(&place) = Some(done);
        }));
        // Nobody has to be woken: the guest is polled right after the work has ended.
        std::future::poll_fn(|_| lock(&result).take().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn take(&self) -> Option<Work> {
        lock(&self.0).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What these locks hold is replaced whole, so a panic leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guest's run: counts, and stops it when its time is used up.
pub(super) struct Guest<'a, F> {
    inner: Pin<&'a mut F>,
    awaited: &'a Awaited,
    work: Option<Work>,
    usage: &'a Usage,
    limit_ns: u64,
}

impl<'a, F> Guest<'a, F> {
    /// `awaited` is where the guest's functions of the host leave their work.
    pub(super) fn new(
        inner: Pin<&'a mut F>,
        awaited: &'a Awaited,
        usage: &'a Usage,
        limit: Duration,
    ) -> Self {
        let limit_ns = u64::try_from((limit + BACKSTOP).as_nanos()).unwrap_or(u64::MAX);
        Self {
            inner,
            awaited,
            work: None,
            usage,
            limit_ns,
        }
    }
}

impl<F: Future> Future for Guest<'_, F> {
    type Output = Result<F::Output, CpuSpent>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Some(work) = &mut self.work {
                if work.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.work = None;
            }
            let usage = self.usage;
            let (polled, spent) = usage.turn(|| self.inner.as_mut().poll(context));
            match polled {
                Poll::Ready(output) => return Poll::Ready(Ok(output)),
                Poll::Pending if spent > self.limit_ns => return Poll::Ready(Err(CpuSpent)),
                Poll::Pending => {}
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
