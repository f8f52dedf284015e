//! Changes of a running host: a new configuration, a new version of one BFF. One at a time, each
//! proven before it is live. A configuration that is no good changes nothing; a component that is
//! no good changes nothing of its BFF's version.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use thiserror::Error;
use tokio::sync::Mutex;

use super::lacking::{in_chain, in_engine};
use super::smoke::smoke;
use crate::bff::engine::Runtime;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::bff::mark::Mark;
use crate::bff::swap::Bff;
use crate::config::{self, Config, ConfigError};
use crate::downstream::Services;
use crate::snapshot::{Builder, Draft, Refusal, Shared, Snapshot, SnapshotError};

/// A change was not made.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The host was started without a file.
    #[error("there is no configuration file to read again")]
    NoFile,
    /// The file is not good.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Components were refused, or a service can't be called.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A component was refused.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// Its smoke request was not answered as it should.
    #[error("bff.{bff}: {source}")]
    Smoke {
        /// The BFF.
        bff: String,
        /// What came instead.
        source: Arc<LoadError>,
        /// Whether the host or a service may have been the cause.
        again: bool,
    },
    /// There is no such BFF.
    #[error("there is no BFF {0:?}")]
    Unknown(String),
    /// The thread that did the work failed.
    #[error("the change failed inside of the host")]
    Panic,
}

impl ChangeError {
    /// Whether the same change may succeed later: the host was out of something, or a service failed.
    pub(super) fn is_tried_again(&self) -> bool {
        match self {
            Self::Component(error) => is_lacking(error),
            Self::Smoke { again, .. } => *again,
            other => in_chain(other),
        }
    }
}

/// Whether it came only of what the host was out of.
fn is_lacking(error: &LoadError) -> bool {
    match error {
        LoadError::Compile(error) | LoadError::Link(error) => in_engine(error),
        other => in_chain(other),
    }
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// BFFs with a new version: name, version.
    pub published: Vec<(String, String)>,
    /// BFFs whose files were refused: name, reason. They go on with the version they have, if any.
    pub refused: Vec<(String, String)>,
    /// Settings that differ and take effect only when the host is started again.
    pub needs_restart: Vec<&'static str>,
}

/// Makes changes.
pub struct Changes {
    shared: Arc<Shared>,
    builder: Arc<Builder>,
    config_path: Option<PathBuf>,
    /// One refused component refuses a whole configuration.
    strict: bool,
    one_at_a_time: Mutex<()>,
}

impl Changes {
    pub(super) fn new(
        shared: Arc<Shared>,
        builder: Arc<Builder>,
        config_path: Option<PathBuf>,
        strict: bool,
    ) -> Self {
        Self {
            shared,
            builder,
            config_path,
            strict,
            one_at_a_time: Mutex::default(),
        }
    }

    /// What runs.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whose connections the control thread uses: the last of the callers is this thread.
    pub(super) fn caller(&self) -> usize {
        self.builder.callers - 1
    }

    /// Notes how the start went.
    pub(super) async fn start(&self) {
        let snapshot = self.shared.snapshot.load_full();
        for (name, bff) in &snapshot.bffs {
            if let Some(refused) = bff.state().refused {
                self.count(name, result(refused.again));
            }
        }
        self.keep(&snapshot).await;
    }

    /// Reads the configuration file and all components again, and publishes what changed. A BFF whose component is
    /// refused goes on with the version it has, under its new settings.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or, of a host that is strict, with a component. Nothing has changed then.
    pub async fn reload(&self) -> Result<Changed, ChangeError> {
        let path = self.config_path.clone().ok_or(ChangeError::NoFile)?;
        let _alone = self.one_at_a_time.lock().await;
        let live = self.shared.snapshot.load_full();
        let (mut draft, live) = self.draft(path, live).await?;
        prove(&self.shared.runtime, &self.builder, &mut draft, Some(&live)).await;
        let refused = told(&draft);
        for (name, refusal) in draft.refused() {
            self.count(
                name,
                if refusal.again {
                    "postponed"
                } else {
                    "refused"
                },
            );
        }
        if self.strict
            && let Err(error) = draft.all_good()
        {
            for (name, refusal) in draft.refused() {
                if let Some(bff) = live.bffs.get(name) {
                    bff.refuse(refusal.error.to_string(), false);
                }
            }
            return Err(error.into());
        }
        let builder = self.builder.clone();
        let before = live.clone();
        let next = blocking(move || builder.build(draft, Some(&before))).await?;
        let next = Arc::new(next);
        self.shared.snapshot.store(next.clone());
        next.services.activate();
        let swaps = &self.shared.metrics.swaps;
        swaps.retain(|bff| next.bffs.contains_key(bff));
        let changed = Changed {
            published: published(&live, &next),
            refused,
            needs_restart: needs_restart(&live.config, &next.config),
        };
        for (bff, _) in &changed.published {
            self.count(bff, "published");
        }
        self.keep(&next).await;
        Ok(changed)
    }

    fn count(&self, bff: &str, result: &'static str) {
        self.shared.metrics.swaps.count(bff, result);
    }

    async fn draft(
        &self,
        path: PathBuf,
        live: Arc<Snapshot>,
    ) -> Result<(Draft, Arc<Snapshot>), ChangeError> {
        let builder = self.builder.clone();
        blocking(move || {
            let config = config::load_but_components(&path)?;
            let draft = builder.draft(config, Some(&live))?;
            Ok((draft, live))
        })
        .await?
    }

    /// Puts the components that are live where the next start finds them. What the disk does not take costs that alone.
    pub(super) async fn keep(&self, snapshot: &Snapshot) {
        let live: Vec<(String, Arc<Loaded>)> = snapshot
            .bffs
            .iter()
            .filter_map(|(name, bff)| Some((name.clone(), bff.current()?.loaded().clone())))
            .collect();
        let all: Vec<String> = snapshot.bffs.keys().cloned().collect();
        let builder = self.builder.clone();
        let kept = blocking(move || builder.loader.keep(&live, &all)).await;
        if !matches!(kept, Ok(true)) {
            self.shared.metrics.components_not_kept.inc();
        }
    }

    /// Loads a BFF's component file and publishes it, if it is another than the live version.
    ///
    /// # Errors
    ///
    /// Why the file is refused. The live version goes on, and the reason is shown in `/bffs`.
    pub async fn swap(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let _alone = self.one_at_a_time.lock().await;
        let snapshot = self.shared.snapshot.load_full();
        let bff = snapshot
            .bffs
            .get(name)
            .ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
        let result = self.try_swap(bff, &snapshot.services).await;
        match &result {
            Ok(Some(_)) => {
                self.count(name, "published");
                self.keep(&snapshot).await;
            }
            Ok(None) => {}
            Err(error) if error.is_tried_again() => {
                bff.refuse(error.to_string(), true);
                self.count(name, "postponed");
            }
            Err(error) => {
                bff.refuse(error.to_string(), false);
                self.count(name, "refused");
            }
        }
        result
    }

    async fn try_swap(
        &self,
        bff: &Bff,
        services: &Services,
    ) -> Result<Option<String>, ChangeError> {
        let current = bff.current();
        let (builder, settings) = (self.builder.clone(), bff.settings().clone());
        let live = current.clone();
        let (mark, loaded) = blocking(move || {
            let path = &settings.component;
            let known = live.as_ref().map(|live| live.loaded());
            (Mark::of(path), builder.loader.load(path, known))
        })
        .await?;
        bff.look(mark);
        let loaded = loaded?;
        let before = current.as_deref();
        if before.is_some_and(|before| before.loaded().digest == loaded.digest) {
            bff.accept();
            return Ok(None);
        }
        let (settings, metrics) = (bff.settings(), bff.metrics());
        let builder = &self.builder;
        let version = Arc::new(builder.version(settings, loaded, services, before, metrics));
        let proven = smoke(&self.shared.runtime, &version, services, self.caller()).await;
        proven.map_err(|Refusal { error, again }| ChangeError::Smoke {
            bff: version.bff().to_string(),
            source: error,
            again,
        })?;
        let name = version.name().to_string();
        bff.publish(version);
        Ok(Some(name))
    }

    /// Looks after the connections that smoke requests have left behind. Workers do so for their
    /// own.
    pub(super) fn tick(&self) {
        for service in self.shared.snapshot.load().services.iter() {
            service.tick(self.builder.callers - 1);
        }
    }
}

/// Makes the smoke requests of all versions of a draft that were never live, and refuses those that fail.
pub(super) async fn prove(
    runtime: &Runtime,
    builder: &Builder,
    draft: &mut Draft,
    live: Option<&Snapshot>,
) {
    let Draft {
        config,
        services,
        candidates,
    } = draft;
    let proofs = candidates.iter_mut().map(async |(name, candidate)| {
        let loaded = match &mut candidate.file {
            Ok(loaded) => loaded.clone(),
            Err(refusal) => {
                refusal.again |= is_lacking(&refusal.error);
                return;
            }
        };
        let settings = Arc::new(config.bffs[name].clone());
        let old = live.and_then(|live| live.bffs.get(name));
        let before = old.and_then(|old| old.current());
        let is_live = before
            .as_ref()
            .is_some_and(|before| before.loaded().digest == loaded.digest);
        if settings.smoke.is_none() || is_live {
            return;
        }
        // A start is no change: it takes what was live before as it is.
        if live.is_none() && builder.loader.was_live(name, &loaded.digest) {
            return;
        }
        let metrics = Arc::default();
        let version = builder.version(&settings, loaded, services, before.as_deref(), &metrics);
        let caller = builder.callers - 1;
        if let Err(refusal) = smoke(runtime, &Arc::new(version), services, caller).await {
            candidate.file = Err(refusal);
        }
    });
    join_all(proofs).await;
}

/// Why components are refused, each with its BFF.
pub(super) fn told(draft: &Draft) -> Vec<(String, String)> {
    let refused = draft.refused();
    refused
        .map(|(name, refusal)| (name.clone(), refusal.error.to_string()))
        .collect()
}

/// How a refusal counts.
fn result(again: bool) -> &'static str {
    if again { "postponed" } else { "refused" }
}

/// The BFFs that have another version than before.
fn published(live: &Snapshot, next: &Snapshot) -> Vec<(String, String)> {
    let version = |snapshot: &Snapshot, name: &str| {
        let current = snapshot.bffs.get(name)?.current()?;
        Some(current.name().to_string())
    };
    next.bffs
        .keys()
        .filter_map(|name| Some((name.clone(), version(next, name)?)))
        .filter(|(name, new)| version(live, name).as_ref() != Some(new))
        .collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ChangeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ChangeError::Panic)
}

/// Settings that are read once, when the host starts.
fn needs_restart(live: &Config, next: &Config) -> Vec<&'static str> {
    [
        ("server", live.server != next.server),
        ("admin", live.admin != next.admin),
        (
            "log.format, log.level",
            (live.log.format, &live.log.level) != (next.log.format, &next.log.level),
        ),
        (
            "engine.data-dir, engine.instances, engine.max-component-size",
            (
                &live.engine.data_dir,
                live.engine.instances,
                live.engine.max_component_size,
            ) != (
                &next.engine.data_dir,
                next.engine.instances,
                next.engine.max_component_size,
            ),
        ),
    ]
    .into_iter()
    .filter_map(|(key, differs)| differs.then_some(key))
    .collect()
}
