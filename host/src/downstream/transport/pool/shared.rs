//! HTTP/2: the connections that the calls of one worker to one endpoint share.
//!
//! Ordinarily there is one. A further one is opened when the service lets no more calls be on it,
//! or while it is unknown whether the service is still there. Further ones are bounded by the
//! slots: there are no more of them than calls that may be under way.

use tokio::task::Id;
use tokio::time::Instant;

use crate::downstream::transport::connection::{Connection, Lifetime};
use crate::downstream::transport::http2::Handle;
use crate::downstream::transport::sender::Sender;

/// The expected stream limit of an unknown service. RFC 9113 section 6.5.2 recommends no less.
const USUAL: usize = 100;
/// The largest expected stream limit, whatever the service sends.
const MOST: usize = 1 << 16;

/// The connections of one worker to one endpoint, and those that are being opened.
#[derive(Default)]
pub(super) struct SharedConnections {
    /// The one opened last at the end.
    connections: Vec<SharedConnection>,
    /// Connections that are being opened.
    pub(super) opening: usize,
    /// The calls that these can serve beside their openers.
    pub(super) promised: usize,
    /// The service's limit of streams per connection, once it is known.
    usual: Option<usize>,
}

struct SharedConnection {
    handle: Handle,
    used: Instant,
    life: Lifetime,
    id: Id,
    /// Whether it has a slot. The first one needs none.
    is_further: bool,
}

impl SharedConnections {
    /// Adds a connection for other calls.
    pub(super) fn keep(
        &mut self,
        handle: Handle,
        used: Instant,
        life: Lifetime,
        id: Id,
        is_further: bool,
    ) {
        self.connections.push(SharedConnection {
            handle,
            used,
            life,
            id,
            is_further,
        });
    }

    /// Removes unusable connections. A connection ends with its last handle, so calls under way
    /// keep theirs.
    pub(super) fn close_old(&mut self, now: Instant, identity: u32) {
        self.connections
            .retain(|shared| !shared.handle.is_closed() && !shared.life.over(now, identity));
    }

    /// Also removes what was not used since `idle`.
    pub(super) fn close_idle(
        &mut self,
        now: Instant,
        identity: u32,
        idle: impl Fn(Instant) -> bool,
    ) {
        self.close_old(now, identity);
        self.connections
            .retain(|shared| !idle(shared.used) || shared.handle.calls() > 0);
    }

    /// The last use of the longest idle further connection.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let used = self.connections.iter().filter(|shared| shared.is_idle());
        used.map(|shared| shared.used).min()
    }

    /// Closes the further connection that is idle for longest.
    pub(super) fn close_oldest(&mut self) {
        let oldest = self.oldest();
        self.connections
            .retain(|shared| Some(shared.used) != oldest || !shared.is_idle());
    }

    /// Whether there is none, and none is being opened.
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.opening == 0
    }

    /// The calls that a connection being opened can serve beside its opener.
    pub(super) fn promise(&self) -> usize {
        self.usual.unwrap_or(USUAL).saturating_sub(1)
    }

    /// Forgets a connection.
    pub(super) fn forget(&mut self, id: Id) {
        self.connections.retain(|shared| shared.id != id);
    }

    /// Forgets all of them.
    pub(super) fn forget_all(&mut self) {
        self.connections.clear();
    }

    /// A stream on the newest connection with room: older ones become idle then, and are closed.
    pub(super) fn place(&mut self, now: Instant, avoid: Option<Id>) -> Option<Connection> {
        let mut newest_first = self.connections.iter_mut().rev();
        let shared = newest_first.find(|shared| shared.has_room() && Some(shared.id) != avoid)?;
        shared.used = now;
        let sender = Sender::Http2(shared.handle.stream());
        Some(Connection::shared(sender, true, shared.id, shared.life))
    }

    /// Whether there are good but full connections, and how many calls will soon find room: on
    /// connections that are being opened, and on those whose limit is not known yet.
    pub(super) fn outlook(&mut self, avoid: Option<Id>) -> (bool, usize) {
        let mut full = false;
        let mut expected = self.promised;
        for shared in &self.connections {
            let max_calls = shared.handle.max_calls();
            if let Some(max) = max_calls {
                self.usual = Some(max.min(MOST));
            }
            if shared.handle.is_usable() && Some(shared.id) != avoid {
                full |= max_calls.is_some();
                if max_calls.is_none() {
                    let usual = self.usual.unwrap_or(USUAL);
                    expected += usual.saturating_sub(shared.handle.calls());
                }
            }
        }
        (full, expected)
    }
}

impl SharedConnection {
    /// Until its limit is known, a connection gets one call.
    fn has_room(&self) -> bool {
        self.handle.is_usable() && self.handle.calls() < self.handle.max_calls().unwrap_or(1)
    }

    fn is_idle(&self) -> bool {
        self.is_further && self.handle.calls() == 0
    }
}
