//! Which version of a BFF is live, and how the last attempt to change that ended.
//!
//! Publishing is one atomic store. A request took its version when it was routed and keeps it alive until it ends, so an
//! old version drains by itself and its code and memory go with its last request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use super::version::Version;

/// One BFF, whatever its version.
pub struct Bff {
    current: ArcSwap<Version>,
    history: Mutex<History>,
}

/// What happened to a BFF's versions.
#[derive(Clone, Default)]
struct History {
    published_at: Option<SystemTime>,
    swaps: u64,
    refused: Option<Refused>,
    /// All versions that may still be alive.
    versions: Vec<Weak<Version>>,
}

/// A new version that was not published.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why, in full.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}

/// A look at a BFF, for `/bffs`.
pub struct State {
    /// The version that new requests get.
    pub current: Arc<Version>,
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
    /// A BFF with its first version.
    pub fn new(version: Arc<Version>) -> Self {
        let history = History {
            published_at: Some(SystemTime::now()),
            versions: vec![Arc::downgrade(&version)],
            ..History::default()
        };
        Self {
            current: ArcSwap::new(version),
            history: Mutex::new(history),
        }
    }

    /// The same BFF under a new configuration: its history goes on.
    pub fn succeed(&self, version: Arc<Version>) -> Self {
        let next = Self {
            current: ArcSwap::new(self.current()),
            history: Mutex::new(self.history().clone()),
        };
        next.publish(version);
        next
    }

    /// The version that new requests get.
    pub fn current(&self) -> Arc<Version> {
        self.current.load_full()
    }

    /// Makes a version the one that new requests get.
    pub fn publish(&self, version: Arc<Version>) {
        let mut history = self.history();
        history
            .versions
            .retain(|version| version.strong_count() > 0);
        history.versions.push(Arc::downgrade(&version));
        let replaced = self.current.swap(version.clone());
        if replaced.name() != version.name() {
            history.swaps += 1;
            history.published_at = Some(SystemTime::now());
        }
        history.refused = None;
    }

    /// Notes that the newest file is the live version: one that was refused has been taken back.
    pub fn accept(&self) {
        self.history().refused = None;
    }

    /// Notes that the newest file was refused. The live version stays.
    pub fn refuse(&self, reason: String) {
        self.history().refused = Some(Refused {
            reason,
            at: SystemTime::now(),
        });
    }

    /// A look at it.
    pub fn state(&self) -> State {
        let current = self.current();
        let history = self.history();
        let draining = history
            .versions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|version| !Arc::ptr_eq(version, &current))
            .collect();
        State {
            current,
            published_at: history.published_at,
            swaps: history.swaps,
            refused: history.refused.clone(),
            draining,
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        // Off the request path. What a panic elsewhere left here is whole.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
