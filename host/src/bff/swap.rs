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
use http::HeaderMap;

use super::load::Loaded;
use super::look::Look;
use super::trial::{OnTrial, Turn};
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
    serving: ArcSwapOption<Serving>,
    history: Mutex<History>,
}

/// What serves a BFF's requests. One pointer, so that no request sees a half of it.
struct Serving {
    /// The version that is live.
    version: Arc<Version>,
    /// The one that gets a share.
    on_trial: Option<OnTrial>,
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
    /// The version that gets a share of the requests.
    pub on_trial: Option<OnTrial>,
    /// Versions that still finish requests, those that new requests get not among them.
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
            serving: ArcSwapOption::new(version.map(Serving::all)),
            history: Mutex::new(history),
        }
    }

    /// The same BFF under a new configuration: its history goes on. Without a version, it has none
    /// from then on. The version on trial goes on, too, where there is one.
    pub fn succeed(
        &self,
        settings: Arc<config::Bff>,
        version: Option<Arc<Version>>,
        on_trial: Option<OnTrial>,
    ) -> Self {
        let next = Self {
            settings,
            metrics: self.metrics.clone(),
            unserved: self.unserved.clone(),
            serving: ArcSwapOption::new(self.serving.load_full()),
            history: Mutex::new(self.history().clone()),
        };
        match version {
            Some(version) => next.publish(version),
            None => next.serving.store(None),
        }
        if next.settings.component.is_some() != self.settings.component.is_some() {
            // What came from a file is not in the store, and what was released before the file is
            // what the journal says.
            next.history().previous = None;
        }
        if let Some(on_trial) = on_trial {
            next.try_out(on_trial);
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
        let serving = self.serving.load();
        Some(serving.as_ref()?.version.clone())
    }

    /// The version of a request, if there is one, and the request's place in a trial.
    pub fn take(&self, headers: &HeaderMap) -> (Option<Arc<Version>>, Option<Turn>) {
        let serving = self.serving.load();
        let Some(serving) = &*serving else {
            return (None, None);
        };
        match &serving.on_trial {
            None => (Some(serving.version.clone()), None),
            Some(on_trial) => {
                let (version, turn) = on_trial.take(&serving.version, headers);
                (Some(version), Some(turn))
            }
        }
    }

    /// The version that gets a share of the requests.
    pub fn on_trial(&self) -> Option<OnTrial> {
        let serving = self.serving.load();
        serving.as_ref()?.on_trial.clone()
    }

    /// Gives a version a share of the requests, beside the one that is live. Nothing happens where
    /// none is.
    pub fn try_out(&self, on_trial: OnTrial) {
        let mut history = self.history();
        history.add(&on_trial.version);
        let Some(version) = self.current() else {
            return;
        };
        self.serving.store(Some(Arc::new(Serving {
            version,
            on_trial: Some(on_trial),
        })));
    }

    /// Ends the trial of a release: all requests get what is live.
    pub fn end_trial(&self, release: i64) {
        let _history = self.history();
        let is_it = |it: &OnTrial| it.trial.release() == release;
        if self.on_trial().as_ref().is_some_and(is_it) {
            self.serving.store(self.current().map(Serving::all));
        }
    }

    /// Publishes a version: new requests get it, all of them.
    pub fn publish(&self, version: Arc<Version>) {
        let mut history = self.history();
        history.add(&version);
        let replaced = self.serving.swap(Some(Serving::all(version.clone())));
        match replaced.map(|it| it.version.clone()) {
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

    /// Records that what runs is the live version, for all requests: a refused file was reverted,
    /// what the BFF had as a file is released, or what is live was released during a trial.
    pub fn accept(&self) {
        let mut history = self.history();
        history.refused = None;
        history.is_carried = false;
        if self.on_trial().is_some() {
            self.serving.store(self.current().map(Serving::all));
        }
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

    /// The component that was live before, if it is linked still: another one than what is live.
    pub fn previous(&self) -> Option<Arc<Loaded>> {
        let history = self.history();
        let live = self.current().map(|it| it.loaded().digest.clone());
        let previous = history.previous.as_ref().map(|it| it.loaded.clone());
        previous.filter(|it| Some(&it.digest) != live.as_ref())
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
        let (current, on_trial) = (self.current(), self.on_trial());
        let serving = [current.as_ref(), on_trial.as_ref().map(|it| &it.version)];
        let serves = |version: &Arc<Version>| {
            let mut serving = serving.into_iter().flatten();
            serving.any(|it| Arc::ptr_eq(it, version))
        };
        let history = self.history();
        let draining = history
            .versions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|version| !serves(version))
            .collect();
        BffStatus {
            current,
            on_trial: on_trial.clone(),
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

impl Serving {
    /// One version for all requests.
    fn all(version: Arc<Version>) -> Arc<Self> {
        Arc::new(Self {
            version,
            on_trial: None,
        })
    }
}

impl History {
    /// Remembers a version for as long as it is alive.
    fn add(&mut self, version: &Arc<Version>) {
        self.versions.retain(|it| it.strong_count() > 0);
        self.versions.push(Arc::downgrade(version));
    }
}
