//! Which connection ends when `max-connections` is reached and another client comes: the one that
//! has been idle the longest, and first of all one that never sent a request.
//!
//! Every open connection is registered here. Requests do not touch this.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::Activity;
use crate::sync;

/// A connection that was used a moment ago is between two requests rather than idle.
const IDLE: Duration = Duration::from_secs(1);
/// How often it is looked whether one is idle by now.
const AGAIN: Duration = Duration::from_millis(100);

/// The open connections of a host.
#[derive(Default)]
pub(super) struct Room {
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

/// A connection, known for as long as it is open.
pub(super) struct OpenConnection<'a> {
    room: &'a Room,
    number: u64,
}

impl Room {
    /// Makes a connection known.
    pub(super) fn enter(&self, activity: Arc<Activity>) -> OpenConnection<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(number, activity);
        OpenConnection { room: self, number }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Activity>>> {
        sync::lock(&self.open)
    }

    /// Ends the connection that has been idle the longest. `false` when none is for long enough.
    ///
    /// One that never asked anything is waited for until it has been idle for long enough: it goes
    /// before an older one that did. While one goes, no other is asked.
    fn make(&self) -> bool {
        let open = self.open();
        if open.values().any(|one| one.goes()) {
            return true;
        }
        let idle = open.values().filter_map(|one| Some((one.idle()?, one)));
        match idle.max_by_key(|(idle, _)| *idle) {
            Some(((_, time), one)) if time >= IDLE => {
                one.make_room();
                true
            }
            _ => false,
        }
    }

    /// Waits for a permit, and makes room as long as there is none.
    async fn permit(&self, permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let mut permit = std::pin::pin!(permits.clone().acquire_owned());
        loop {
            let made = self.make();
            // One that was asked to go needs a moment.
            let wait = if made { IDLE } else { AGAIN };
            if let Ok(permit) = tokio::time::timeout(wait, permit.as_mut()).await {
                return permit.ok();
            }
        }
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.room.open().remove(&self.number);
    }
}

/// The next connection of a listener, with its permit. A connection that there is no room for stays
/// in the kernel's queue, all but the first of them: for that one, room is made.
pub(super) async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    room: &Room,
) -> Option<(std::io::Result<TcpStream>, OwnedSemaphorePermit)> {
    let accepted = async || listener.accept().await.map(|(stream, _peer)| stream);
    if let Ok(permit) = permits.clone().try_acquire_owned() {
        return Some((accepted().await, permit));
    }
    // A place that comes free of itself costs nobody the connection.
    tokio::select! {
        permit = permits.clone().acquire_owned() => Some((accepted().await, permit.ok()?)),
        stream = accepted() => Some((stream, room.permit(permits).await?)),
    }
}

#[cfg(test)]
mod tests;
