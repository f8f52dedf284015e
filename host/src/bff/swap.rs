//! Which version of a BFF is live, if any, and how the last attempt to change it ended.
//!
//! A BFF has no version when its file is bad and none of its components was ever good: the host
//! answers its requests then.
//!
//! Publishing is one atomic store. A request takes its version when it is routed and keeps it alive
//! until it ends, so an old version drains by itself: its code and memory go with its last request.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;

use super::load::Loaded;
use super::look::Look;
use super::version::Version;
use crate::config;
use crate::sync;
use crate::telemetry::metrics::{BffMetrics, VersionMetrics};

/// The version's name of a request without a version.
const NO_VERSION: &str = "none";

/// One BFF, whatever its version.
pub struct Bff {
    settings: Arc<config::Bff>,
    metrics: Arc<BffMetrics>,
    /// The counters of requests without a version. There are none before the first such request.
    unserved: OnceLock<Arc<VersionMetrics>>,
    current: ArcSwapOption<Version>,
    history: Mutex<History>,
}

/// The history of a BFF's versions.
#[derive(Clone, Default)]
struct History {
    published_at: Option<SystemTime>,
    swaps: u64,
    refused: Option<Refused>,
    /// The file's content that was loaded or refused last.
    looked: Option<Look>,
    /// How often a component was taken or refused.
    attempts: u64,
    /// All versions that may still be alive.
    versions: Vec<Weak<Version>>,
    previous: Option<Previous>,
    /// Whether what runs is of the time when the BFF had a file. The store of releases does not
    /// have it.
    is_carried: bool,
}

/// The component that was live before, linked: the way back is short.
#[derive(Clone)]
struct Previous {
    loaded: Arc<Loaded>,
    since: Instant,
}

/// A new version that was not published.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why, in full.
    pub reason: String,
    /// When.
    pub at: SystemTime,
    /// The same file may be good a moment later, and is tried again.
    pub again: bool,
}

/// The status of a BFF, for `/bffs` and the metrics.
pub struct BffStatus {
    /// The version that new requests get; `None` when there is none.
    pub current: Option<Arc<Version>>,
    /// Since when.
    pub published_at: Option<SystemTime>,
    /// How often a version was replaced by another.
    pub swaps: u64,
    /// The newest file, if it was refused.
    pub refused: Option<Refused>,
    /// Versions that still finish requests, the current one not among them.
    pub draining: Vec<Arc<Version>>,
}

impl Bff {
    /// A BFF with its first version, if it has one.
    pub fn new(
        settings: Arc<config::Bff>,
        metrics: Arc<BffMetrics>,
        version: Option<Arc<Version>>,
    ) -> Self {
        let history = History {
            published_at: version.is_some().then(SystemTime::now),
            versions: version.iter().map(Arc::downgrade).collect(),
            ..History::default()
        };
        Self {
            settings,
            metrics,
            unserved: OnceLock::new(),
            current: ArcSwapOption::new(version),
            history: Mutex::new(history),
        }
    }

    /// The same BFF under a new configuration: its history goes on. Without a version, it has none
    /// from then on.
    pub fn succeed(&self, settings: Arc<config::Bff>, version: Option<Arc<Version>>) -> Self {
        let next = Self {
            settings,
            metrics: self.metrics.clone(),
            unserved: self.unserved.clone(),
            current: ArcSwapOption::new(self.current()),
            history: Mutex::new(self.history().clone()),
        };
        match version {
            Some(version) => next.publish(version),
            None => next.current.store(None),
        }
        next
    }

    /// What the operator set.
    pub fn settings(&self) -> &Arc<config::Bff> {
        &self.settings
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<BffMetrics> {
        &self.metrics
    }

    /// The counters of requests without a version.
    pub fn unserved(&self) -> &VersionMetrics {
        self.unserved
            .get_or_init(|| self.metrics.version(NO_VERSION))
    }

    /// The version that new requests get, if there is one.
    pub fn current(&self) -> Option<Arc<Version>> {
        self.current.load_full()
    }

    /// Publishes a version: new requests get it.
    pub fn publish(&self, version: Arc<Version>) {
        let mut history = self.history();
        history
            .versions
            .retain(|version| version.strong_count() > 0);
        history.versions.push(Arc::downgrade(&version));
        match self.current.swap(Some(version.clone())) {
            Some(replaced) if replaced.name() == version.name() => {}
            replaced => {
                history.swaps += u64::from(replaced.is_some());
                history.published_at = Some(SystemTime::now());
                // A file has no way back but another file.
                let is_carried = std::mem::take(&mut history.is_carried);
                let is_released = self.settings.component.is_none() && !is_carried;
                if let Some(replaced) = replaced.filter(|_| is_released) {
                    history.previous = Some(Previous {
                        loaded: replaced.loaded().clone(),
                        since: Instant::now(),
                    });
                }
            }
        }
        history.refused = None;
    }

    /// Records that what runs is of the time when the BFF had a file.
    pub fn carry(&self) {
        self.history().is_carried = true;
    }

    /// Whether what runs is of the time when the BFF had a file.
    pub fn is_carried(&self) -> bool {
        self.history().is_carried
    }

    /// Records that the newest file is the live version: a refused one was reverted.
    pub fn accept(&self) {
        self.history().refused = None;
    }

    /// Records that the newest file was refused. The live version stays. `again` says that the same
    /// file is tried once more.
    pub fn refuse(&self, reason: String, again: bool) {
        self.history().refused = Some(Refused {
            reason,
            at: SystemTime::now(),
            again,
        });
    }

    /// Records the content of the file that is loaded or refused now.
    pub fn look(&self, look: Look) {
        let mut history = self.history();
        history.looked = Some(look);
        history.attempts += 1;
    }

    /// Records that a released component is taken or refused now.
    pub fn tried(&self) {
        self.history().attempts += 1;
    }

    /// Records that the file still has that content.
    pub fn look_again(&self, look: Look) {
        self.history().looked = Some(look);
    }

    /// The file's content that was loaded or refused last.
    pub fn looked(&self) -> Option<Look> {
        self.history().looked.clone()
    }

    /// How often a component was taken or refused.
    pub fn attempts(&self) -> u64 {
        self.history().attempts
    }

    /// Whether the newest file was refused.
    pub fn is_refused(&self) -> bool {
        self.history().refused.is_some()
    }

    /// Whether the refused file must be tried again.
    pub fn is_tried_again(&self) -> bool {
        let history = self.history();
        history
            .refused
            .as_ref()
            .is_some_and(|refused| refused.again)
    }

    /// The component that was live before, if it is linked still.
    pub fn previous(&self) -> Option<Arc<Loaded>> {
        let history = self.history();
        history.previous.as_ref().map(|it| it.loaded.clone())
    }

    /// Takes the component that was live before a restart, if none has been since.
    pub fn remember(&self, loaded: Arc<Loaded>) {
        let previous = Previous {
            loaded,
            since: Instant::now(),
        };
        self.history().previous.get_or_insert(previous);
    }

    /// Lets the component that was live before go, if it is linked for longer than this.
    pub fn forget_previous(&self, after: Duration) {
        let mut history = self.history();
        history.previous = history
            .previous
            .take()
            .filter(|it| it.since.elapsed() < after);
    }

    /// Its status.
    pub fn status(&self) -> BffStatus {
        let current = self.current();
        let history = self.history();
        let draining = history
            .versions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|version| !current.as_ref().is_some_and(|it| Arc::ptr_eq(it, version)))
            .collect();
        BffStatus {
            current,
            published_at: history.published_at,
            swaps: history.swaps,
            refused: history.refused.clone(),
            draining,
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        sync::lock(&self.history)
    }
}
