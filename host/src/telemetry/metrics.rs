//! The metrics, in Prometheus' text format. Names and labels are an interface for operators: they do not change without
//! a word in the changelog.
//!
//! A handle is looked up once, when a service or a version comes into being; the request path only adds to atomics. Labels
//! hold what the operator named (BFFs, services) and closed sets, never what a client or a guest sent.

mod handles;
mod histogram;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use handles::{EVENTS, FAILURES, STATUS_CLASSES};
pub use handles::{Event, Outcome, ServiceMetrics, VersionMetrics};
pub use histogram::Histogram;
use histogram::{BYTES, CPU, LATENCY};

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of a host.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    unrouted: Family<CodeLabels, Counter>,
    duration: Histograms<BffLabels>,
    guest_cpu: Histograms<BffLabels>,
    guest_memory: Histograms<BffLabels>,
    calls: Family<CallLabels, Counter>,
    call_duration: Histograms<ServiceLabels>,
    call_queued: Histograms<ServiceLabels>,
    events: Family<EventLabels, Counter>,
    swaps: Family<SwapLabels, Counter>,
    versions: Mutex<HashMap<(String, String), Weak<VersionMetrics>>>,
    /// Open client connections.
    pub connections: Gauge,
    /// Set when `/metrics` is read.
    pub sampled: Sampled,
}

/// Gauges that are set at the moment in which they are read.
#[derive(Default)]
pub struct Sampled {
    /// Open connections to a service.
    pub service_connections: Family<ServiceLabels, Gauge>,
    /// Calls that wait for their turn at a service.
    pub service_waiting: Family<ServiceLabels, Gauge>,
    /// Calls under way to a service.
    pub service_in_flight: Family<ServiceLabels, Gauge>,
    /// 0, 1 or 2: the breaker of a service is closed, half-open, open.
    pub breaker_state: Family<ServiceLabels, Gauge>,
    /// Endpoints of a service that are neither ejected nor unhealthy.
    pub endpoints_good: Family<ServiceLabels, Gauge>,
    /// Size of the stored answers of a service.
    pub cache_bytes: Family<ServiceLabels, Gauge>,
    /// Requests of a BFF that run.
    pub running: Family<BffLabels, Gauge>,
    /// Requests of a BFF that wait for a permit.
    pub waiting: Family<BffLabels, Gauge>,
    /// Versions of a BFF that are live or still finish requests.
    pub versions: Family<BffLabels, Gauge>,
    /// 1 when the newest file of a BFF was refused and an older version serves.
    pub refused: Family<BffLabels, Gauge>,
}

impl Sampled {
    /// Forgets everything, so that what is gone is not shown any more.
    pub fn clear(&self) {
        self.service_connections.clear();
        self.service_waiting.clear();
        self.service_in_flight.clear();
        self.breaker_state.clear();
        self.endpoints_good.clear();
        self.cache_bytes.clear();
        self.running.clear();
        self.waiting.clear();
        self.versions.clear();
        self.refused.clear();
    }
}

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    bff: String,
    version: String,
    outcome: &'static str,
}

/// Label of an answer that no BFF had a part in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CodeLabels {
    outcome: &'static str,
}

/// Label of a BFF.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BffLabels {
    /// Its name.
    pub bff: String,
}

/// Label of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ServiceLabels {
    /// Its name.
    pub service: String,
}

/// Labels of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CallLabels {
    service: String,
    outcome: &'static str,
}

/// Labels of what a policy did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EventLabels {
    service: String,
    event: &'static str,
}

/// Labels of a swap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SwapLabels {
    bff: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Metrics {
    /// Metrics that are all zero.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("tailor");
        let build = Family::<BuildLabels, Gauge>::default();
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("build_info", "Version of the host", build);
        let metrics = Self {
            requests: Family::default(),
            unrouted: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(&LATENCY)),
            guest_cpu: Family::new_with_constructor(|| Histogram::new(&CPU)),
            guest_memory: Family::new_with_constructor(|| Histogram::new(&BYTES)),
            calls: Family::default(),
            call_duration: Family::new_with_constructor(|| Histogram::new(&LATENCY)),
            call_queued: Family::new_with_constructor(|| Histogram::new(&LATENCY)),
            events: Family::default(),
            swaps: Family::default(),
            versions: Mutex::default(),
            connections: Gauge::default(),
            sampled: Sampled::default(),
            registry,
        };
        metrics.register()
    }

    fn register(mut self) -> Arc<Self> {
        let registry = &mut self.registry;
        registry.register("requests", "Requests of a BFF by version and outcome: a status class, client-gone, or an error code of the host", self.requests.clone());
        registry.register(
            "unrouted_requests",
            "Requests answered before a BFF was chosen, by error code",
            self.unrouted.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "From the arrival of a request head to the answer",
            self.duration.clone(),
        );
        registry.register(
            "guest_cpu_seconds",
            "CPU time of the guest in a request",
            self.guest_cpu.clone(),
        );
        registry.register(
            "guest_memory_bytes",
            "Linear memory of the instance at the end of a request",
            self.guest_memory.clone(),
        );
        registry.register(
            "downstream_calls",
            "Calls by service and outcome: a status class or a kind of failure",
            self.calls.clone(),
        );
        registry.register(
            "downstream_duration_seconds",
            "From a guest's call to its result, time in queues included",
            self.call_duration.clone(),
        );
        registry.register(
            "downstream_queue_seconds",
            "Time of calls that waited for their turn; it is part of their duration, and none of the service's",
            self.call_queued.clone(),
        );
        registry.register(
            "downstream_events",
            "What the policy of a service did, and why it rejected calls",
            self.events.clone(),
        );
        registry.register(
            "swaps",
            "New versions of a BFF by result: published or refused",
            self.swaps.clone(),
        );
        registry.register(
            "client_connections",
            "Open client connections",
            self.connections.clone(),
        );
        let sampled = &self.sampled;
        registry.register(
            "downstream_connections",
            "Open connections to a service",
            sampled.service_connections.clone(),
        );
        registry.register(
            "downstream_waiting",
            "Calls that wait for their turn",
            sampled.service_waiting.clone(),
        );
        registry.register(
            "downstream_in_flight",
            "Calls under way to a service",
            sampled.service_in_flight.clone(),
        );
        registry.register(
            "downstream_breaker_state",
            "0 while the breaker of a service lets calls through, 1 while it lets single ones through to see, 2 while it rejects them",
            sampled.breaker_state.clone(),
        );
        registry.register(
            "downstream_endpoints_good",
            "Endpoints of a service that are neither ejected nor unhealthy",
            sampled.endpoints_good.clone(),
        );
        registry.register(
            "downstream_cache_bytes",
            "Size of the stored answers of a service",
            sampled.cache_bytes.clone(),
        );
        registry.register(
            "bff_running",
            "Requests of a BFF that run",
            sampled.running.clone(),
        );
        registry.register(
            "bff_waiting",
            "Requests of a BFF that wait for a permit",
            sampled.waiting.clone(),
        );
        registry.register(
            "bff_versions",
            "Versions of a BFF that are live or still finish requests",
            sampled.versions.clone(),
        );
        registry.register(
            "bff_refused",
            "1 when the newest file of a BFF was refused and an older version serves",
            sampled.refused.clone(),
        );
        Arc::new(self)
    }

    /// The text of `/metrics`.
    pub fn encode(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        if text::encode(&mut text, &self.registry).is_err() {
            // Writing to a string fails only for a metric that can't be encoded, which a test would show.
            let _ = writeln!(text, "# incomplete");
        }
        text
    }

    /// Counts an answer that no BFF had a part in.
    pub fn unrouted(&self, code: &'static str) {
        self.unrouted
            .get_or_create(&CodeLabels { outcome: code })
            .inc();
    }

    /// Counts a new version that was `published` or `refused`.
    pub fn swap(&self, bff: &str, result: &'static str) {
        self.swaps
            .get_or_create(&SwapLabels {
                bff: bff.to_owned(),
                result,
            })
            .inc();
    }

    /// The handles of a service.
    pub fn service(&self, name: &str) -> ServiceMetrics {
        let counter = |outcome| {
            self.calls.get_or_create_owned(&CallLabels {
                service: name.to_owned(),
                outcome,
            })
        };
        ServiceMetrics {
            replies: STATUS_CLASSES.map(counter),
            failures: FAILURES.map(|kind| (kind, counter(kind))),
            duration: self.call_duration.get_or_create_owned(&ServiceLabels {
                service: name.to_owned(),
            }),
            queued: self.call_queued.get_or_create_owned(&ServiceLabels {
                service: name.to_owned(),
            }),
            events: EVENTS.map(|(_, event)| {
                self.events.get_or_create_owned(&EventLabels {
                    service: name.to_owned(),
                    event,
                })
            }),
        }
    }

    /// The handles of a version of a BFF. All that live under the same name and version are one.
    pub fn version(self: &Arc<Self>, bff: &str, version: &str) -> Arc<VersionMetrics> {
        let mut live = lock(&self.versions);
        let key = (bff.to_owned(), version.to_owned());
        if let Some(metrics) = live.get(&key).and_then(Weak::upgrade) {
            return metrics;
        }
        let labels = BffLabels {
            bff: bff.to_owned(),
        };
        let counter = |outcome| {
            self.requests.get_or_create_owned(&RequestLabels {
                bff: bff.to_owned(),
                version: version.to_owned(),
                outcome,
            })
        };
        let metrics = Arc::new(VersionMetrics {
            answers: STATUS_CLASSES.map(counter),
            failed: Mutex::default(),
            duration: self.duration.get_or_create_owned(&labels),
            guest_cpu: self.guest_cpu.get_or_create_owned(&labels),
            guest_memory: self.guest_memory.get_or_create_owned(&labels),
            bff: bff.to_owned(),
            version: version.to_owned(),
            all: self.clone(),
        });
        live.insert(key, Arc::downgrade(&metrics));
        metrics
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks guard is whole after each statement, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
