//! A whole host: everything put together, started, changed while it runs, and stopped.
//!
//! The event loop of the thread that calls [`Host::start`] accepts connections and serves the admin
//! listener, and touches no file. Files are watched and changes are made on a thread of their own, see
//! [`control`], and reading files and compiling on threads that may block. Requests run on the
//! workers' own threads.

mod change;
mod control;
pub mod files;
mod lacking;
mod look;
mod sockets;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::{Semaphore, watch as channel};
use tokio::task::JoinHandle;

use crate::bff::compiled::CompiledCache;
use crate::bff::engine::Runtime;
use crate::bff::error::{EngineError, LoadError};
use crate::bff::load::Loader;
use crate::config::Config;
use crate::file;
use crate::server::admin::Admin;
use crate::server::{Server, ServerError};
use crate::snapshot::{Builder, Shared, SnapshotError};

pub use change::{ChangeError, Changed, Changes};
pub use sockets::{Sockets, SocketsError};

use control::Control;

/// The host could not be started.
#[derive(Debug, Error)]
pub enum HostError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No data directory.
    #[error(transparent)]
    DataDir(LoadError),
    /// Components were refused, or a service can't be called.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No thread for changes.
    #[error("control thread: {0}; the system has no more threads or open files")]
    Control(std::io::Error),
    /// A socket for a listener that is not configured.
    #[error(
        "a socket for operators was handed over (LISTEN_FDS), and there is no [admin] in the \
         configuration; add it, or pass one socket"
    )]
    NoAdmin,
    /// No listener.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// A running host.
pub struct Host {
    changes: Arc<Changes>,
    control: Control,
    server: Server,
    admin: Option<Admin>,
    watcher: JoinHandle<()>,
    stopping: channel::Sender<bool>,
    drain_delay: Duration,
    patience: Duration,
}

/// Loads everything that a configuration names, without binding anything.
///
/// # Errors
///
/// What is wrong with the engine's settings, the data directory or the components.
pub async fn prepare(config: Config, config_path: Option<PathBuf>) -> Result<Changes, HostError> {
    let runtime = Arc::new(Runtime::new(config.engine.instances)?);
    let cache = open_cache(config.engine.data_dir.clone()).await?;
    let builder = Arc::new(Builder {
        loader: Arc::new(Loader::new(
            runtime.clone(),
            Some(cache),
            config.engine.max_component_size,
        )),
        // One more for the control thread, which makes smoke requests.
        callers: config.server.workers.get() + 1,
        instances: Arc::new(Semaphore::new(config.engine.instances as usize)),
    });
    let building = builder.clone();
    let snapshot = tokio::task::spawn_blocking(move || building.build(config, None))
        .await
        .unwrap_or_else(|_| {
            Err(SnapshotError::Components(vec![(
                "?".to_owned(),
                LoadError::CompilerPanic,
            )]))
        })?;
    let shared = Arc::new(Shared {
        snapshot: ArcSwap::from_pointee(snapshot),
        runtime,
        metrics: Arc::default(),
    });
    Ok(Changes::new(shared, builder, config_path))
}

/// Opens the directory of compiled code, which may lie on a file system that does not answer.
async fn open_cache(data_dir: PathBuf) -> Result<CompiledCache, HostError> {
    let path = data_dir.clone();
    let failed = move |why: String| HostError::DataDir(LoadError::DataDir { path, why });
    let open = move || file::within(&data_dir, CompiledCache::open);
    match tokio::task::spawn_blocking(open).await {
        Ok(Ok(opened)) => opened.map_err(HostError::DataDir),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(panic) => Err(failed(panic.to_string())),
    }
}

impl Host {
    /// Loads, binds and serves. `config_path` is read again on [`Changes::reload`].
    ///
    /// # Errors
    ///
    /// The first step that failed. Nothing stays behind then.
    pub async fn start(config: Config, config_path: Option<PathBuf>) -> Result<Self, HostError> {
        Self::start_on(config, config_path, Sockets::default()).await
    }

    /// The same on sockets that were handed over, in the place of those that the configuration
    /// names.
    ///
    /// # Errors
    ///
    /// The first step that failed. Nothing stays behind then.
    pub async fn start_on(
        config: Config,
        config_path: Option<PathBuf>,
        sockets: Sockets,
    ) -> Result<Self, HostError> {
        if config.admin.is_none() && sockets.admin.is_some() {
            return Err(HostError::NoAdmin);
        }
        let mut settings = config.server.clone();
        settings.max_connections = files::Room::of(&config).connections();
        let admin_settings = config.admin.clone();
        let changes = Arc::new(prepare(config, config_path).await?);
        let (stopping, stopped) = channel::channel(false);
        let admin = match &admin_settings {
            Some(admin) => {
                let shared = changes.shared().clone();
                Some(Admin::start(shared, admin, sockets.admin, stopped).await?)
            }
            None => None,
        };
        let shared = changes.shared().clone();
        let server = Server::start(shared, &settings, sockets.http).await?;
        let control = Control::start().map_err(HostError::Control)?;
        let watcher = control.begin(watch::watch(changes.clone()));
        Ok(Self {
            changes,
            control,
            server,
            admin,
            watcher,
            stopping,
            drain_delay: settings.drain_delay,
            patience: settings.shutdown_timeout,
        })
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of the admin listener.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::address)
    }

    /// To change what runs.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// Makes the change [`Changes::reload`] on the thread for changes. It is given up when the returned
    /// future is dropped.
    ///
    /// # Errors
    ///
    /// What is wrong with the file or a component. Nothing has changed then.
    pub async fn reload(&self) -> Result<Changed, ChangeError> {
        let changes = self.changes.clone();
        let reload = self.control.run(async move { changes.reload().await });
        reload.await.unwrap_or(Err(ChangeError::Panic))
    }

    /// Waits until the host can't go on, because its workers fail too often. Then it has to be
    /// stopped.
    pub async fn failed(&self) {
        self.server.failed().await;
    }

    /// Has a worker fail outside of a request, for a test. No other build has this.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn fail_worker(&self, index: usize) {
        self.server.fail_worker(index);
    }

    /// Says that the host is to be stopped: it is not ready any more and changes no more, but takes
    /// connections for `server.drain-delay`, so that whoever sends them has time to notice.
    pub async fn drain(&self) {
        let _ = self.stopping.send(true);
        self.watcher.abort();
        tokio::time::sleep(self.drain_delay).await;
    }

    /// Stops: no new connections, running requests get `server.shutdown-timeout` to finish. Returns
    /// how many connections had to be cut.
    pub async fn stop(self) -> usize {
        let _ = self.stopping.send(true);
        self.watcher.abort();
        let cut = self.server.stop(self.patience).await;
        self.control.end().await;
        cut
    }
}
