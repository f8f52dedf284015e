//! Changes of a running host: a new configuration, a new version of one BFF. Each is tested before
//! it is live. An invalid configuration changes nothing; an invalid component leaves its BFF's
//! version as it is.
//!
//! Each BFF has a lock of its own, which is held while its file is read, compiled and tested: no
//! change of a BFF waits for another one's. What is live is changed under one lock for all, which
//! is held for the exchange of a pointer and a few tables, and never across a wait. So a reload and
//! a swap can run side by side: the reload takes over what a swap published meanwhile, and the swap
//! starts again with the new settings after a reload.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::bff_locks::BffLocks;
use super::candidates::Candidates;
use super::error::ChangeError;
use super::unrecorded::Unrecorded;
use crate::bff::load::Loaded;
use crate::config::{self, Config, ConfigError};
use crate::file::TIMEOUT;
use crate::releases::Releases;
use crate::snapshot::{Builder, Draft, SharedState, Snapshot, SnapshotError};
use crate::sync;
use crate::telemetry::metrics::Reload;

/// Time that clients of a host that starts wait until old releases are removed.
const BEGIN: Duration = Duration::from_millis(500);
/// Time limit for the disk at the end.
const END: Duration = Duration::from_secs(2);

/// The result of a change.
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
    pub(super) shared: Arc<SharedState>,
    pub(super) builder: Arc<Builder>,
    /// None in a host that does not serve.
    pub(super) releases: Option<Arc<Releases>>,
    config_path: Option<PathBuf>,
    /// One refused component refuses a whole configuration.
    strict: bool,
    pub(super) bff_locks: BffLocks,
    /// Held while a preview is proven, which changes nothing of the BFF.
    pub(super) previewing: BffLocks,
    /// Held while a release is committed and published, after the lock of the BFF.
    pub(super) committing: BffLocks,
    pub(super) unrecorded: Arc<Unrecorded>,
    /// The newest release that was ordered, by BFF.
    pub(super) newest: Mutex<BTreeMap<String, i64>>,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
    /// Held only while what is live is replaced.
    publishing: Mutex<()>,
    /// Notified when a component could not be stored.
    unkept: Notify,
    /// Notified when a rule of a trial breaks.
    pub(super) broken: Arc<Notify>,
    /// Whether what the journal says was followed once.
    pub(super) has_followed: AtomicBool,
}

impl Changes {
    pub(super) fn new(
        shared: Arc<SharedState>,
        builder: Arc<Builder>,
        releases: Option<Arc<Releases>>,
        config_path: Option<PathBuf>,
        strict: bool,
    ) -> Self {
        Self {
            shared,
            builder,
            releases,
            config_path,
            strict,
            bff_locks: BffLocks::default(),
            previewing: BffLocks::default(),
            committing: BffLocks::default(),
            unrecorded: Arc::default(),
            newest: Mutex::default(),
            reloading: tokio::sync::Mutex::default(),
            publishing: Mutex::default(),
            unkept: Notify::new(),
            broken: Arc::default(),
            has_followed: AtomicBool::new(false),
        }
    }

    /// What runs.
    pub fn shared(&self) -> &Arc<SharedState> {
        &self.shared
    }

    /// What clients of a BFF get while its newest file is refused, for the log.
    pub fn meanwhile(&self, bff: &str) -> &'static str {
        let snapshot = self.shared.snapshot.load();
        let served = snapshot.bffs.get(bff).and_then(|bff| bff.current());
        match served {
            Some(_) => "the old one goes on",
            None => "there is no other to serve",
        }
    }

    /// The index of the control thread among the callers of services: the last.
    pub(super) fn caller(&self) -> usize {
        self.builder.callers - 1
    }

    /// Records the result of the start.
    pub(super) async fn start(&self) {
        let snapshot = self.shared.snapshot.load_full();
        for (name, bff) in &snapshot.bffs {
            if let Some(refused) = bff.status().refused {
                self.count(name, result(refused.again));
            }
        }
        self.keep_all(&snapshot).await;
        let mut bffs = snapshot.bffs.values();
        if bffs.any(|bff| bff.settings().component.is_none()) {
            // It goes on without this wait, where another program holds a lock on the journal.
            let _ = timeout(BEGIN, self.tidy(snapshot.config.releases.keep)).await;
        }
    }

    /// Reads the configuration file and all components again, and publishes what changed. A BFF
    /// whose component is refused goes on with the version it has, under its new settings.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or, of a host that is strict, with a component. Nothing has
    /// changed then.
    pub async fn reload(&self) -> Result<Changed, ChangeError> {
        let path = self.config_path.clone().ok_or(ChangeError::NoFile)?;
        self.apply(move || config::load_but_components(&path)).await
    }

    /// The same with another way to the configuration, which may block.
    ///
    /// # Errors
    ///
    /// As [`Self::reload`].
    pub async fn apply(
        &self,
        read: impl FnOnce() -> Result<Config, ConfigError> + Send + 'static,
    ) -> Result<Changed, ChangeError> {
        let _alone = self.reloading.lock().await;
        let reloaded = self.try_apply(read).await;
        self.shared.metrics.reload(match &reloaded {
            Ok(changed) if changed.refused.is_empty() => Reload::Done,
            Ok(_) => Reload::Partial,
            Err(_) => Reload::Failed,
        });
        reloaded
    }

    async fn try_apply(
        &self,
        read: impl FnOnce() -> Result<Config, ConfigError> + Send + 'static,
    ) -> Result<Changed, ChangeError> {
        let live = self.shared.snapshot.load_full();
        let mut draft = self.draft(read, live.clone()).await?;
        self.keep_grants(&live, &draft.config).await?;
        let candidates = Candidates {
            runtime: &self.shared.runtime,
            builder: &self.builder,
            releases: self.releases.as_ref(),
            bff_locks: &self.bff_locks,
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
        if let Some(releases) = &self.releases {
            // A BFF that is new has a trial, if the journal says so.
            releases.tell_again();
        }
        let is_live = |bff: &str| next.bffs.contains_key(bff);
        self.shared.metrics.swaps.retain(is_live);
        self.bff_locks.retain(is_live);
        self.previewing.retain(is_live);
        self.committing.retain(is_live);
        self.builder.loader.withdraw(|bff, _| is_live(bff));
        for (bff, _) in &published {
            self.count(bff, "published");
        }
        self.keep_all(&next).await;
        self.link_previous(&live, &next).await;
        Ok(Changed {
            published,
            refused,
            needs_restart: needs_restart(&live.config, &next.config),
        })
    }

    pub(super) fn count(&self, bff: &str, result: &'static str) {
        self.shared.metrics.swaps.count(bff, result);
    }

    async fn draft(
        &self,
        read: impl FnOnce() -> Result<Config, ConfigError> + Send + 'static,
        live: Arc<Snapshot>,
    ) -> Result<Draft, ChangeError> {
        let builder = self.builder.clone();
        blocking(move || {
            let config = read()?;
            Ok(builder.draft(config, Some(&live))?)
        })
        .await?
    }

    /// Publishes a draft. Returns it, and the BFFs whose version changed.
    fn publish_all(&self, draft: Draft) -> (Arc<Snapshot>, Vec<(String, String)>) {
        let _publishing = self.publishing();
        let live = self.shared.snapshot.load_full();
        let next = Arc::new(self.builder.build(draft, Some(&live)));
        self.shared.snapshot.store(next.clone());
        self.shared.recordings.apply(&next.config.record);
        let published = published(&live, &next);
        (next, published)
    }

    pub(super) fn publishing(&self) -> MutexGuard<'_, ()> {
        sync::lock(&self.publishing)
    }

    /// Stores the live components for the next start, and records what is live: the last published
    /// ones may not be stored yet.
    pub(super) async fn end(&self) {
        if !matches!(timeout(END, self.record_left()).await, Ok(true)) {
            tracing::error!(
                "releases: the journal does not have all that is live, and the next start forgets that"
            );
        }
        let snapshot = self.shared.snapshot.load_full();
        if timeout(END, self.keep_live(&snapshot)).await.is_err() {
            tracing::warn!("the data directory does not answer: what was live last is not kept");
        }
    }

    /// The same. Counts failures, so that it is tried again.
    async fn keep_all(&self, snapshot: &Snapshot) {
        if !self.keep_live(snapshot).await {
            self.not_kept();
        }
    }

    /// Stores the live components for the next start. Returns whether it succeeded.
    pub(super) async fn keep_live(&self, snapshot: &Snapshot) -> bool {
        // Released components are on the disk before they are live.
        let bffs = snapshot.bffs.iter();
        let bffs = bffs.filter(|(_, bff)| bff.settings().component.is_some());
        let live = bffs.filter_map(|(name, bff)| Some((name.clone(), bff.current()?)));
        let live = live.map(|(name, version)| (name, version.loaded().clone()));
        self.write(live.collect()).await
    }

    /// Notified when a component was not stored.
    pub(super) fn unkept(&self) -> &Notify {
        &self.unkept
    }

    /// Stores components for the next start. A failure or a slow disk affects nothing else.
    pub(super) async fn keep(&self, live: Vec<(String, Arc<Loaded>)>) {
        if !self.write(live).await {
            self.not_kept();
        }
    }

    fn not_kept(&self) {
        self.shared.metrics.components_not_kept.inc();
        self.unkept.notify_one();
    }

    async fn write(&self, live: Vec<(String, Arc<Loaded>)>) -> bool {
        let snapshot = self.shared.snapshot.load_full();
        let all: Vec<String> = snapshot.bffs.keys().cloned().collect();
        let builder = self.builder.clone();
        let released = self.releases.as_ref().map(|releases| releases.needed());
        let released = released.unwrap_or_default();
        let kept = blocking(move || builder.loader.keep(&live, &all, released));
        matches!(timeout(TIMEOUT, kept).await, Ok(Ok(true)))
    }

    /// Maintains the connections of smoke requests, workers maintain their own, and lets go what is
    /// kept for long enough.
    pub(super) fn tick(&self) {
        for service in self.shared.snapshot.load().services.iter() {
            service.tick(self.caller());
        }
        self.forget_previous();
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

/// Records a refusal in the metrics.
pub(super) fn result(again: bool) -> &'static str {
    if again { "postponed" } else { "refused" }
}

/// The BFFs whose version changed.
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

pub(super) async fn blocking<T: Send + 'static>(
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
            "releases.uploads, releases.event-streams",
            (live.releases.uploads, live.releases.event_streams)
                != (next.releases.uploads, next.releases.event_streams),
        ),
        (
            "engine.data-dir, engine.instances, engine.max-component-size, engine.compile-*",
            (
                &live.engine.data_dir,
                live.engine.instances,
                live.engine.max_component_size,
                &live.engine.compile,
            ) != (
                &next.engine.data_dir,
                next.engine.instances,
                next.engine.max_component_size,
                &next.engine.compile,
            ),
        ),
    ]
    .into_iter()
    .filter_map(|(key, differs)| differs.then_some(key))
    .collect()
}
