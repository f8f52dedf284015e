//! Which connection ends when `max-connections` is reached and another client comes: the one that
//! has been idle the longest, and first of all one that never sent a request.
//!
//! Every open connection is registered here from its accept on, before its worker begins to serve
//! it. Requests do not touch this.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::Activity;
use crate::sync;

/// A connection that was used more recently than this is between two requests, not idle.
const IDLE: Duration = Duration::from_secs(1);
/// Interval of the search for an idle connection.
const AGAIN: Duration = Duration::from_millis(100);

/// The open connections of a host.
#[derive(Default)]
pub(super) struct OpenConnections {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

/// A connection, registered for as long as it is open.
pub(super) struct OpenConnection {
    room: Arc<OpenConnections>,
    number: u64,
}

impl OpenConnections {
    /// Registers a connection.
    pub(super) fn enter(self: &Arc<Self>, activity: Arc<Activity>) -> OpenConnection {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(number, activity);
        let room = self.clone();
        OpenConnection { room, number }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Activity>>> {
        sync::lock(&self.open)
    }

    /// Ends the connection that has been idle the longest. `false` when none is for long enough.
    ///
    /// A connection without any request closes before an older one with requests, as soon as it has
    /// been idle for long enough. While one closes, no other is chosen. While one waits for its
    /// worker, none with requests is chosen: the one that waits may be without any.
    fn make(&self) -> bool {
        let open = self.open();
        if open.values().any(|one| one.goes()) {
            return true;
        }
        let all_begun = open.values().all(|one| one.has_begun());
        let idle = open.values().filter_map(|one| Some((one.idle()?, one)));
        match idle.max_by_key(|(idle, _)| *idle) {
            Some(((never, time), one)) if time >= IDLE && (never || all_begun) => {
                one.make_room();
                true
            }
            _ => false,
        }
    }

    /// Waits for a permit, and closes idle connections as long as there is none.
    async fn permit(&self, permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let mut permit = std::pin::pin!(permits.clone().acquire_owned());
        loop {
            let made = self.make();
            // A closing connection needs a moment.
            let wait = if made { IDLE } else { AGAIN };
            if let Ok(permit) = tokio::time::timeout(wait, permit.as_mut()).await {
                return permit.ok();
            }
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.room.open().remove(&self.number);
    }
}

/// The next connection of a listener, with its permit. When there is no permit, connections stay in
/// the kernel's queue, except the first: for that one, an idle connection is closed.
pub(super) async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    room: &OpenConnections,
) -> Option<(std::io::Result<TcpStream>, OwnedSemaphorePermit)> {
    let accepted = async || listener.accept().await.map(|(stream, _peer)| stream);
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Some((accepted().await, permit));
    }
    // A permit that is freed in time closes no connection.
    tokio::select! {
        permit = permits.clone().acquire_owned() => Some((accepted().await, permit.ok()?)),
        stream = accepted() => Some((stream, room.permit(permits).await?)),
    }
}

#[cfg(test)]
mod tests;
