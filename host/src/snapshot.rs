//! Everything that a request is routed by, as one value that is replaced as a whole: routes, BFFs, services.
//!
//! A request reads the snapshot once. A reload builds the next one beside the live one, taking over what did not change
//! (connections, compiled code, permits, counters), and publishes it only when all of it is good.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::bff::admission::Admission;
use crate::bff::engine::Runtime;
use crate::bff::error::LoadError;
use crate::bff::load::{Loaded, Loader};
use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::calls::grants;
use crate::config::{self, Config};
use crate::downstream::{ServiceError, Services};
use crate::router::RouteTable;
use crate::telemetry::metrics::Metrics;

/// What all threads of a host share.
pub struct Shared {
    /// The live snapshot.
    pub snapshot: ArcSwap<Snapshot>,
    /// The engine.
    pub runtime: Arc<Runtime>,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

/// Routes, BFFs and services of one configuration.
pub struct Snapshot {
    /// The configuration it was made of.
    pub config: Arc<Config>,
    /// Finds the index of a route.
    pub routes: RouteTable,
    /// Where each route leads, by its index.
    pub targets: Vec<Target>,
    /// The BFFs by name.
    pub bffs: BTreeMap<String, Arc<Bff>>,
    /// The services.
    pub services: Arc<Services>,
}

/// Where a route leads.
pub struct Target {
    /// The kind of client.
    pub client: Arc<str>,
    /// The route's path prefix, which stands for the path in logs: a path itself can be personal.
    pub prefix: Arc<str>,
    /// The BFF.
    pub bff: Arc<Bff>,
}

/// A snapshot could not be built.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The BFFs whose components were refused, all of them.
    #[error("{}", .0.iter().map(|(bff, error)| format!("bff.{bff}: {error}")).collect::<Vec<_>>().join("\n"))]
    Components(Vec<(String, LoadError)>),
    /// A service that can't be called as the operator wants it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Makes snapshots.
pub struct Builder {
    /// Loads components.
    pub loader: Arc<Loader>,
    /// Threads that call services; each has connections of its own.
    pub callers: usize,
    /// The instances of the host.
    pub instances: Arc<Semaphore>,
}

impl Builder {
    /// Builds the snapshot of a configuration. Blocks for as long as compiling takes.
    ///
    /// # Errors
    ///
    /// All components that were refused, or a service that can't be called. What is live is untouched then.
    pub fn build(
        &self,
        config: Config,
        previous: Option<&Snapshot>,
    ) -> Result<Snapshot, SnapshotError> {
        let services = previous.map(|previous| &*previous.services);
        let services = Services::new(&config, self.callers, services)?;
        let loaded = self.load(&config, previous)?;
        let mut bffs = BTreeMap::new();
        for (name, settings) in &config.bffs {
            let old = previous.and_then(|previous| previous.bffs.get(name));
            let version = self.version(
                settings,
                loaded[name].clone(),
                &services,
                old.map(|old| old.current()).as_deref(),
            );
            let bff = match old {
                Some(old) => old.succeed(Arc::new(version)),
                None => Bff::new(Arc::new(version)),
            };
            bffs.insert(name.clone(), Arc::new(bff));
        }
        let targets = config
            .routes
            .iter()
            .map(|route| Target {
                client: route.client.as_str().into(),
                prefix: route.path.as_str().into(),
                bff: bffs[&route.bff].clone(),
            })
            .collect();
        Ok(Snapshot {
            routes: RouteTable::new(&config.routes),
            targets,
            bffs,
            services: Arc::new(services),
            config: Arc::new(config),
        })
    }

    /// A version of a BFF that takes over what it can of the one before it.
    pub fn version(
        &self,
        settings: &config::Bff,
        loaded: Arc<Loaded>,
        services: &Services,
        before: Option<&Version>,
    ) -> Version {
        let grants = grants(services, settings);
        let admission = match before {
            Some(before) if same_permits(&before.settings().limits, &settings.limits) => {
                before.admission().clone()
            }
            _ => Arc::new(Admission::new(
                &settings.limits,
                self.callers,
                self.instances.clone(),
            )),
        };
        let counted = before.map(|before| before.metrics().bff().clone());
        let metrics = counted.unwrap_or_default().version(&loaded.version);
        Version::new(
            Arc::new(settings.clone()),
            loaded,
            grants,
            admission,
            metrics,
        )
    }

    /// Loads all components; equal files only once. Several at once, since each compiles on one thread.
    fn load(
        &self,
        config: &Config,
        previous: Option<&Snapshot>,
    ) -> Result<BTreeMap<String, Arc<Loaded>>, SnapshotError> {
        let mut users: BTreeMap<&Path, Vec<&String>> = BTreeMap::new();
        for (name, bff) in &config.bffs {
            users.entry(&bff.component).or_default().push(name);
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let paths: Vec<&Path> = users.keys().copied().collect();
        let mut loaded = BTreeMap::new();
        let mut refused = Vec::new();
        for batch in paths.chunks(threads) {
            let results = std::thread::scope(|scope| {
                let load = |path| {
                    let known = previous.and_then(|previous| previous.bffs.get(users[path][0]));
                    self.loader.load(
                        users[path][0],
                        path,
                        known.map(|bff| bff.current().loaded().clone()).as_ref(),
                    )
                };
                let running: Vec<_> = batch
                    .iter()
                    .map(|path| scope.spawn(move || load(*path)))
                    .collect();
                running
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or(Err(LoadError::CompilerPanic)))
                    .collect::<Vec<_>>()
            });
            for (path, result) in batch.iter().zip(results) {
                match result {
                    Ok(component) => {
                        loaded.extend(
                            users[path]
                                .iter()
                                .map(|name| ((*name).clone(), component.clone())),
                        );
                    }
                    Err(error) => refused.push((users[path][0].clone(), error)),
                }
            }
        }
        if refused.is_empty() {
            Ok(loaded)
        } else {
            Err(SnapshotError::Components(refused))
        }
    }
}

fn same_permits(a: &config::Limits, b: &config::Limits) -> bool {
    let permits = |limits: &config::Limits| {
        (
            limits.concurrency,
            limits.queue,
            limits.queue_timeout,
            limits.cpu_weight,
        )
    };
    permits(a) == permits(b)
}
