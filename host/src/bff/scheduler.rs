//! Which guest runs next on a worker: every BFF that wants the thread gets a share of it.
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, 1996) over BFFs. Each BFF has a virtual clock
//! that advances with the CPU time of its requests, divided by its weight, and the BFF that is
//! furthest behind runs next. A BFF that was idle starts at the time of the running ones, so that
//! idling earns no credit. Within a BFF, requests run first come, first served.
//!
//! While guests use no more than one tick between two polls of the sockets, a guest runs as soon as
//! it is woken, at the cost of a few relaxed atomics. Beyond that, guests queue, and
//! [`Scheduler::run`] starts them one by one and polls the sockets after each tick. So a
//! neighbour's request is read, and its guest started, after one tick and not after all others.

pub(super) mod turn;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::time::timeout;

use super::tick::TICK_NS;
use crate::sync;

/// The weight at which a BFF's clock goes like that of the CPU.
const UNIT_WEIGHT: u64 = 100;
/// Time that a guest which was let go has to run, before the next one is.
const LET_GO: Duration = Duration::from_millis(100);

/// What a BFF has used of each worker. Shared by all of its versions.
#[derive(Debug)]
pub struct CpuShare {
    weight: u64,
    clocks: Box<[Clock]>,
}

/// The CPU time that a BFF has used on one worker, nanoseconds by weight. On a line of its own,
/// since each is written by one thread only.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Clock(AtomicU64);

impl CpuShare {
    /// A share by weight; a BFF of twice the weight gets twice the time while both want it.
    pub fn new(weight: u32, workers: usize) -> Self {
        Self {
            weight: u64::from(weight.max(1)),
            clocks: (0..workers.max(1)).map(|_| Clock::default()).collect(),
        }
    }

    fn clock(&self, worker: usize) -> &AtomicU64 {
        &self.clocks[worker % self.clocks.len()].0
    }
}

/// The order of guests on one worker. Only its thread uses it; the atomics are for the compiler.
#[derive(Debug)]
pub struct Scheduler {
    worker: usize,
    /// CPU time of guests since the last look at the sockets, nanoseconds.
    round: AtomicU64,
    /// The time on the clock of the BFF that ran last.
    now: AtomicU64,
    /// The least time on the clocks of the BFFs that wait; `u64::MAX` for none.
    first: AtomicU64,
    /// The address of the share of the only BFF that waits; 0 for none, or several.
    only: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    flows: Vec<Flow>,
    /// Who lets guests go.
    runner: Option<Waker>,
}

/// The guests of one BFF that wait. There is at least one.
#[derive(Debug)]
struct Flow {
    share: Arc<CpuShare>,
    tickets: VecDeque<Arc<Ticket>>,
}

/// A guest that waits, or was let go.
#[derive(Debug)]
struct Ticket(Mutex<Status>);

#[derive(Debug)]
enum Status {
    Waiting(Waker),
    Granted,
    /// It has had its turn, or does not want it any more.
    Done,
}

impl Scheduler {
    /// The order of a worker, by its index.
    pub fn new(worker: usize) -> Self {
        Self {
            worker,
            round: AtomicU64::new(0),
            now: AtomicU64::new(0),
            first: AtomicU64::new(u64::MAX),
            only: AtomicUsize::new(0),
            queue: Mutex::default(),
        }
    }

    /// Lets waiting guests go, for as long as it is polled, by the event loop of the worker.
    pub async fn run(&self) {
        loop {
            self.until(|queue| !queue.flows.is_empty()).await;
            // tokio's own yield comes back when the sockets were looked at.
            tokio::task::yield_now().await;
            self.round.store(0, Ordering::Relaxed);
            // At least one: those that do not wait may have used the round already.
            while let Some(ticket) = self.grant() {
                let done = self.until(|_| matches!(*ticket.status(), Status::Done));
                // A guest that was let go holds up the others for this long at most.
                let _ = timeout(LET_GO, done).await;
                if self.round.load(Ordering::Relaxed) >= TICK_NS {
                    break;
                }
            }
        }
    }

    /// Whether a guest waits for the thread.
    pub fn is_busy(&self) -> bool {
        self.first.load(Ordering::Relaxed) != u64::MAX
    }

    /// The event loop slept and has read its sockets since: all that want the thread are known.
    pub fn woke_up(&self) {
        self.round.store(0, Ordering::Relaxed);
    }

    async fn until(&self, holds: impl Fn(&Queue) -> bool) {
        poll_fn(|context| {
            let mut queue = self.queue();
            if holds(&queue) {
                return Poll::Ready(());
            }
            queue.runner = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Lets the next guest go: the first of the BFF that is furthest behind.
    fn grant(&self) -> Option<Arc<Ticket>> {
        let mut queue = self.queue();
        let mut granted = None;
        while granted.is_none() {
            let flows = queue.flows.iter().enumerate();
            let (index, _) = flows.min_by_key(|(_, flow)| self.time_of(&flow.share))?;
            let flow = &mut queue.flows[index];
            granted = flow.tickets.pop_front().filter(|ticket| ticket.grant());
            if flow.tickets.is_empty() {
                queue.flows.swap_remove(index);
            }
            self.note_first(&queue);
        }
        granted
    }

    fn time_of(&self, share: &CpuShare) -> u64 {
        share.clock(self.worker).load(Ordering::Relaxed)
    }

    /// When a guest of this BFF would run, on the BFF's clock.
    fn start_of(&self, share: &CpuShare) -> u64 {
        self.time_of(share).max(self.now.load(Ordering::Relaxed))
    }

    /// Whether a guest of this BFF may run without waiting: within the round, before other BFFs
    /// that are not as far behind, and before others of its own BFF where that is alone.
    fn is_free_for(&self, share: &CpuShare) -> bool {
        self.round.load(Ordering::Relaxed) < TICK_NS
            && (self.start_of(share) < self.first.load(Ordering::Relaxed)
                || self.only.load(Ordering::Relaxed) == address(share))
    }

    /// A guest used the thread.
    pub(super) fn charge(&self, share: &CpuShare, took: u64) {
        let start = self.start_of(share);
        self.now.store(start, Ordering::Relaxed);
        let used = took.saturating_mul(UNIT_WEIGHT) / share.weight;
        let end = start.saturating_add(used).min(u64::MAX - 1);
        share.clock(self.worker).store(end, Ordering::Relaxed);
        let round = self.round.load(Ordering::Relaxed).saturating_add(took);
        self.round.store(round, Ordering::Relaxed);
        if self.first.load(Ordering::Relaxed) != u64::MAX {
            self.note_first(&self.queue());
        }
    }

    fn note_first(&self, queue: &Queue) {
        let times = queue.flows.iter().map(|flow| self.time_of(&flow.share));
        let first = times.min().unwrap_or(u64::MAX);
        self.first.store(first, Ordering::Relaxed);
        let only = match &*queue.flows {
            [flow] => address(&flow.share),
            _ => 0,
        };
        self.only.store(only, Ordering::Relaxed);
    }

    fn enter(&self, share: &Arc<CpuShare>, waker: &Waker) -> Arc<Ticket> {
        let ticket = Arc::new(Ticket(Mutex::new(Status::Waiting(waker.clone()))));
        let mut queue = self.queue();
        let known = queue
            .flows
            .iter_mut()
            .find(|flow| Arc::ptr_eq(&flow.share, share));
        match known {
            Some(flow) => flow.tickets.push_back(ticket.clone()),
            None => {
                let start = self.start_of(share);
                share.clock(self.worker).store(start, Ordering::Relaxed);
                queue.flows.push(Flow {
                    share: share.clone(),
                    tickets: VecDeque::from([ticket.clone()]),
                });
            }
        }
        self.note_first(&queue);
        wake(queue);
        ticket
    }

    fn leave(&self, ticket: &Ticket) {
        let before = std::mem::replace(&mut *ticket.status(), Status::Done);
        // One that still waited is skipped when it is found.
        if matches!(before, Status::Granted) {
            wake(self.queue());
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        sync::lock(&self.queue)
    }
}

/// Unique among shares.
fn address(share: &CpuShare) -> usize {
    std::ptr::from_ref(share).addr()
}

/// Wakes the task that lets guests go, when nothing is locked any more.
fn wake(mut queue: MutexGuard<'_, Queue>) {
    let runner = queue.runner.take();
    drop(queue);
    if let Some(runner) = runner {
        runner.wake();
    }
}

impl Ticket {
    fn status(&self) -> MutexGuard<'_, Status> {
        sync::lock(&self.0)
    }

    /// Whether guests still wait.
    fn grant(&self) -> bool {
        let mut status = self.status();
        let Status::Waiting(waker) = std::mem::replace(&mut *status, Status::Done) else {
            return false;
        };
        *status = Status::Granted;
        drop(status);
        waker.wake();
        true
    }
}

#[cfg(test)]
mod tests;
