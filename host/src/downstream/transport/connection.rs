//! A connection, as one call has it.

use tokio::task::{AbortHandle, Id};
use tokio::time::Instant;

use super::sender::Sender;

/// A connection to send one request on.
pub struct Connection {
    /// The request sender.
    pub sender: Sender,
    /// Whether it served another call before, and so may have been closed by the service unnoticed.
    pub reused: bool,
    /// Its number.
    pub id: Id,
    /// How long it is used.
    pub life: Lifetime,
    end: AbortOnDrop,
}

/// Limits on the use of a connection.
#[derive(Clone, Copy)]
pub struct Lifetime {
    /// When it is too old.
    pub until: Instant,
    /// The number of the TLS files that it was made with.
    pub identity: u32,
}

/// Ends an HTTP/1.1 connection that is dropped while it waits for an answer: bytes that a hung
/// service does not read must not keep a slot.
struct AbortOnDrop(Option<AbortHandle>);

impl Connection {
    /// An HTTP/1.1 connection, of this call alone. `task` drives it.
    pub fn alone(sender: Sender, reused: bool, task: AbortHandle, life: Lifetime) -> Self {
        Self {
            sender,
            reused,
            id: task.id(),
            life,
            end: AbortOnDrop(Some(task)),
        }
    }

    /// A stream of an HTTP/2 connection, which continues without this call.
    pub fn shared(sender: Sender, reused: bool, id: Id, life: Lifetime) -> Self {
        Self {
            sender,
            reused,
            id,
            life,
            end: AbortOnDrop(None),
        }
    }

    /// The task of a connection that this call has alone. From then on it does not end with the
    /// call.
    pub fn take_task(&mut self) -> Option<AbortHandle> {
        self.end.0.take()
    }
}

impl Lifetime {
    /// Whether it has ended.
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
