//! How many connections a service may have, all workers and endpoints together.
//!
//! A caller may have one call under way for each slot there is, so a caller that finds none free
//! finds an idle connection, or one that is about to end.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::kept::Pool;
use crate::sync::lock;

/// The slots of one service.
pub struct Slots {
    free: Arc<Semaphore>,
    /// How many there are.
    most: AtomicUsize,
    /// Calls that wait for one.
    waiting: AtomicUsize,
    open: AtomicUsize,
    /// The pools whose connections take them, of all endpoints, former ones too.
    pools: Mutex<Vec<Weak<[Pool]>>>,
}

impl Slots {
    /// A number of slots.
    pub fn new(slots: usize) -> Arc<Self> {
        let slots = slots.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(slots)),
            most: AtomicUsize::new(slots),
            waiting: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            pools: Mutex::default(),
        })
    }

    /// Changes their number. With fewer slots than connections, nothing is closed: the number of
    /// calls is bounded elsewhere, and idle connections end by `idle-timeout`.
    pub fn set(&self, max_calls: usize) {
        let slots = max_calls.min(Semaphore::MAX_PERMITS);
        let before = self.most.swap(slots, Ordering::Relaxed);
        if slots > before {
            self.free.add_permits(slots - before);
        } else {
            let forgotten = self.free.forget_permits(before - slots);
            // The rest are in use.
            self.most
                .fetch_add(before - slots - forgotten, Ordering::Relaxed);
        }
    }

    /// Open connections, of all workers.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A slot, if one is free.
    pub(super) fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        self.free.clone().try_acquire_owned().ok()
    }

    /// A slot, when there is one.
    pub async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed; were it, a connection more would do less harm than a call
        // less.
        self.free.clone().acquire_owned().await.ok()
    }

    /// Calls that wait for a slot.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts a waiting call for as long as the returned value lives.
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// Pools whose idle connections may be closed to make room.
    pub(super) fn register(&self, pools: &Arc<[Pool]>) {
        let mut all = lock(&self.pools);
        all.retain(|pools| pools.strong_count() > 0);
        all.push(Arc::downgrade(pools));
    }

    /// Closes the connection that is idle for longest, of all workers and endpoints.
    pub(super) fn close_oldest(&self) {
        let all: Vec<_> = lock(&self.pools).iter().filter_map(Weak::upgrade).collect();
        let all = all.iter().flat_map(|pools| pools.iter());
        let oldest = all.filter_map(|pool| Some((pool.oldest()?, pool)));
        if let Some((_, pool)) = oldest.min_by_key(|(since, _)| *since) {
            pool.close_oldest();
        }
    }
}

/// A call that waits for a slot, a dropped one included.
pub(super) struct Waiting<'a>(&'a Slots);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts an open connection for as long as its task lives, and holds its slot.
pub(super) struct Open {
    slots: Arc<Slots>,
    slot: Option<OwnedSemaphorePermit>,
}

impl Open {
    pub(super) fn new(slots: &Arc<Slots>, slot: Option<OwnedSemaphorePermit>) -> Self {
        slots.open.fetch_add(1, Ordering::Relaxed);
        Self {
            slots: slots.clone(),
            slot,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.slots.open.fetch_sub(1, Ordering::Relaxed);
        // The count never shows more than there are slots.
        mem::drop(self.slot.take());
    }
}
