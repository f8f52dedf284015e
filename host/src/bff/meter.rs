//! CPU time of a guest, apart from wall time: measured around each poll with the thread's own CPU clock, so that neither
//! waiting nor a busy machine counts against it, and bounded.
//!
//! A guest gives its thread back at each tick of the engine at the latest, so the bound is kept to about a tick.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What one request used. Written while it runs, so that it is known however the request ends.
#[derive(Debug, Default)]
pub struct Usage {
    guest_ns: AtomicU64,
    /// The thread's CPU clock when the guest was last given its thread.
    resumed_ns: AtomicU64,
    host_ns: AtomicU64,
    memory: AtomicUsize,
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

    /// CPU time since the guest was last given its thread. Only for that thread, while it runs the guest.
    pub(super) fn since_resumed(&self) -> Duration {
        let resumed = self.resumed_ns.load(Ordering::Relaxed);
        Duration::from_nanos(thread_cpu_ns().saturating_sub(resumed))
    }

    pub(super) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes, Ordering::Relaxed);
    }
}

/// CPU time past its limit after which a guest is ended wherever it is. Before that it is ended at a tick of the engine,
/// where the error tells in which function it was; only an instruction that moves much memory runs through a tick.
const BACKSTOP: Duration = Duration::from_millis(10);

/// The guest went past its CPU time.
#[derive(Debug, thiserror::Error)]
#[error("the guest's CPU time is used up")]
pub(super) struct CpuSpent;

/// A guest's run: counts, and stops it when its time is used up.
pub(super) struct Guest<'a, F> {
    inner: Pin<&'a mut F>,
    usage: &'a Usage,
    limit_ns: u64,
}

impl<'a, F> Guest<'a, F> {
    pub(super) fn new(inner: Pin<&'a mut F>, usage: &'a Usage, limit: Duration) -> Self {
        let limit_ns = u64::try_from((limit + BACKSTOP).as_nanos()).unwrap_or(u64::MAX);
        Self {
            inner,
            usage,
            limit_ns,
        }
    }
}

impl<F: Future> Future for Guest<'_, F> {
    type Output = Result<F::Output, CpuSpent>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let host_before = self.usage.host_ns.load(Ordering::Relaxed);
        let started = thread_cpu_ns();
        self.usage.resumed_ns.store(started, Ordering::Relaxed);
        let polled = self.inner.as_mut().poll(context);
        let took = thread_cpu_ns().saturating_sub(started);
        // What host functions did meanwhile, such as reading a service's answer, is not the guest's.
        let host = self
            .usage
            .host_ns
            .load(Ordering::Relaxed)
            .saturating_sub(host_before);
        let spent = self.usage.guest_ns.load(Ordering::Relaxed) + took.saturating_sub(host);
        self.usage.guest_ns.store(spent, Ordering::Relaxed);
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if spent > self.limit_ns => Poll::Ready(Err(CpuSpent)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A host function's run inside of a guest's: its time is taken out of the guest's.
pub(super) struct Host<'a, F> {
    inner: Pin<&'a mut F>,
    usage: &'a Usage,
}

impl<'a, F> Host<'a, F> {
    pub(super) fn new(inner: Pin<&'a mut F>, usage: &'a Usage) -> Self {
        Self { inner, usage }
    }
}

impl<F: Future> Future for Host<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let started = thread_cpu_ns();
        let polled = self.inner.as_mut().poll(context);
        self.usage
            .host_ns
            .fetch_add(thread_cpu_ns().saturating_sub(started), Ordering::Relaxed);
        polled
    }
}

fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
