//! The kept connections to one endpoint, for each worker.
//!
//! A connection is used by the worker whose pool it is in. Its I/O runs on the event loop of the
//! worker that opened it: nearly always the same. The locks are for the exceptions: a worker that
//! must not open one more takes one from another, or closes an unused one.
//!
//! How many connections a service has is bounded by its [`Slots`], of which the first HTTP/2
//! connection of a worker to an endpoint needs none.

mod kept;
mod shared;
pub mod slots;
pub mod turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::kept::{Idle, Pool};
use self::slots::{Open, Slots};
use super::changed::Changed;
use super::connection::{Connection, Lifetime};
use super::sender::{Dialed, Sender};
use crate::sync::lock;

/// The connections to one endpoint.
pub struct Pools {
    /// Those of each worker.
    workers: Arc<[Pool]>,
    slots: Arc<Slots>,
    /// Whether the endpoint gets no more calls: then no connection is kept.
    drained: AtomicBool,
}

/// How long connections are kept.
#[derive(Clone, Copy)]
pub struct Terms {
    /// The required version of the TLS files.
    pub identity: u32,
    /// Time an unused one is kept.
    pub idle_timeout: Duration,
    /// Age at which one is used no more.
    pub max_age: Duration,
}

/// The right to have one connection, or a connection.
pub enum Slot {
    /// One may be opened.
    Open(Option<OwnedSemaphorePermit>),
    /// An idle one of another worker.
    Taken(Connection),
}

impl Pools {
    /// Pools without connections, for this number of workers.
    pub fn new(slots: &Arc<Slots>, workers: usize) -> Arc<Self> {
        let workers: Arc<[Pool]> = (0..workers).map(|_| Pool::default()).collect();
        slots.register(&workers);
        Arc::new(Self {
            workers,
            slots: slots.clone(),
            drained: AtomicBool::new(false),
        })
    }

    /// The notifications for waiting calls of a worker.
    pub fn changed(&self, worker: usize) -> &Changed {
        &self.workers[worker].changed
    }

    /// Calls of a worker that wait.
    #[cfg(test)]
    pub fn waiting(&self, worker: usize) -> usize {
        self.workers[worker].changed.waiting()
    }

    /// Closes what no call uses, and keeps no connection from now on.
    pub fn drain(&self) {
        // Before the locks: a call that returns a connection reads it inside of one.
        self.drained.store(true, Ordering::SeqCst);
        for pool in &*self.workers {
            lock(&pool.idle).clear();
            lock(&pool.shared).forget_all();
        }
    }

    /// Whether no connection is kept any more.
    pub fn is_drained(&self) -> bool {
        self.drained.load(Ordering::SeqCst)
    }

    /// A kept HTTP/1.1 connection that is still good. Others are closed.
    pub fn take(&self, worker: usize, now: Instant, terms: Terms) -> Option<Connection> {
        let mut idle = lock(&self.workers[worker].idle);
        // The one used last is the one most likely alive; what lies below an expired one is older
        // still.
        while let Some(kept) = idle.pop() {
            if now.saturating_duration_since(kept.since) > terms.idle_timeout {
                idle.clear();
                break;
            }
            if !kept.sender.is_closed() && !kept.life.over(now, terms.identity) {
                let sender = Sender::Http1(kept.sender);
                return Some(Connection::alone(sender, true, kept.task, kept.life));
            }
        }
        None
    }

    /// Takes back a connection whose answer was read to its end.
    pub fn give_back(&self, worker: usize, mut connection: Connection, now: Instant, terms: Terms) {
        let Some(task) = connection.take_task() else {
            return;
        };
        if let Sender::Http1(sender) = connection.sender
            && !sender.is_closed()
            && !connection.life.over(now, terms.identity)
        {
            let mut idle = lock(&self.workers[worker].idle);
            // A call that waits for a slot looked into all pools after it was counted: it found
            // this one, or is seen here.
            if self.slots.waiting() == 0 && !self.drained.load(Ordering::Relaxed) {
                idle.push(Idle {
                    sender,
                    since: now,
                    life: connection.life,
                    task,
                });
            }
        }
    }

    /// The right to open an HTTP/1.1 connection. At the limit, it takes an idle one of the same
    /// endpoint from another worker, unless it must be `fresh`, or closes any idle one.
    pub async fn slot(&self, worker: usize, fresh: bool, terms: Terms) -> Slot {
        if let Some(slot) = self.slots.try_acquire() {
            return Slot::Open(Some(slot));
        }
        let workers = self.workers.len();
        if !fresh {
            let now = Instant::now();
            let mut others = (1..workers).map(|other| (worker + other) % workers);
            if let Some(taken) = others.find_map(|other| self.take(other, now, terms)) {
                return Slot::Taken(taken);
            }
        }
        let _waiting = self.slots.wait();
        self.slots.close_oldest();
        Slot::Open(self.slots.acquire().await)
    }

    /// Makes a connection of what was dialed. HTTP/2 is kept for other calls at once.
    pub fn opened(
        &self,
        worker: usize,
        dialed: Dialed,
        slot: Option<OwnedSemaphorePermit>,
        max_age: Duration,
    ) -> Connection {
        let Dialed {
            sender,
            driver,
            identity,
        } = dialed;
        let now = Instant::now();
        // Connections that were opened together must not all be opened anew together.
        let age = max_age.mul_f64(1.0 - 0.1 * fastrand::f64());
        let life = Lifetime {
            until: now + age,
            identity,
        };
        let is_further = slot.is_some();
        let open = Open::new(&self.slots, slot);
        let task = spawn(async move {
            let _open = open;
            driver.await;
        });
        match &sender {
            Sender::Http1(_) => Connection::alone(sender, false, task, life),
            Sender::Http2(stream) => {
                let mut shared = lock(&self.workers[worker].shared);
                if !self.drained.load(Ordering::Relaxed) {
                    shared.keep(stream.handle(), now, life, task.id(), is_further);
                }
                Connection::shared(sender, false, task.id(), life)
            }
        }
    }

    /// Closes connections of one worker that were not used for long, are too old, or of an identity
    /// that was replaced.
    pub fn close_idle(&self, worker: usize, now: Instant, terms: Terms) {
        let idle = |since: Instant| now.saturating_duration_since(since) > terms.idle_timeout;
        let pool = &self.workers[worker];
        lock(&pool.idle).retain(|kept| {
            !kept.sender.is_closed() && !kept.life.over(now, terms.identity) && !idle(kept.since)
        });
        lock(&pool.shared).close_idle(now, terms.identity, idle);
    }
}

/// Spawns the task that drives a connection on the event loop of the current worker.
#[expect(
    clippy::disallowed_methods,
    reason = "a connection outlives the call that opened it and carries no span"
)]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(connection).abort_handle()
}
