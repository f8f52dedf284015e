//! Changes of a running host: a new configuration, a new version of one BFF. Each is proven before
//! it is live. A configuration that is no good changes nothing; a component that is no good changes
//! nothing of its BFF's version.
//!
//! Each BFF has a lock of its own, which is held while its file is read, compiled and asked: no
//! change of a BFF waits for another one's. What is live is changed under one lock for all, which
//! is held for as long as a pointer and a few tables take, and by nobody who waits. So a reload and
//! a swap can pass each other by: the reload takes what a swap published after it had read the
//! file, and the swap begins again with the new settings when a reload came before it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::time::timeout;

use super::candidates::Candidates;
use super::lacking::{in_chain, in_load};
use super::smoke::smoke;
use super::turns::Turns;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::bff::look::Look;
use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::config::{self, Config, ConfigError};
use crate::downstream::Services;
use crate::file::PATIENCE;
use crate::snapshot::{Builder, Draft, Refusal, Shared, Snapshot, SnapshotError};
use crate::telemetry::metrics::Reload;

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
            Self::Component(error) => in_load(error),
            Self::Smoke { again, .. } => *again,
            other => in_chain(other),
        }
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
    turns: Turns,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
    /// Held by who changes what is live, for as long as that alone takes.
    publishing: Mutex<()>,
}

/// What an attempt to swap a BFF led to, before any of it is live.
struct Attempt {
    look: Look,
    /// What the file holds.
    loaded: Option<Arc<Loaded>>,
    /// The version to publish, if it is another than the live one.
    outcome: Result<Option<Arc<Version>>, ChangeError>,
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
            turns: Turns::default(),
            reloading: tokio::sync::Mutex::default(),
            publishing: Mutex::default(),
        }
    }

    /// What runs.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whose connections the control thread uses: the last of the callers is this thread.
    fn caller(&self) -> usize {
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
        self.keep_all(&snapshot).await;
    }

    /// Reads the configuration file and all components again, and publishes what changed. A BFF
    /// whose component is refused goes on with the version it has, under its new settings.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or, of a host that is strict, with a component. Nothing has
    /// changed then.
    pub async fn reload(&self) -> Result<Changed, ChangeError> {
        let _alone = self.reloading.lock().await;
        let reloaded = self.try_reload().await;
        self.shared.metrics.reload(match &reloaded {
            Ok(changed) if changed.refused.is_empty() => Reload::Done,
            Ok(_) => Reload::Partial,
            Err(_) => Reload::Failed,
        });
        reloaded
    }

    async fn try_reload(&self) -> Result<Changed, ChangeError> {
        let path = self.config_path.clone().ok_or(ChangeError::NoFile)?;
        let live = self.shared.snapshot.load_full();
        let mut draft = self.draft(path, live.clone()).await?;
        let candidates = Candidates {
            runtime: &self.shared.runtime,
            builder: &self.builder,
            turns: &self.turns,
            live: Some(&live),
            asks: true,
        };
        candidates.get(&mut draft).await;
        let refused = told(&draft);
        for (name, refusal) in draft.refused() {
            self.count(name, result(refusal.again));
        }
        if self.strict {
            note_refused(&draft, &live)?;
        }
        let (next, published) = self.publish_all(draft);
        next.services.activate();
        let is_live = |bff: &str| next.bffs.contains_key(bff);
        self.shared.metrics.swaps.retain(is_live);
        self.turns.retain(is_live);
        for (bff, _) in &published {
            self.count(bff, "published");
        }
        self.keep_all(&next).await;
        Ok(Changed {
            published,
            refused,
            needs_restart: needs_restart(&live.config, &next.config),
        })
    }

    fn count(&self, bff: &str, result: &'static str) {
        self.shared.metrics.swaps.count(bff, result);
    }

    async fn draft(&self, path: PathBuf, live: Arc<Snapshot>) -> Result<Draft, ChangeError> {
        let builder = self.builder.clone();
        blocking(move || {
            let config = config::load_but_components(&path)?;
            Ok(builder.draft(config, Some(&live))?)
        })
        .await?
    }

    /// Makes a draft live. Returns it, and the BFFs that have another version than before.
    fn publish_all(&self, draft: Draft) -> (Arc<Snapshot>, Vec<(String, String)>) {
        let _publishing = self.publishing();
        let live = self.shared.snapshot.load_full();
        let next = Arc::new(self.builder.build(draft, Some(&live)));
        self.shared.snapshot.store(next.clone());
        let published = published(&live, &next);
        (next, published)
    }

    fn publishing(&self) -> MutexGuard<'_, ()> {
        // What it guards is replaced as a whole, so a panic elsewhere does not spoil it.
        self.publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads a BFF's component file and publishes it, if it is another than the live version.
    ///
    /// # Errors
    ///
    /// Why the file is refused, once for a file that is written on. The live version goes on, and
    /// the reason is shown in `/bffs`.
    pub async fn swap(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let _turn = self.turns.take(name).await;
        let mut known = None;
        let done = loop {
            let (bff, services) = self.bff(name)?;
            let attempt = self.attempt(&bff, &services, known).await?;
            match self.conclude(name, &bff, attempt) {
                Ok(done) => break done?,
                // A reload has replaced what the attempt began with.
                Err(loaded) => known = loaded,
            }
        };
        let Some(version) = done else {
            return Ok(None);
        };
        self.count(name, "published");
        self.keep(vec![(name.to_owned(), version.loaded().clone())])
            .await;
        Ok(Some(version.name().to_string()))
    }

    /// Reads a file again that may have changed without a sign of it, and swaps the BFF if it did.
    ///
    /// # Errors
    ///
    /// As [`Self::swap`].
    pub(super) async fn compare(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let turn = self.turns.take(name).await;
        let (bff, _) = self.bff(name)?;
        let (builder, path) = (self.builder.clone(), bff.settings().component.clone());
        let look = blocking(move || builder.loader.look(&path).0).await?;
        if bff.looked().is_some_and(|it| it.content == look.content) {
            bff.look_again(look);
            return Ok(None);
        }
        drop(turn);
        self.swap(name).await
    }

    fn bff(&self, name: &str) -> Result<(Arc<Bff>, Arc<Services>), ChangeError> {
        let snapshot = self.shared.snapshot.load();
        let bff = snapshot.bffs.get(name);
        let bff = bff.ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
        Ok((bff.clone(), snapshot.services.clone()))
    }

    /// `known` is what the file held when it was read before.
    async fn attempt(
        &self,
        bff: &Bff,
        services: &Services,
        known: Option<Arc<Loaded>>,
    ) -> Result<Attempt, ChangeError> {
        let current = bff.current();
        let known = known.or_else(|| current.as_ref().map(|current| current.loaded().clone()));
        let (builder, path) = (self.builder.clone(), bff.settings().component.clone());
        let looked = bff.looked();
        let (look, loaded) = blocking(move || {
            let loader = &builder.loader;
            loader.attempt(&path, known.as_ref(), looked.as_ref())
        })
        .await?;
        let (loaded, outcome) = match loaded {
            Err(error) => (None, Err(error.into())),
            Ok(loaded) => {
                let before = current.as_deref();
                let outcome = self.prove(bff, services, loaded.clone(), before).await;
                (Some(loaded), outcome)
            }
        };
        Ok(Attempt {
            look,
            loaded,
            outcome,
        })
    }

    /// Makes a version of a component and the smoke request to it, unless it is the live one.
    async fn prove(
        &self,
        bff: &Bff,
        services: &Services,
        loaded: Arc<Loaded>,
        before: Option<&Version>,
    ) -> Result<Option<Arc<Version>>, ChangeError> {
        if before.is_some_and(|before| before.loaded().digest == loaded.digest) {
            return Ok(None);
        }
        let (settings, metrics) = (bff.settings(), bff.metrics());
        let version = self
            .builder
            .version(settings, loaded, services, before, metrics);
        let version = Arc::new(version);
        let proven = smoke(&self.shared.runtime, &version, services, self.caller()).await;
        proven.map_err(|Refusal { error, again }| ChangeError::Smoke {
            bff: version.bff().to_string(),
            source: error,
            again,
        })?;
        Ok(Some(version))
    }

    /// Publishes what an attempt led to, or notes why it is refused. Gives back what was loaded when
    /// the BFF was replaced meanwhile.
    #[expect(
        clippy::type_complexity,
        reason = "the result of the change in the result of the attempt"
    )]
    fn conclude(
        &self,
        name: &str,
        bff: &Arc<Bff>,
        attempt: Attempt,
    ) -> Result<Result<Option<Arc<Version>>, ChangeError>, Option<Arc<Loaded>>> {
        let _publishing = self.publishing();
        let snapshot = self.shared.snapshot.load();
        let is_live = |live: &Arc<Bff>| Arc::ptr_eq(live, bff);
        if !snapshot.bffs.get(name).is_some_and(is_live) {
            return Err(attempt.loaded);
        }
        // The file may be about to be replaced.
        if attempt.look.mark.is_none() && bff.current().is_some() {
            return Ok(Ok(None));
        }
        let is_known = attempt.look.has_grown && bff.is_refused();
        bff.look(attempt.look);
        match attempt.outcome {
            Ok(Some(version)) => {
                bff.publish(version.clone());
                Ok(Ok(Some(version)))
            }
            Ok(None) => {
                bff.accept();
                Ok(Ok(None))
            }
            Err(error) => {
                let again = error.is_tried_again();
                bff.refuse(error.to_string(), again);
                if is_known {
                    tracing::debug!(bff = name, "the file has grown, and is refused: {error}");
                    return Ok(Ok(None));
                }
                self.count(name, result(again));
                Ok(Err(error))
            }
        }
    }

    /// Puts the components that are live where the next start finds them.
    async fn keep_all(&self, snapshot: &Snapshot) {
        let bffs = snapshot.bffs.iter();
        let live = bffs.filter_map(|(name, bff)| Some((name.clone(), bff.current()?)));
        let live = live.map(|(name, version)| (name, version.loaded().clone()));
        self.keep(live.collect()).await;
    }

    /// Puts components where the next start finds them. What the disk does not take, or not in time,
    /// costs that alone.
    async fn keep(&self, live: Vec<(String, Arc<Loaded>)>) {
        let snapshot = self.shared.snapshot.load_full();
        let all: Vec<String> = snapshot.bffs.keys().cloned().collect();
        let builder = self.builder.clone();
        let kept = blocking(move || builder.loader.keep(&live, &all));
        if !matches!(timeout(PATIENCE, kept).await, Ok(Ok(true))) {
            self.shared.metrics.components_not_kept.inc();
        }
    }

    /// Looks after the connections that smoke requests have left behind. Workers do so for their
    /// own.
    pub(super) fn tick(&self) {
        for service in self.shared.snapshot.load().services.iter() {
            service.tick(self.caller());
        }
    }
}

/// Notes on the live BFFs which components of a draft are refused.
///
/// # Errors
///
/// All of them.
fn note_refused(draft: &Draft, live: &Snapshot) -> Result<(), SnapshotError> {
    for (name, refusal) in draft.refused() {
        if let Some(bff) = live.bffs.get(name) {
            bff.refuse(refusal.error.to_string(), refusal.again);
        }
    }
    draft.all_good()
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
