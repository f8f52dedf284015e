//! What the request path holds of the metrics: counters that were looked up before, and the words for how things end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::{Histogram, Metrics, RequestLabels, lock};

/// Classes of statuses, as labels.
pub(super) const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Kinds of failure of a call, as in the contract.
pub(super) const FAILURES: [&str; 10] = [
    "denied",
    "invalid",
    "exhausted",
    "timeout",
    "unreachable",
    "interrupted",
    "overloaded",
    "too-large",
    "malformed",
    "rejected",
];

/// What a service's policy does, as labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Answered from the cache, fresh.
    CacheHit,
    /// Asked for, and not in the cache.
    CacheMiss,
    /// Answered from the cache, stale.
    Stale,
    /// Answered as the operator set for when all else fails.
    Fallback,
    /// Shared the call of another request.
    Coalesced,
    /// A further attempt after one that failed.
    Retry,
    /// A further attempt beside one that was slow.
    Hedge,
    /// Not sent: the breaker was open.
    BreakerOpen,
    /// Not sent: as many calls were waiting as may.
    QueueFull,
    /// Not sent: its turn did not come in time.
    QueueTimeout,
    /// Not sent: the host had too many calls under way.
    Shed,
    /// Not sent: the same, for an optional call, which goes first.
    ShedOptional,
    /// Not sent: the host had no credentials.
    NoCredentials,
    /// The breaker opened.
    BreakerOpened,
    /// The breaker closed again.
    BreakerClosed,
}

/// All events, with their labels.
pub(super) const EVENTS: [(Event, &str); 15] = [
    (Event::CacheHit, "cache-hit"),
    (Event::CacheMiss, "cache-miss"),
    (Event::Stale, "stale"),
    (Event::Fallback, "fallback"),
    (Event::Coalesced, "coalesced"),
    (Event::Retry, "retry"),
    (Event::Hedge, "hedge"),
    (Event::BreakerOpen, "breaker-open"),
    (Event::QueueFull, "queue-full"),
    (Event::QueueTimeout, "queue-timeout"),
    (Event::Shed, "shed"),
    (Event::ShedOptional, "shed-optional"),
    (Event::NoCredentials, "no-credentials"),
    (Event::BreakerOpened, "breaker-opened"),
    (Event::BreakerClosed, "breaker-closed"),
];

// Counters are found by the place of their variant.
const _: () = {
    let mut place = 0;
    while place < EVENTS.len() {
        assert!(EVENTS[place].0 as usize == place);
        place += 1;
    }
};

fn class(status: u16) -> usize {
    usize::from((status / 100).clamp(1, 5) - 1)
}

/// The handles of a service.
pub struct ServiceMetrics {
    pub(super) replies: [Counter; 5],
    pub(super) failures: [(&'static str, Counter); 10],
    pub(super) duration: Histogram,
    pub(super) queued: Histogram,
    /// In the order of [`EVENTS`], which is that of the variants.
    pub(super) events: [Counter; EVENTS.len()],
}

impl ServiceMetrics {
    /// Counts what the policy did.
    pub fn event(&self, event: Event) {
        self.events[event as usize].inc();
    }

    /// So often something happened, for display.
    pub fn events(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        EVENTS
            .iter()
            .zip(&self.events)
            .map(|((_, name), counter)| (*name, counter.get()))
    }

    /// Notes how long a call waited for its turn.
    pub fn queued(&self, time: Duration) {
        self.queued.observe(time.as_secs_f64());
    }

    /// Counts a call: the status of its reply or the kind of its failure.
    pub fn call(&self, outcome: Result<u16, &'static str>, took: Duration) {
        match outcome {
            Ok(status) => {
                self.replies[class(status)].inc();
            }
            Err(kind) => {
                if let Some((_, counter)) = self.failures.iter().find(|(name, _)| *name == kind) {
                    counter.inc();
                }
            }
        }
        self.duration.observe(took.as_secs_f64());
    }
}

/// The handles of a version of a BFF. When it is dropped, its own series end.
pub struct VersionMetrics {
    pub(super) answers: [Counter; 5],
    pub(super) failed: Mutex<BTreeSet<&'static str>>,
    pub(super) duration: Histogram,
    pub(super) guest_cpu: Histogram,
    pub(super) guest_memory: Histogram,
    pub(super) bff: String,
    pub(super) version: String,
    pub(super) all: Arc<Metrics>,
}

/// How a request of a BFF ended, for metrics and the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The BFF's own answer, with its status.
    Answered(u16),
    /// An answer that the host made, with its code.
    Failed(&'static str),
    /// The client went before there was an answer.
    ClientGone,
}

impl Outcome {
    /// The word in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered(status) => STATUS_CLASSES[class(status)],
            Self::Failed(code) => code,
            Self::ClientGone => "client-gone",
        }
    }
}

impl VersionMetrics {
    /// Counts a request.
    pub fn request(&self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Answered(status) => {
                self.answers[class(status)].inc();
            }
            // Rare, so looked up.
            Outcome::Failed(_) | Outcome::ClientGone => {
                lock(&self.failed).insert(outcome.name());
                self.all
                    .requests
                    .get_or_create(&RequestLabels {
                        bff: self.bff.clone(),
                        version: self.version.clone(),
                        outcome: outcome.name(),
                    })
                    .inc();
            }
        }
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts what a guest used.
    pub fn guest(&self, cpu: Duration, memory: usize) {
        self.guest_cpu.observe(cpu.as_secs_f64());
        self.guest_memory.observe(memory as f64);
    }
}

impl Drop for VersionMetrics {
    /// The series of a version that is gone would otherwise stay for ever, and grow in number with each swap.
    fn drop(&mut self) {
        let mut live = lock(&self.all.versions);
        let key = (self.bff.clone(), self.version.clone());
        // The same version may have been published again while this one drained: then the series are in use.
        if live.get(&key).is_some_and(|other| other.strong_count() > 0) {
            return;
        }
        live.remove(&key);
        let failed = std::mem::take(&mut *lock(&self.failed));
        for outcome in STATUS_CLASSES.into_iter().chain(failed) {
            self.all.requests.remove(&RequestLabels {
                bff: self.bff.clone(),
                version: self.version.clone(),
                outcome,
            });
        }
    }
}
