//! The gauges of `/metrics` for services and BFFs, read from the live snapshot at each scrape. A
//! gauge is one row here.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;

use crate::bff::swap::BffStatus;
use crate::downstream::policy::breaker::Position;
use crate::downstream::{EndpointStatus, Service};
use crate::snapshot::SharedState;
use crate::telemetry::metrics::{BffMetrics, Families, ServiceMetrics};

/// A gauge with a value for each named item.
struct Gauge<T> {
    name: &'static str,
    help: &'static str,
    /// `None` where it does not apply: there is no series then.
    read: fn(&T) -> Option<u64>,
}

const SERVICE: [Gauge<Service>; 6] = [
    Gauge {
        name: "downstream_connections",
        help: "Open connections to a service.",
        read: |service| Some(service.pipeline()?.connections() as u64),
    },
    Gauge {
        name: "downstream_waiting",
        help: "Calls that wait for their turn.",
        read: |service| Some(service.load().1 as u64),
    },
    Gauge {
        name: "downstream_in_flight",
        help: "Calls under way to a service.",
        read: |service| Some(service.load().0 as u64),
    },
    Gauge {
        name: "downstream_breaker_state",
        help: "0 while the breaker of a service lets calls through, 1 while it lets single ones through to see, \
               2 while it rejects them.",
        read: |service| Some(number(service.pipeline()?.breaker()?.position)),
    },
    Gauge {
        name: "downstream_endpoints_good",
        help: "Endpoints of a service that are neither ejected nor unhealthy.",
        read: |service| {
            let endpoints = service.pipeline()?.endpoints();
            let good = |status: &EndpointStatus| matches!(status, EndpointStatus::Good);
            Some(endpoints.iter().filter(|it| good(&it.status)).count() as u64)
        },
    },
    Gauge {
        name: "downstream_cache_bytes",
        help: "Size of the stored answers of a service.",
        read: |service| Some(service.pipeline()?.cache()?.bytes),
    },
];

const BFF: [Gauge<BffStatus>; 6] = [
    Gauge {
        name: "bff_running",
        help: "Requests of a BFF that run.",
        read: |bff| Some(bff.current.as_ref()?.admission().load().0 as u64),
    },
    Gauge {
        name: "bff_waiting",
        help: "Requests of a BFF that wait for a permit.",
        read: |bff| Some(bff.current.as_ref()?.admission().load().1 as u64),
    },
    Gauge {
        name: "bff_versions",
        help: "Versions of a BFF that are live or still finish requests.",
        read: |bff| {
            let live = u64::from(bff.current.is_some()) + u64::from(bff.on_trial.is_some());
            Some(live + bff.draining.len() as u64)
        },
    },
    Gauge {
        name: "bff_canary_percent",
        help: "Share of a BFF's requests that a release on trial gets, 0 without one.",
        read: |bff| {
            let on_trial = bff.on_trial.as_ref();
            Some(on_trial.map_or(0, |it| u64::from(it.trial.percent())))
        },
    },
    Gauge {
        name: "bff_refused",
        help: "1 when the newest file of a BFF was refused and an older version serves, or none.",
        read: |bff| Some(u64::from(bff.refused.is_some())),
    },
    Gauge {
        name: "bff_unavailable",
        help: "1 when a BFF has no version to serve.",
        read: |bff| Some(u64::from(bff.current.is_none())),
    },
];

/// Name and help of the gauge of breakers that are a rule's.
const RULE_BREAKER: (&str, &str) = (
    "downstream_rule_breaker_state",
    "The same for the breaker of a rule that has its own.",
);

/// All metrics of `/metrics`: those of the host as a whole, and those of the live snapshot.
pub(super) fn registry(shared: &Arc<SharedState>) -> Registry {
    let mut registry = shared.metrics.registry();
    registry.register_collector(Box::new(Live(shared.clone())));
    registry
}

/// Reads the live snapshot.
struct Live(Arc<SharedState>);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").finish_non_exhaustive()
    }
}

impl Collector for Live {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let snapshot = self.0.snapshot.load();
        let mut families = Families::from(encoder);

        let services: Vec<(&str, &Service)> = snapshot
            .services
            .iter()
            .map(|service| (&**service.name(), &**service))
            .collect();
        let counted: Vec<(&str, &ServiceMetrics)> = services
            .iter()
            .map(|(name, service)| (*name, &**service.metrics()))
            .collect();
        ServiceMetrics::write(&counted, &mut families)?;
        write(&SERVICE, "service", &services, &mut families)?;
        write_rules(&services, &mut families)?;

        let bffs: Vec<(&str, BffStatus)> = snapshot
            .bffs
            .iter()
            .map(|(name, bff)| (name.as_str(), bff.status()))
            .collect();
        let counted: Vec<(&str, Arc<BffMetrics>)> = snapshot
            .bffs
            .iter()
            .map(|(name, bff)| (name.as_str(), bff.metrics().clone()))
            .collect();
        BffMetrics::write(&counted, &mut families)?;
        let states: Vec<(&str, &BffStatus)> = bffs.iter().map(|(name, bff)| (*name, bff)).collect();
        write(&BFF, "bff", &states, &mut families)
    }
}

/// A breaker's position, as a gauge has it.
fn number(position: Position) -> u64 {
    match position {
        Position::Closed => 0,
        Position::HalfOpen => 1,
        Position::Open => 2,
    }
}

/// The breakers of rules, each by the pattern that the operator wrote.
fn write_rules(services: &[(&str, &Service)], families: &mut Families<'_>) -> fmt::Result {
    let series = services.iter().flat_map(|(name, service)| {
        let rules = service.pipeline().into_iter();
        rules
            .flat_map(|pipeline| pipeline.rules())
            .filter_map(|rule| {
                let labels = [
                    ("service", (*name).to_owned()),
                    ("rule", rule.calls.to_string()),
                ];
                Some((labels, number(rule.breaker?.position)))
            })
    });
    families.gauges(RULE_BREAKER.0, RULE_BREAKER.1, series)
}

fn write<T>(
    gauges: &[Gauge<T>],
    label: &str,
    all: &[(&str, &T)],
    families: &mut Families<'_>,
) -> fmt::Result {
    for gauge in gauges {
        let series = all
            .iter()
            .filter_map(|(name, it)| Some(([(label, *name)], (gauge.read)(it)?)));
        families.gauges(gauge.name, gauge.help, series)?;
    }
    Ok(())
}
