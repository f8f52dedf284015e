//! A stream for a call on an HTTP/2 connection that is full: the call waits for one, or opens
//! another connection, whichever is ready first.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::bounds::Bounds;
use super::changed::Waiting;
use super::connection::Connection;
use super::connector::Connector;
use super::endpoint::Endpoint;
use super::pool::turn::{NextStep, Opening, Wanted};
use super::race::Progress;
use crate::downstream::error::Phase;

/// A call that needs a stream.
pub struct Checkout<'a> {
    /// The connector.
    pub connector: &'a Connector,
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// Its progress.
    pub progress: &'a Progress,
    /// The wanted connection.
    pub wanted: Wanted,
    /// The limits of the call.
    pub bounds: Bounds<'a>,
}

/// There is no stream.
pub enum CheckoutError {
    /// This phase timed out.
    Late(Phase),
    /// No connection could be opened.
    Unreachable(io::Error),
}

impl Checkout<'_> {
    /// Gets a stream. `queued` gets the time in which all connections were full.
    ///
    /// # Errors
    ///
    /// On a timeout, or when no connection can be opened.
    pub async fn run(
        &self,
        began: Instant,
        queued: &mut Duration,
    ) -> Result<Connection, CheckoutError> {
        let pools = &self.endpoint.pools;
        let waiting = pools.changed(self.wanted.worker).wait();
        let mut slot = None;
        let mut now = began;
        loop {
            let mut change = pin!(waiting.change());
            // Registered before the look, so that a change between the two is not missed.
            change.as_mut().enable();
            let identity = self.connector.identity_number();
            let wait = match pools.turn(self.wanted, now, identity, &mut slot) {
                NextStep::Use(connection) => return Ok(connection),
                NextStep::Open(opening) => return self.open(opening, &waiting).await,
                NextStep::Wait(wait) => wait,
            };
            let (phase, limit) = match wait.full {
                true => (Phase::Queue, began + self.bounds.queue),
                false => (Phase::Connect, began + self.connect_timeout()),
            };
            match wait.full {
                true => self.progress.accepted(),
                false => self.progress.waits(),
            }
            let changed = async {
                tokio::select! {
                    // Either is fine, and a random choice costs more.
                    biased;
                    () = change => None,
                    free = pools.free_slot(), if wait.for_slot => free,
                }
            };
            let waited = self.bounds.end.timeout(Some(limit), changed).await;
            let asked_at = std::mem::replace(&mut now, Instant::now());
            if wait.full {
                *queued += now - asked_at;
            }
            slot = waited.ok_or(CheckoutError::Late(phase))?.or(slot);
        }
    }

    /// Opens a connection, unless a stream on another becomes free before that.
    async fn open(
        &self,
        mut opening: Opening<'_>,
        waiting: &Waiting<'_>,
    ) -> Result<Connection, CheckoutError> {
        let pools = &self.endpoint.pools;
        let Wanted {
            worker,
            avoid,
            fresh,
        } = self.wanted;
        let limit = Instant::now() + self.connect_timeout();
        let changed = opening.changed();
        let dialing = self.connector.dial(self.endpoint, changed, self.progress);
        let place = waiting.until(|| {
            let identity = self.connector.identity_number();
            let place = || pools.share(worker, Instant::now(), identity, avoid);
            (!fresh).then(place).flatten()
        });
        tokio::select! {
            biased;
            connection = place => Ok(connection),
            dialed = self.bounds.end.timeout(Some(limit), dialing) => {
                let dialed = dialed
                    .ok_or(CheckoutError::Late(Phase::Connect))?
                    .map_err(CheckoutError::Unreachable)?;
                let max_age = self.connector.settings.connections.max_age;
                Ok(pools.opened(worker, dialed, opening.slot.take(), max_age))
            }
        }
    }

    fn connect_timeout(&self) -> Duration {
        self.bounds.timeouts.connect
    }
}
