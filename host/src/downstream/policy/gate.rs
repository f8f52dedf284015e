//! Host-wide limit on concurrent calls. Near the limit, optional calls are rejected first.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config;

/// The gate of one host.
pub struct Gate {
    most: AtomicUsize,
    /// From this number on, optional calls are refused.
    most_optional: AtomicUsize,
    in_flight: AtomicUsize,
}

/// The permit of a call; released on drop.
#[must_use]
pub struct GatePermit {
    gate: Arc<Gate>,
}

/// The call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRejection {
    /// The number of calls under way from which on such calls are refused.
    pub limit: usize,
    /// Whether a mandatory call would have been admitted.
    pub because_optional: bool,
}

impl Gate {
    /// A gate with nothing under way.
    pub fn new(settings: &config::Calls) -> Arc<Self> {
        Arc::new(Self {
            most: AtomicUsize::new(settings.max_in_flight),
            most_optional: AtomicUsize::new(most_optional(settings)),
            in_flight: AtomicUsize::new(0),
        })
    }

    /// Applies new limits. Calls under way stay.
    pub fn set_limits(&self, settings: &config::Calls) {
        self.most.store(settings.max_in_flight, Ordering::Relaxed);
        let optional = most_optional(settings);
        self.most_optional.store(optional, Ordering::Relaxed);
    }

    /// Admits a call.
    ///
    /// # Errors
    ///
    /// Too many are under way, for an optional call or for any.
    pub fn enter(self: &Arc<Self>, optional: bool) -> Result<GatePermit, GateRejection> {
        let most = self.most.load(Ordering::Relaxed);
        let limit = if optional {
            self.most_optional.load(Ordering::Relaxed)
        } else {
            most
        };
        self.in_flight
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |in_flight| {
                (in_flight < limit).then_some(in_flight + 1)
            })
            .map(|_| GatePermit {
                gate: Arc::clone(self),
            })
            .map_err(|in_flight| GateRejection {
                limit,
                because_optional: in_flight < most,
            })
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

/// Calls under way from which on optional ones are refused.
fn most_optional(settings: &config::Calls) -> usize {
    let most = settings.max_in_flight;
    let share = settings.optional_share.min(100) as usize;
    most / 100 * share + most % 100 * share / 100
}

impl Drop for GatePermit {
    fn drop(&mut self) {
        self.gate.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
