//! HTTP/2: whether a call uses a connection, opens one, or waits.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::Id;
use tokio::time::Instant;

use super::Pools;
use crate::downstream::transport::changed::Changed;
use crate::downstream::transport::connection::Connection;
use crate::sync::lock;

/// What a call wants that found no free connection.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// The worker that makes the call.
    pub worker: usize,
    /// The connection that was unfit.
    pub avoid: Option<Id>,
    /// Whether it must be a new connection.
    pub fresh: bool,
}

/// What such a call does next.
pub enum NextStep<'a> {
    /// Use this.
    Use(Connection),
    /// Open a further connection.
    Open(Opening<'a>),
    /// Wait for a change.
    Wait(Wait),
}

/// Why a call waits.
#[derive(Clone, Copy)]
pub struct Wait {
    /// Whether there are good connections, all at the service's limit. If not, one is being opened.
    pub full: bool,
    /// Whether a free slot would help.
    pub for_slot: bool,
}

/// The right to open a connection. Other calls wait for it while it lives.
pub struct Opening<'a> {
    pools: &'a Pools,
    wanted: Wanted,
    promised: usize,
    pub slot: Option<OwnedSemaphorePermit>,
}

impl Pools {
    /// A stream on a good connection other than `avoid`, if there is one.
    pub fn share(
        &self,
        worker: usize,
        now: Instant,
        identity: u32,
        avoid: Option<Id>,
    ) -> Option<Connection> {
        let mut shared = lock(&self.workers[worker].shared);
        shared.close_old(now, identity);
        shared.place(now, avoid)
    }

    /// The next step of a call without a stream. It is counted as waiting in [`Changed::wait`]
    /// meanwhile. `slot` is one that it has already, and is left in place if it is not needed.
    pub fn turn(
        &self,
        wanted: Wanted,
        now: Instant,
        identity: u32,
        slot: &mut Option<OwnedSemaphorePermit>,
    ) -> NextStep<'_> {
        let pool = &self.workers[wanted.worker];
        let mut shared = lock(&pool.shared);
        shared.close_old(now, identity);
        if !wanted.fresh
            && let Some(connection) = shared.place(now, wanted.avoid)
        {
            return NextStep::Use(connection);
        }
        let waiting = pool.changed.waiting().saturating_sub(shared.opening);
        let (full, expected) = shared.outlook(wanted.avoid);
        let wait = |for_slot| NextStep::Wait(Wait { full, for_slot });
        if !wanted.fresh && expected >= waiting {
            return wait(false);
        }
        let is_first = shared.is_empty();
        if !is_first && slot.is_none() {
            *slot = self.slots.try_acquire();
            if slot.is_none() {
                drop(shared);
                self.slots.close_oldest();
                return wait(true);
            }
        }
        let promised = shared.promise();
        shared.promised += promised;
        shared.opening += 1;
        NextStep::Open(Opening {
            pools: self,
            wanted,
            promised,
            slot: slot.take(),
        })
    }

    /// A slot, when there is one.
    pub async fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        self.slots.acquire().await
    }

    /// Removes a connection that broke under a call, or must get no more calls.
    pub fn forget(&self, worker: usize, broken: Id) {
        lock(&self.workers[worker].shared).forget(broken);
    }
}

impl Opening<'_> {
    /// What the connection notifies when it changes.
    pub fn changed(&self) -> Arc<Changed> {
        self.pools.workers[self.wanted.worker].changed.clone()
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let pool = &self.pools.workers[self.wanted.worker];
        {
            let mut shared = lock(&pool.shared);
            shared.opening -= 1;
            shared.promised -= self.promised;
        }
        pool.changed.notify_all();
    }
}
