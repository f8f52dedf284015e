//! The health of an endpoint, from active checks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use tokio::time::Instant;

use crate::config;
use crate::sync;

/// The health of one endpoint, by its checks.
pub struct Health {
    /// The operator's settings.
    pub settings: config::Health,
    bad: AtomicBool,
    /// Whether a check is under way.
    busy: AtomicBool,
    state: Mutex<HealthState>,
}

struct HealthState {
    thresholds: Thresholds,
    /// When the last check began.
    last: Option<Instant>,
    /// The error of the last failed check.
    why: String,
}

impl Health {
    /// Good until checks say otherwise.
    pub fn new(settings: config::Health) -> Self {
        Self {
            settings,
            bad: AtomicBool::new(false),
            busy: AtomicBool::new(false),
            state: Mutex::new(HealthState {
                thresholds: Thresholds::default(),
                last: None,
                why: String::new(),
            }),
        }
    }

    /// Whether the endpoint should get calls.
    pub fn good(&self) -> bool {
        !self.bad.load(Ordering::Relaxed)
    }

    /// Whether a check is under way.
    #[cfg(test)]
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// The error of the last failed check.
    pub fn why(&self) -> String {
        self.lock().why.clone()
    }

    /// Whether a check should begin. A caller that gets `true` must report the end.
    pub fn due(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let interval = self.settings.interval;
        let due = state
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= interval);
        if !due || self.busy.swap(true, Ordering::Relaxed) {
            return false;
        }
        state.last = Some(now);
        true
    }

    /// Records the outcome of a check; returns whether that changed the endpoint's health.
    pub fn ended(&self, outcome: Result<(), String>) -> bool {
        let mut state = self.lock();
        let good = outcome.is_ok();
        if let Err(why) = outcome {
            state.why = why;
        }
        let changed = state.thresholds.count(good, &self.settings);
        self.bad.store(state.thresholds.bad, Ordering::Relaxed);
        self.busy.store(false, Ordering::Relaxed);
        changed
    }

    /// A check could not be made, which says nothing about the endpoint.
    pub fn not_made(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HealthState> {
        sync::lock(&self.state)
    }
}

/// Counts outcomes in a row.
#[derive(Debug, Default)]
struct Thresholds {
    bad: bool,
    /// Consecutive opposite outcomes.
    against: u32,
}

impl Thresholds {
    /// Whether this outcome changes the state.
    fn count(&mut self, good: bool, settings: &config::Health) -> bool {
        if good != self.bad {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        let needed = if self.bad {
            settings.healthy_after
        } else {
            settings.unhealthy_after
        };
        if self.against < needed {
            return false;
        }
        self.bad = !self.bad;
        self.against = 0;
        true
    }
}

#[cfg(test)]
mod tests;
