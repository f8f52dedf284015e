//! Takes connections and hands each to the worker with the fewest.
//!
//! The threading model: one event loop for each core, with its own connections to services, so that
//! a request is run by one thread from its begin to its end and shares no lock with another.
//! Connections are handed out by count, not by the kernel's hash, because a few busy clients would
//! otherwise meet on one core. A connection cannot be moved, but a request of it may be run by
//! another worker (see [`super::worker`]).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::crew::Crew;
use super::faults::{Faults, vital};
use super::room;
use crate::config;
use crate::snapshot::SharedState;

/// Connections that the kernel queues while the host is busy or full.
const BACKLOG: u32 = 1024;
/// Pause after a failed `accept`: out of file descriptors, most likely, which takes time to
/// recover.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The server could not be started.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be bound.
    #[error("{key} = \"{address}\": {source}; choose another address or stop what listens there")]
    Bind {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// A socket that was handed over cannot be used.
    #[error("{key}: the socket that was handed over (LISTEN_FDS): {source}")]
    HandedOver {
        /// The setting that it stands for.
        key: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("server.workers: {0}")]
    Worker(io::Error),
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    acceptor: JoinHandle<()>,
    crew: Arc<Crew>,
    stop: watch::Sender<bool>,
    connections: Arc<Semaphore>,
    max_connections: u32,
}

impl Server {
    /// Binds the listener, or takes the one that was handed over, and starts the workers. A failure
    /// of one is reported to `faults`.
    ///
    /// # Errors
    ///
    /// When the address is taken or a thread cannot be started.
    pub async fn start(
        shared: Arc<SharedState>,
        settings: &config::Server,
        handed_over: Option<std::net::TcpListener>,
        faults: Arc<Faults>,
    ) -> Result<Self, ServerError> {
        let listener = listen("server.listen", settings.listen, handed_over)?;
        let address = listener.local_addr().map_err(ServerError::Worker)?;
        let (stop, stopped) = watch::channel(false);
        let crew = Crew::start(&shared, settings, &stopped, faults.clone())
            .map_err(ServerError::Worker)?;
        let crew = Arc::new(crew);
        let max_connections = u32::try_from(settings.max_connections)
            .unwrap_or(u32::MAX)
            .min(MAX_PERMITS);
        let connections = Arc::new(Semaphore::new(max_connections as usize));
        let open = shared.metrics.connections.clone();
        let acceptor = accept(listener, crew.clone(), connections.clone(), open, stopped);
        #[expect(
            clippy::disallowed_methods,
            reason = "the one acceptor, ended by `stop`"
        )]
        let acceptor = tokio::spawn(vital(faults, "acceptor", acceptor));
        Ok(Self {
            address,
            acceptor,
            crew,
            stop,
            connections,
            max_connections,
        })
    }

    /// The address that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has a worker fail outside of a request, for a test. No other build has this.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn fail_worker(&self, index: usize) {
        self.crew.fail(index);
    }

    /// Takes no more connections, lets running requests finish, and closes the rest when `grace`
    /// is over. Returns how many connections had to be cut.
    pub async fn stop(mut self, grace: Duration) -> usize {
        // The acceptor owns the listener: with its end, new clients are refused rather than left
        // waiting.
        let _ = self.stop.send(true);
        let _ = (&mut self.acceptor).await;
        let all = self.connections.acquire_many(self.max_connections);
        let cut = match tokio::time::timeout(grace, all).await {
            Ok(_) => 0,
            Err(_) => self.max_connections as usize - self.connections.available_permits(),
        };
        self.crew.end().await;
        cut
    }
}

impl Drop for Server {
    /// Ends the threads of a server that was dropped without a stop.
    fn drop(&mut self) {
        self.acceptor.abort();
        self.crew.dismiss();
    }
}

/// The most permits that one call can take back.
const MAX_PERMITS: u32 = u32::MAX >> 3;

/// Binds a listener, or takes the one that was handed over, with the clients that wait there.
pub(super) fn listen(
    key: &'static str,
    address: SocketAddr,
    handed_over: Option<std::net::TcpListener>,
) -> Result<TcpListener, ServerError> {
    match handed_over {
        Some(socket) => {
            TcpListener::from_std(socket).map_err(|source| ServerError::HandedOver { key, source })
        }
        None => bind(key, address),
    }
}

/// Binds a listener.
fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServerError> {
    let refuse = |source| ServerError::Bind {
        key,
        address,
        source,
    };
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
    }
    .map_err(refuse)?;
    // A restarted host takes its port back while old connections are still in TIME_WAIT.
    socket.set_reuseaddr(true).map_err(refuse)?;
    socket.bind(address).map_err(refuse)?;
    socket.listen(BACKLOG).map_err(refuse)
}

async fn accept(
    listener: TcpListener,
    crew: Arc<Crew>,
    connections: Arc<Semaphore>,
    open: Gauge,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let next = room::accept(&listener, &connections, &crew.peers.room);
        let (accepted, permit) = tokio::select! {
            next = next => match next {
                Some(next) => next,
                None => return,
            },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match accepted {
            Ok(stream) => crew.take_connection(stream, permit, &open),
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
