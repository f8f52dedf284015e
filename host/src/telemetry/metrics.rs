//! The metrics, in Prometheus' text format. Names and labels are an interface for operators: each
//! change is in the changelog.
//!
//! The counters of a service or a BFF belong to it, not to a table of names: the request path adds
//! to atomics that it holds already, and `/metrics` reads the services and BFFs of the live
//! snapshot. So their series go when a reload removes them, and requests that still run on what was
//! removed count without a reader. Labels hold what the operator named (BFFs, services) and closed
//! sets, never what a client or a guest sent.

mod bff;
mod classic;
mod families;
mod histogram;
mod service;
mod swaps;
mod words;

use std::fmt::Write as _;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub use bff::{BffMetrics, VersionMetrics};
pub use classic::classic;
pub use families::Families;
pub use histogram::Histogram;
pub use service::ServiceMetrics;
pub use swaps::Swaps;
pub use words::{Cut, Event, Outcome, Unreadable};

/// The metrics of a host that are of no single service and no version of a BFF.
#[derive(Default)]
pub struct Metrics {
    unrouted: Family<CodeLabels, Counter>,
    cut: Family<CutLabels, Counter>,
    /// New versions of BFFs.
    pub swaps: Arc<Swaps>,
    /// Open client connections.
    pub connections: Gauge,
    /// Bytes of requests and answers that the host holds.
    pub bytes_in_flight: Gauge,
    /// Answers that their clients did not take in time.
    pub unread_answers: Counter,
    /// Workers that were restarted after a fault of the host.
    pub worker_restarts: Counter,
    /// Idle workers.
    pub workers_down: Gauge,
    reloads: Family<ResultLabels, Counter>,
    /// Times that the disk did not take the last good components.
    pub components_not_kept: Counter,
    unreadable: Family<StatusLabels, Counter>,
}

/// Label of what is refused before it is a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: u16,
}

/// Label of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// Label of an answer that no BFF had a part in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    outcome: &'static str,
}

/// Label of a client connection that the host ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CutLabels {
    reason: &'static str,
}

/// How a reload of the configuration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// All of it is in force.
    Done,
    /// It is in force, and a component was refused.
    Partial,
    /// Nothing changed.
    Failed,
}

impl Reload {
    const ALL: [Self; 3] = [Self::Done, Self::Partial, Self::Failed];

    fn labels(self) -> ResultLabels {
        ResultLabels {
            result: match self {
                Self::Done => "done",
                Self::Partial => "partial",
                Self::Failed => "failed",
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Metrics {
    /// A registry of these metrics, for [`exposition`] and for collectors of more.
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("tailor");
        let build = Family::<BuildLabels, Gauge>::default();
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("build_info", "Version of the host", build);
        registry.register(
            "unrouted_requests",
            "Requests answered before a BFF was chosen, by error code",
            self.unrouted.clone(),
        );
        registry.register(
            "unreadable_requests",
            "Heads refused before they were requests, by status",
            self.unreadable.clone(),
        );
        registry.register(
            "client_connections",
            "Open client connections",
            self.connections.clone(),
        );
        registry.register(
            "client_connections_cut",
            "Client connections that the host ended, by reason",
            self.cut.clone(),
        );
        registry.register(
            "bytes_in_flight",
            "Bytes of requests and answers that the host holds",
            self.bytes_in_flight.clone(),
        );
        registry.register(
            "unread_answers",
            "Answers given up because their clients did not take them in time",
            self.unread_answers.clone(),
        );
        registry.register(
            "worker_restarts",
            "Workers that were restarted after a fault of the host outside of a request",
            self.worker_restarts.clone(),
        );
        registry.register(
            "workers_down",
            "Workers that have failed and are not restarted yet",
            self.workers_down.clone(),
        );
        for result in Reload::ALL {
            // Zero is written, too: an alert needs a value to compare with.
            drop(self.reloads.get_or_create(&result.labels()));
        }
        registry.register(
            "reloads",
            "Reloads of the configuration by result: done, partial (a component was refused), failed",
            self.reloads.clone(),
        );
        registry.register(
            "components_not_kept",
            "Times that the disk did not take the last good components of the BFFs",
            self.components_not_kept.clone(),
        );
        registry.register_collector(Box::new(self.swaps.clone()));
        registry
    }

    /// Counts a client connection that the host ended. Returns how many those of this reason are.
    pub fn cut(&self, reason: Cut) -> u64 {
        let reason = reason.as_str();
        self.cut.get_or_create(&CutLabels { reason }).inc() + 1
    }

    /// Counts a head that is refused before it is a request. The label takes a lock for a moment,
    /// as those of answers without a BFF do: such heads end their connection.
    pub fn unreadable(&self, what: Unreadable) {
        let status = what.status();
        self.unreadable
            .get_or_create(&StatusLabels { status })
            .inc();
    }

    /// Counts a reload of the configuration.
    pub fn reload(&self, result: Reload) {
        self.reloads.get_or_create(&result.labels()).inc();
    }

    /// Counts an answer that no BFF had a part in.
    pub fn unrouted(&self, code: &'static str) {
        self.unrouted
            .get_or_create(&CodeLabels { outcome: code })
            .inc();
    }
}

/// The text of `/metrics`, as OpenMetrics 1.0. [`classic()`] makes the older format of it.
pub fn exposition(registry: &Registry) -> String {
    let mut text = String::with_capacity(16 << 10);
    if text::encode(&mut text, registry).is_err() {
        // Writing to a string fails only for a metric that cannot be encoded, which a test would
        // show.
        let _ = writeln!(text, "# incomplete");
    }
    text
}
