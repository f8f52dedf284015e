//! A connection, as one call has it.

use tokio::task::{AbortHandle, Id};
use tokio::time::Instant;

use super::sender::Sender;

/// A connection to send one request on.
pub struct Connection {
    /// To send on.
    pub sender: Sender,
    /// Whether it served another call before, and so may have been closed by the service without
    /// our knowing.
    pub reused: bool,
    /// Which one it is.
    pub id: Id,
    /// How long it is used.
    pub life: Lifetime,
    end: AbortOnDrop,
}

/// What ends the use of a connection beside its service.
#[derive(Clone, Copy)]
pub struct Lifetime {
    /// When it is too old.
    pub until: Instant,
    /// The number of the TLS files that it was made with.
    pub identity: u32,
}

/// Ends an HTTP/1.1 connection that is dropped while an answer is awaited on it: what a service
/// that hangs does not take from us must not keep a slot.
struct AbortOnDrop(Option<AbortHandle>);

impl Connection {
    /// One of HTTP/1.1, which this call has alone. `task` moves its bytes.
    pub fn alone(sender: Sender, reused: bool, task: AbortHandle, life: Lifetime) -> Self {
        Self {
            sender,
            reused,
            id: task.id(),
            life,
            end: AbortOnDrop(Some(task)),
        }
    }

    /// A place on one of HTTP/2, which goes on without this call.
    pub fn shared(sender: Sender, reused: bool, id: Id, life: Lifetime) -> Self {
        Self {
            sender,
            reused,
            id,
            life,
            end: AbortOnDrop(None),
        }
    }

    /// What moves the bytes of one that this call has alone. From then on it does not end with the
    /// call.
    pub fn take_task(&mut self) -> Option<AbortHandle> {
        self.end.0.take()
    }
}

impl Lifetime {
    /// Whether it is over.
    pub fn over(self, now: Instant, identity: u32) -> bool {
        now >= self.until || self.identity != identity
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
