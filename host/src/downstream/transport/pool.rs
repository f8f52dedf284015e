//! The kept connections of one service, for each worker and endpoint.
//!
//! A connection is used by the worker whose pool it lies in, and its bytes are moved on the event loop of the worker that
//! opened it: nearly always the same. The locks are there for the exceptions: a worker that must not open one more takes
//! one from another, or closes one that nobody uses.
//!
//! How many connections are open is bounded by slots, of which the first HTTP/2 connection of a worker to an
//! endpoint needs none. A caller may have one call under way for each slot there
//! is, so whoever finds none free finds an idle connection, or one that is about to end.

mod shared;
pub mod turn;

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::shared::SharedConnections;
use super::changed::Changed;
use super::connection::{Connection, Lifetime};
use super::dial::{Driver, Sender};
use crate::config;

/// The connections of one service.
pub struct Pools {
    settings: config::Connections,
    /// Those of an endpoint, by worker and endpoint.
    pools: Box<[Box<[Arc<Pool>]>]>,
    slots: Arc<Semaphore>,
    /// How many slots there are.
    max_slots: Arc<AtomicUsize>,
    /// Calls that wait for a slot.
    waiting: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

/// The connections of one worker to one endpoint. Aligned so that no two workers write to the same line of a cache.
#[derive(Default)]
#[repr(align(128))]
pub struct Pool {
    /// HTTP/1.1, the one used last at the end.
    idle: Mutex<Vec<Idle>>,
    /// HTTP/2.
    shared: Mutex<SharedConnections>,
    /// Where calls wait for that.
    changed: Arc<Changed>,
}

struct Idle {
    sender: http1::SendRequest<Full<Bytes>>,
    since: Instant,
    life: Lifetime,
    task: AbortHandle,
}

/// The right to have one connection, or a connection.
pub enum Slot {
    /// One may be opened.
    Open(Option<OwnedSemaphorePermit>),
    /// One of another worker, which it does not need now.
    Taken(Connection),
}

impl Pools {
    /// Pools without connections.
    pub fn new(settings: &config::Downstream, workers: usize, endpoints: usize) -> Self {
        let worker = || (0..endpoints).map(|_| Arc::default()).collect();
        let slots = settings.bulkhead.max_calls.min(Semaphore::MAX_PERMITS);
        Self {
            settings: settings.connections.clone(),
            pools: (0..workers).map(|_| worker()).collect(),
            slots: Arc::new(Semaphore::new(slots)),
            max_slots: Arc::new(AtomicUsize::new(slots)),
            waiting: Arc::default(),
            open: Arc::default(),
        }
    }

    /// Pools for other endpoints. `kept` has for each the number that it has here, if it is here. The slots
    /// are the same, so that all connections together are bounded also while old ones are in use.
    pub fn with_endpoints(&self, settings: &config::Downstream, kept: &[Option<usize>]) -> Self {
        let of = |worker: &[Arc<Pool>]| {
            let pool = |kept: &Option<usize>| kept.map(|index| worker[index].clone());
            kept.iter()
                .map(|kept| pool(kept).unwrap_or_default())
                .collect()
        };
        Self {
            settings: settings.connections.clone(),
            pools: self.pools.iter().map(|worker| of(worker)).collect(),
            slots: self.slots.clone(),
            max_slots: self.max_slots.clone(),
            waiting: self.waiting.clone(),
            open: self.open.clone(),
        }
    }

    /// Changes the number of slots. Where there are fewer than connections, nothing is closed for it: the
    /// number of calls is bounded elsewhere, and idle connections end by `idle-timeout`.
    pub fn set_slots(&self, max_calls: usize) {
        let slots = max_calls.min(Semaphore::MAX_PERMITS);
        let before = self.max_slots.swap(slots, Ordering::Relaxed);
        if slots > before {
            self.slots.add_permits(slots - before);
        } else {
            let forgotten = self.slots.forget_permits(before - slots);
            // The rest are in use.
            self.max_slots
                .fetch_add(before - slots - forgotten, Ordering::Relaxed);
        }
    }

    /// Open connections, of all workers.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn of(&self, worker: usize, endpoint: usize) -> &Pool {
        &self.pools[worker][endpoint]
    }

    /// Where a call waits.
    pub fn changed(&self, worker: usize, endpoint: usize) -> &Changed {
        &self.of(worker, endpoint).changed
    }

    /// Calls that wait.
    #[cfg(test)]
    pub fn waiting(&self, worker: usize, endpoint: usize) -> usize {
        self.of(worker, endpoint).changed.waiting()
    }

    /// A kept HTTP/1.1 connection that is still good. Those that are not are closed on the way.
    pub fn take(
        &self,
        worker: usize,
        endpoint: usize,
        now: Instant,
        identity: u32,
    ) -> Option<Connection> {
        let mut idle = lock(&self.of(worker, endpoint).idle);
        // The one used last is the one most likely alive; what lies below an expired one is older still.
        while let Some(kept) = idle.pop() {
            if now.saturating_duration_since(kept.since) > self.settings.idle_timeout {
                idle.clear();
                break;
            }
            if !kept.sender.is_closed() && !kept.life.over(now, identity) {
                let sender = Sender::Http1(kept.sender);
                return Some(Connection::alone(sender, true, kept.task, kept.life));
            }
        }
        None
    }

    /// Takes back a connection whose answer was read to its end.
    pub fn give_back(
        &self,
        worker: usize,
        endpoint: usize,
        mut connection: Connection,
        now: Instant,
        identity: u32,
    ) {
        let Some(task) = connection.take_task() else {
            return;
        };
        if let Sender::Http1(sender) = connection.sender
            && !sender.is_closed()
            && !connection.life.over(now, identity)
        {
            let mut idle = lock(&self.of(worker, endpoint).idle);
            // Whoever waits for a slot looked into all pools after it was counted: it found this one, or is seen here.
            if self.waiting.load(Ordering::Relaxed) == 0 {
                idle.push(Idle {
                    sender,
                    since: now,
                    life: connection.life,
                    task,
                });
            }
        }
    }

    /// The right to open an HTTP/1.1 connection. When there are as many as there may be, it takes an idle one of the same
    /// endpoint from another worker, unless that has to be `fresh`, or closes any idle one.
    pub async fn slot(&self, worker: usize, endpoint: usize, fresh: bool, identity: u32) -> Slot {
        if let Ok(slot) = self.slots.clone().try_acquire_owned() {
            return Slot::Open(Some(slot));
        }
        let workers = self.pools.len();
        if !fresh {
            let now = Instant::now();
            let mut others = (1..workers).map(|other| (worker + other) % workers);
            if let Some(taken) = others.find_map(|other| self.take(other, endpoint, now, identity))
            {
                return Slot::Taken(taken);
            }
        }
        let _waiting = Counted::new(&self.waiting);
        self.close_oldest();
        // The semaphore is never closed; were it, a connection more would do less harm than a call less.
        Slot::Open(self.slots.clone().acquire_owned().await.ok())
    }

    /// Closes the connection that is idle for longest, of all workers and endpoints.
    fn close_oldest(&self) {
        let pools = || self.pools.iter().flatten();
        let oldest = pools().filter_map(|pool| Some((pool.oldest()?, pool)));
        if let Some((_, pool)) = oldest.min_by_key(|(since, _)| *since) {
            let mut idle = lock(&pool.idle);
            if !idle.is_empty() {
                idle.remove(0);
            }
            lock(&pool.shared).close_oldest();
        }
    }

    /// Makes a connection of what was dialed. HTTP/2 is kept for other calls at once.
    pub fn opened(
        &self,
        worker: usize,
        endpoint: usize,
        (sender, driver): (Sender, Driver),
        slot: Option<OwnedSemaphorePermit>,
        identity: u32,
    ) -> Connection {
        let now = Instant::now();
        // Connections that were opened together must not all be opened anew together.
        let age = self.settings.max_age.mul_f64(1.0 - 0.1 * fastrand::f64());
        let life = Lifetime {
            until: now + age,
            identity,
        };
        let is_further = slot.is_some();
        let open = Open::new(&self.open, slot);
        let task = spawn(async move {
            let _open = open;
            driver.await;
        });
        match &sender {
            Sender::Http1(_) => Connection::alone(sender, false, task, life),
            Sender::Http2(stream) => {
                let mut shared = lock(&self.of(worker, endpoint).shared);
                shared.keep(stream.handle(), now, life, task.id(), is_further);
                Connection::shared(sender, false, task.id(), life)
            }
        }
    }

    /// Closes connections of one worker that were not used for long, are too old, or of an identity that was replaced.
    pub fn close_idle(&self, worker: usize, now: Instant, identity: u32) {
        let idle =
            |since: Instant| now.saturating_duration_since(since) > self.settings.idle_timeout;
        for pool in &self.pools[worker] {
            lock(&pool.idle).retain(|kept| {
                !kept.sender.is_closed() && !kept.life.over(now, identity) && !idle(kept.since)
            });
            lock(&pool.shared).close_idle(now, identity, idle);
        }
    }
}

impl Pool {
    /// When the connection was last used that is idle for longest.
    fn oldest(&self) -> Option<Instant> {
        // Connections are given back in the order of time.
        let idle = lock(&self.idle).first().map(|kept| kept.since);
        idle.or_else(|| lock(&self.shared).oldest())
    }
}

/// Starts what moves the bytes of a connection, on the event loop of the current worker.
#[expect(
    clippy::disallowed_methods,
    reason = "a connection outlives the call that opened it and carries no span"
)]
fn spawn(connection: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(connection).abort_handle()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding one of these locks leaves a list that is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a call that waits for as long as it does, a dropped one included.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts an open connection for as long as its task lives, and holds its slot.
struct Open {
    count: Arc<AtomicUsize>,
    slot: Option<OwnedSemaphorePermit>,
}

impl Open {
    fn new(count: &Arc<AtomicUsize>, slot: Option<OwnedSemaphorePermit>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self {
            count: count.clone(),
            slot,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        // The count never shows more than there are slots.
        mem::drop(self.slot.take());
    }
}
