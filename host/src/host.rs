//! A whole host: everything put together, started, changed while it runs, and stopped.
//!
//! The event loop of the thread that calls [`Host::start`] accepts connections, and touches no
//! file. The listener for operators has a thread of its own. Files are watched and changes are made
//! on a further one, see [`control`], and reading files and compiling on threads that may block.
//! Requests run on the workers' own threads.

mod begin;
mod bff_locks;
mod canary;
mod candidates;
mod change;
mod control;
mod data_dir;
mod error;
pub mod files;
mod follow;
mod grants;
mod kept;
mod lacking;
mod look;
mod orders;
mod preview;
mod release;
mod rollback;
mod shadow;
mod smoke;
mod sockets;
mod swap;
mod unrecorded;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch as channel;
use tokio::task::JoinHandle;

use crate::bff::admission::Instances;
use crate::bff::compiler::CompileIn;
use crate::bff::error::LoadError;
use crate::bff::load::Loader;
use crate::bff::runtime::Runtime;
use crate::config::{Config, ConfigError, ListenerTls};
use crate::development::Development;
use crate::releases::Releases;
use crate::server::admin::Admin;
use crate::server::{Faults, ListenerIdentity, Server, ServerError, started_anew};
use crate::snapshot::{Builder, SharedState, SnapshotError};

use bff_locks::BffLocks;
use candidates::Candidates;

pub use change::{Changed, Changes};
pub use error::{ChangeError, HostError};
pub use sockets::{Sockets, SocketsError};

use control::Control;
use data_dir::open_data_dir;
use orders::ReleaseOrders;
use preview::HostPreviews;

/// A running host.
pub struct Host {
    changes: Arc<Changes>,
    control: Control,
    server: Server,
    /// The listener for operators, and the thread that serves it.
    admin: Option<(Admin, Control)>,
    watcher: JoinHandle<()>,
    faults: Arc<Faults>,
    stopping: channel::Sender<bool>,
    drain_delay: Duration,
    grace: Duration,
}

/// What a host does with a refused component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefused {
    /// Serves the BFF's last good component, or answers in its place.
    GoOn,
    /// Does not start, and takes no configuration that names it.
    End,
}

/// How a host is started.
pub struct StartOptions {
    /// What it does with a refused component.
    pub on_refused: OnRefused,
    /// Sockets that were handed over, instead of those of the configuration.
    pub sockets: Sockets,
    /// Where components are compiled.
    pub compile_in: CompileIn,
    /// What a host for development has besides.
    pub development: Option<Development>,
}

impl Default for StartOptions {
    /// As in a test: components are compiled in this process, and a refused one affects its BFF
    /// alone.
    fn default() -> Self {
        Self {
            on_refused: OnRefused::GoOn,
            sockets: Sockets::default(),
            compile_in: CompileIn::ThisProcess,
            development: None,
        }
    }
}

/// Loads everything that a configuration names, without binding or changing anything: all
/// components have to be valid, and none gets a smoke request.
///
/// # Errors
///
/// What is wrong with the engine's settings, the data directory or the components.
pub async fn prepare(
    config: Config,
    config_path: Option<PathBuf>,
    compile_in: CompileIn,
) -> Result<Changes, HostError> {
    load(config, config_path, None, compile_in, None).await
}

/// `on_refused` is `None` for a host that does not serve.
async fn load(
    config: Config,
    config_path: Option<PathBuf>,
    on_refused: Option<OnRefused>,
    compile_in: CompileIn,
    development: Option<Development>,
) -> Result<Changes, HostError> {
    let development = development.map(|it| (it.observer, it.stand_ins));
    let (observer, stand_ins) = development.unzip();
    if let Some(tls) = config.admin.as_ref().and_then(|admin| admin.tls.clone()) {
        // `tailor check` says what is wrong with it, too.
        read_identity(tls).await?;
    }
    let runtime = Arc::new(Runtime::new(config.engine.instances)?);
    let opened = open_data_dir(&config.engine, on_refused.is_some()).await;
    let (cache, store) = opened.map_err(HostError::DataDir)?;
    let max_size = config.engine.max_component_size;
    let loader = Loader::new(runtime.clone(), Some(cache), max_size)
        .with_store(store)
        .compiling(compile_in, &config.engine.compile);
    let builder = Arc::new(Builder {
        loader: Arc::new(loader),
        // One more for the control thread, which makes smoke requests.
        callers: config.server.workers.get() + 1,
        instances: Arc::new(Instances::new(config.engine.instances as usize)),
        stand_ins,
    });
    let releases = Arc::new(Releases::new(&config.engine.data_dir));
    let building = builder.clone();
    let mut draft = blocking(move || building.draft(config, None)).await??;
    let releases = on_refused.is_some().then_some(releases);
    let candidates = Candidates {
        runtime: &runtime,
        builder: &builder,
        releases: releases.as_ref(),
        bff_locks: &BffLocks::default(),
        live: None,
        asks: on_refused.is_some(),
    };
    candidates.get(&mut draft).await;
    if on_refused != Some(OnRefused::GoOn) {
        draft.all_good()?;
    }
    for (bff, reason) in change::told(&draft) {
        tracing::error!(bff, "the component is refused: {reason}");
    }
    let snapshot = builder.build(draft, None);
    let previews = releases
        .as_ref()
        .map(|it| HostPreviews::shared(it, &builder));
    let shared = Arc::new(SharedState {
        snapshot: ArcSwap::from_pointee(snapshot),
        runtime,
        metrics: Arc::default(),
        observer,
        recordings: Arc::default(),
        previews,
        shadows: Arc::default(),
    });
    let strict = on_refused == Some(OnRefused::End);
    let changes = Changes::new(shared, builder, releases, config_path, strict);
    if on_refused.is_some() {
        changes.start().await;
    }
    Ok(changes)
}

fn panicked() -> std::io::Error {
    std::io::Error::other("it failed inside of the host")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SnapshotError> {
    let panicked = |_| {
        let error = Arc::new(LoadError::CompilerPanic);
        SnapshotError::Components(vec![("?".to_owned(), error)])
    };
    tokio::task::spawn_blocking(work).await.map_err(panicked)
}

/// Reads the certificate of the admin listener.
async fn read_identity(tls: ListenerTls) -> Result<ListenerIdentity, HostError> {
    let reading = tokio::task::spawn_blocking(move || ListenerIdentity::new(tls)).await;
    let read = reading.map_err(|_| HostError::Control(panicked()))?;
    Ok(read?)
}

impl Host {
    /// Loads, binds and serves. `config_path` is read again on [`Changes::reload`].
    ///
    /// # Errors
    ///
    /// The first step that failed. Nothing stays behind then.
    pub async fn start(
        config: Config,
        config_path: Option<PathBuf>,
        options: StartOptions,
    ) -> Result<Self, HostError> {
        let StartOptions {
            on_refused,
            sockets,
            compile_in,
            development,
        } = options;
        if config.admin.is_none() && sockets.admin.is_some() {
            return Err(HostError::NoAdmin);
        }
        let mut settings = config.server.clone();
        settings.max_connections = files::FileBudget::of(&config).connections();
        let admin_settings = config.admin.clone();
        let on_refused = Some(on_refused);
        let changes = load(config, config_path, on_refused, compile_in, development).await?;
        let changes = Arc::new(changes);
        let (stopping, stopped) = channel::channel(false);
        let faults = Arc::new(Faults::new(settings.max_worker_restarts));
        let control = Control::start("tailor-control").map_err(HostError::Control)?;
        let admin = match admin_settings {
            Some(admin) => {
                let orders = Arc::new(ReleaseOrders::new(&changes, &control));
                let shared = changes.shared().clone();
                let (socket, faults) = (sockets.admin, faults.clone());
                let identity = match &admin.tls {
                    Some(tls) => Some(Arc::new(read_identity(tls.clone()).await?)),
                    None => None,
                };
                let event_loop = Control::start("tailor-admin").map_err(HostError::Control)?;
                let starting = event_loop.run(async move {
                    Admin::start(shared, &admin, socket, stopped, faults, orders, identity).await
                });
                let admin = starting
                    .await
                    .unwrap_or_else(|| Err(ServerError::Worker(panicked())))?;
                Some((admin, event_loop))
            }
            None => None,
        };
        let shared = changes.shared().clone();
        let server = Server::start(shared, &settings, sockets.http, faults.clone()).await?;
        let watcher = control.begin({
            let changes = changes.clone();
            started_anew(faults.clone(), "watcher", move || {
                let changes = changes.clone();
                async move {
                    let watching = watch::watch(changes.clone());
                    let again = shadow::run_again(changes.shared().clone());
                    let keeping = kept::keep_again(changes.clone());
                    let recording = kept::record_again(changes.clone());
                    let following = follow::follow(changes);
                    tokio::join!(watching, keeping, recording, again, following);
                }
            })
        });
        Ok(Self {
            changes,
            control,
            server,
            admin,
            watcher,
            faults,
            stopping,
            drain_delay: settings.drain_delay,
            grace: settings.shutdown_timeout,
        })
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The address of the admin listener.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(admin, _)| admin.address())
    }

    /// Makes changes of the running host.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// Makes the change [`Changes::reload`] on the thread for changes. It ends when the returned
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

    /// Makes the change [`Changes::swap`] on the thread for changes.
    ///
    /// # Errors
    ///
    /// Why the file is refused. The live version goes on.
    pub async fn swap(&self, bff: &str) -> Result<Option<String>, ChangeError> {
        let (changes, bff) = (self.changes.clone(), bff.to_owned());
        let swap = self.control.run(async move { changes.swap(&bff).await });
        swap.await.unwrap_or(Err(ChangeError::Panic))
    }

    /// Makes the change [`Changes::apply`] on the thread for changes.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration. Nothing has changed then.
    pub async fn apply(
        &self,
        read: impl FnOnce() -> Result<Config, ConfigError> + Send + 'static,
    ) -> Result<Changed, ChangeError> {
        let changes = self.changes.clone();
        let apply = self.control.run(async move { changes.apply(read).await });
        apply.await.unwrap_or(Err(ChangeError::Panic))
    }

    /// Waits until the host cannot go on, because workers or the watcher fail too often, or one of
    /// the tasks that accept connections failed. Then it has to be stopped.
    pub async fn failed(&self) {
        self.faults.too_many().await;
    }

    /// Has a task of the host fail, for a test: `acceptor`, `admin`, `watcher` or `scheduler`. No
    /// other build has this.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn fail_task(&self, task: &'static str) {
        self.faults.fail(task);
    }

    /// Has a worker fail outside of a request, for a test. No other build has this.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn fail_worker(&self, index: usize) {
        self.server.fail_worker(index);
    }

    /// Announces the stop: the host is no longer ready and makes no more changes, but accepts
    /// connections for `server.drain-delay`, so that load balancers have time to notice.
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
        let cut = self.server.stop(self.grace).await;
        self.control.end().await;
        if let Some((admin, event_loop)) = self.admin {
            drop(admin);
            event_loop.end().await;
        }
        self.changes.end().await;
        cut
    }
}
