//! Coalescing: equal calls at the same time become one.
//!
//! All callers share the first caller's future. No task is spawned for it: the callers poll it, and
//! it is dropped with the last of them. Callers may be on different threads and event loops.

#[cfg(test)]
mod tests;
mod unshared;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use thiserror::Error;

pub use self::unshared::Unshared;

use super::cache::{ExactKey, Hashed};
use crate::sync;

/// Shards, so that callers of different keys rarely share a lock.
const SHARDS: usize = 16;

/// The calls under way, each with its future and its callers.
pub struct Coalescer<T, W>(Arc<Inner<T, W>>);

/// A call that may be shared. Dropping it leaves the call to the others.
#[must_use = "nothing happens until it is awaited"]
pub struct Joined<T, C = ()> {
    /// The input of this caller; `None` for the first caller, whose input the call uses.
    pub own: Option<C>,
    call: Shared<Call<T>>,
}

/// The call panicked. Each of its callers gets this.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("call: panicked")]
pub struct Panicked;

type Call<T> = BoxFuture<'static, Result<T, Panicked>>;

struct Inner<T, W> {
    shards: [Mutex<Shard<T, W>>; SHARDS],
    /// Calls that began in different generations are not one.
    generation: AtomicU64,
    /// Distinguishes a call from a later one with the same key.
    calls: AtomicU64,
}

type Shard<T, W> = HashMap<ExactKey, UnderWay<T, W>, BuildHasherDefault<Hashed>>;

struct UnderWay<T, W> {
    call: WeakShared<Call<T>>,
    callers: Arc<W>,
    id: u64,
    generation: u64,
}

impl<T, W> Coalescer<T, W>
where
    T: Clone + Send + Sync + 'static,
    W: Send + Sync + 'static,
{
    /// Without any call under way.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            shards: std::array::from_fn(|_| Mutex::default()),
            generation: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        }))
    }

    /// Joins the call with this key that is under way, or makes it.
    ///
    /// `joins` adds the caller to the waiting ones, and returns whether that is still possible.
    /// `make` makes the future of a new call and its callers. Both run under a lock, and do nothing
    /// else.
    pub fn join<C, F>(
        &self,
        key: ExactKey,
        caller: C,
        joins: impl FnOnce(&W, &C) -> bool,
        make: impl FnOnce(C) -> (Arc<W>, F),
    ) -> Joined<T, C>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let generation = self.0.generation.load(Ordering::Acquire);
        // Dropped after the lock is released: it may be the last handle of a call, which then
        // removes itself from the map.
        let _too_late;
        let mut shard = self.0.shard(&key);
        if let Some(under_way) = shard.get(&key)
            && under_way.generation == generation
            && let Some(call) = under_way.call.upgrade()
        {
            if joins(&under_way.callers, &caller) {
                return Joined {
                    own: Some(caller),
                    call,
                };
            }
            _too_late = call;
        }
        // Before there is anything that must be undone under the lock, because it may panic.
        let (callers, future) = make(caller);
        // Boxed at once: a future that is moved into another takes its space twice, captured and
        // awaited.
        let future = AssertUnwindSafe(future).catch_unwind().boxed();
        let id = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let listed = Listed {
            inner: self.0.clone(),
            key: key.clone(),
            id,
        };
        let call = async move {
            // Moved in, so that it goes with the future, however that ends: before the answer is
            // there for anyone.
            let _listed = listed;
            let result = future.await;
            result.map_err(|_| Panicked)
        };
        let call = call.boxed().shared();
        // Not ready, since it was not polled yet.
        if let Some(weak) = call.downgrade() {
            let under_way = UnderWay {
                call: weak,
                callers,
                id,
                generation,
            };
            shard.insert(key, under_way);
        }
        Joined { own: None, call }
    }

    /// Later calls do not join those under way, which may have missed a change.
    pub fn start_generation(&self) {
        self.0.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Calls that may be joined.
    #[cfg(test)]
    pub fn under_way(&self) -> usize {
        let shards = self.0.shards.iter();
        shards.map(|shard| locked(shard).len()).sum()
    }
}

impl<T, W> Default for Coalescer<T, W>
where
    T: Clone + Send + Sync + 'static,
    W: Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<T, W> Inner<T, W> {
    fn shard(&self, key: &ExactKey) -> MutexGuard<'_, Shard<T, W>> {
        // The map takes the low bits of the hash.
        locked(&self.shards[(key.spread() >> 32) as usize % SHARDS])
    }
}

/// A panic under the lock leaves the map as it was.
fn locked<T, W>(shard: &Mutex<Shard<T, W>>) -> MutexGuard<'_, Shard<T, W>> {
    sync::lock(shard)
}

/// A call's entry in the map, for as long as it can be joined.
struct Listed<T, W> {
    inner: Arc<Inner<T, W>>,
    key: ExactKey,
    id: u64,
}

impl<T, W> Drop for Listed<T, W> {
    fn drop(&mut self) {
        let mut shard = self.inner.shard(&self.key);
        // A later call may have taken the entry.
        if shard
            .get(&self.key)
            .is_some_and(|under_way| under_way.id == self.id)
        {
            shard.remove(&self.key);
        }
    }
}

impl<T: Clone, C: Unpin> Future for Joined<T, C> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.call.poll_unpin(context)
    }
}
