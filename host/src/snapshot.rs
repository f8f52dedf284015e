//! Everything that a request is routed by, as one value that is replaced as a whole: routes, BFFs,
//! services.
//!
//! A request reads the snapshot once. A reload builds the next one beside the live one, taking over
//! what did not change (connections, compiled code, permits, counters). It is built in two steps,
//! and the caller loads components and makes smoke requests between them: a [`Draft`] has what the
//! components' files hold, and the snapshot a version of each BFF, for an invalid file the previous
//! or the last valid one.

mod draft;
mod error;
mod previews;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::bff::admission::{Admission, Instances};
use crate::bff::load::{Loaded, Loader};
use crate::bff::runtime::Runtime;
use crate::bff::swap::Bff;
use crate::bff::trial::OnTrial;
use crate::bff::version::Version;
use crate::calls::grants;
use crate::config::{self, Config};
use crate::development::{Observer, StandIns};
use crate::downstream::Services;
use crate::recording::Recordings;
use crate::router::RouteTable;
use crate::shadow::Shadows;
use crate::telemetry::metrics::{BffMetrics, Metrics};

pub use draft::{Candidate, Draft, Refusal};
pub use error::SnapshotError;
pub use previews::{Later, PreviewError, PreviewOf, Previews};

/// The reason of a BFF that has its file's component, and whose configuration names that no more.
const UNRELEASED: &str = "nothing is released to it yet, and it goes on with what it had as a file; \
                          release a component with tailor deploy";

/// The state that all threads of a host share.
pub struct SharedState {
    /// The live snapshot.
    pub snapshot: ArcSwap<Snapshot>,
    /// The engine.
    pub runtime: Arc<Runtime>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Is told of each request, in a host for development.
    pub observer: Option<Arc<dyn Observer>>,
    /// The requests that are recorded.
    pub recordings: Arc<Recordings>,
    /// Versions that are not live; none in a host that does not serve.
    pub previews: Option<Arc<dyn Previews>>,
    /// Candidates that run on what clients ask.
    pub shadows: Arc<Shadows>,
}

/// Routes, BFFs and services of one configuration.
pub struct Snapshot {
    /// The configuration it was made of.
    pub config: Arc<Config>,
    /// Finds the index of a route.
    pub routes: RouteTable,
    /// Where each route leads, by its index.
    pub targets: Vec<Arc<Target>>,
    /// The BFFs by name.
    pub bffs: BTreeMap<String, Arc<Bff>>,
    pub services: Arc<Services>,
}

/// Where a route leads.
pub struct Target {
    /// The kind of client.
    pub client: String,
    /// The route's path prefix, which stands for the path in logs: a path itself can be personal.
    pub prefix: String,
    pub bff: Arc<Bff>,
}

/// Makes snapshots.
pub struct Builder {
    /// Loads components.
    pub loader: Arc<Loader>,
    /// Threads that call services; each has connections of its own.
    pub callers: usize,
    /// The instances of the host.
    pub instances: Arc<Instances>,
    /// Answers services in process, in a host for development.
    pub stand_ins: Option<StandIns>,
}

impl Builder {
    /// Prepares the services of a configuration. Reads files, and blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// A service that cannot be called. What is live is untouched then.
    pub fn draft(
        &self,
        config: Config,
        previous: Option<&Snapshot>,
    ) -> Result<Draft, SnapshotError> {
        let services = previous.map(|previous| &*previous.services);
        Ok(Draft {
            services: Services::new(&config, self.callers, services, |name| {
                self.stand_ins.as_ref()?(name)
            })?,
            candidates: BTreeMap::new(),
            config,
        })
    }

    /// Makes a snapshot of a draft. A BFF whose file was refused keeps its live component, else
    /// gets its last good one, else has no version. A BFF that was swapped after its file was read
    /// for the draft keeps the result of the swap.
    pub fn build(&self, draft: Draft, previous: Option<&Snapshot>) -> Snapshot {
        let Draft {
            config,
            services,
            candidates,
        } = draft;
        let mut bffs = BTreeMap::new();
        for (name, candidate) in candidates {
            let old = previous.and_then(|previous| previous.bffs.get(&name));
            let settings = Arc::new(config.bffs[&name].clone());
            let bff = self.bff(settings, candidate, &services, old.map(|old| &**old));
            bffs.insert(name, Arc::new(bff));
        }
        let targets = config
            .routes
            .iter()
            .map(|route| {
                Arc::new(Target {
                    client: route.client.clone(),
                    prefix: route.path.clone(),
                    bff: bffs[&route.bff].clone(),
                })
            })
            .collect();
        Snapshot {
            routes: RouteTable::new(&config.routes),
            targets,
            bffs,
            services: Arc::new(services),
            config: Arc::new(config),
        }
    }

    fn bff(
        &self,
        settings: Arc<config::Bff>,
        candidate: Candidate,
        services: &Services,
        old: Option<&Bff>,
    ) -> Bff {
        let before = old.and_then(Bff::current);
        let live = before.as_ref().map(|before| before.loaded().clone());
        let swapped = old.filter(|old| {
            old.attempts() != candidate.attempts && old.settings().component == settings.component
        });
        let loaded = match &candidate.file {
            Ok(Some(loaded)) if swapped.is_none() => Some(loaded.clone()),
            _ => live.or(candidate.last_good),
        };
        let metrics = old.map(|old| old.metrics().clone()).unwrap_or_default();
        let version = loaded.map(|loaded| {
            let before = before.as_deref();
            Arc::new(self.version(&settings, loaded, services, before, &metrics))
        });
        let on_trial = old.and_then(Bff::on_trial);
        let on_trial = on_trial.filter(|_| settings.component.is_none());
        let on_trial = on_trial.map(|it| {
            let loaded = it.version.loaded().clone();
            let stable = version.as_deref();
            let version = self.version(&settings, loaded, services, stable, &metrics);
            OnTrial {
                version: Arc::new(version),
                ..it
            }
        });
        if let Some(old) = swapped {
            let refused = old.status().refused;
            let bff = old.succeed(settings, version, on_trial);
            if let Some(refused) = refused {
                bff.refuse(refused.reason, refused.again);
            }
            return bff;
        }
        let is_unreleased = version.is_some() && matches!(candidate.file, Ok(None));
        let bff = match old {
            Some(old) => old.succeed(settings, version, on_trial),
            None => Bff::new(settings, metrics, version),
        };
        if let Some(look) = candidate.look {
            bff.look(look);
        }
        if is_unreleased {
            bff.carry();
            bff.refuse(UNRELEASED.to_owned(), false);
        }
        if let Err(Refusal { error, again }) = candidate.file {
            bff.refuse(error.to_string(), again);
        }
        bff
    }

    /// A version of a BFF that takes over what it can of its predecessor.
    pub fn version(
        &self,
        settings: &Arc<config::Bff>,
        loaded: Arc<Loaded>,
        services: &Services,
        before: Option<&Version>,
        metrics: &Arc<BffMetrics>,
    ) -> Version {
        let grants = Arc::new(grants(services, settings));
        let admission = match before {
            Some(before) if same_permits(&before.settings().limits, &settings.limits) => {
                before.admission().clone()
            }
            _ => self.admission(&settings.limits),
        };
        let metrics = metrics.version(&loaded.version);
        Version::new(settings.clone(), loaded, grants, admission, metrics)
    }

    /// A version that no client gets. Its permits and its counters are its own, and how its calls
    /// end opens no breaker: it says nothing of the BFF.
    pub fn unpublished(
        &self,
        settings: &Arc<config::Bff>,
        loaded: Arc<Loaded>,
        services: &Services,
    ) -> Version {
        let grants = Arc::new(grants(services, settings).without_counts());
        let admission = self.admission(&settings.limits);
        let metrics = Arc::<BffMetrics>::default().version(&loaded.version);
        Version::new(settings.clone(), loaded, grants, admission, metrics).for_previews()
    }

    fn admission(&self, limits: &config::Limits) -> Arc<Admission> {
        Arc::new(Admission::new(limits, self.callers, self.instances.clone()))
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
