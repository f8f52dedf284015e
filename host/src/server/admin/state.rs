//! The document of `/bffs`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::bff::swap::{Bff, BffStatus};
use crate::config::Rate;
use crate::downstream::policy::breaker::{self, Position};
use crate::downstream::{EndpointState, EndpointStatus, Pipeline, Service};
use crate::releases::StoreError;
use crate::snapshot::Snapshot;
use crate::time::{micros, millis, writable};

/// The BFFs of which something else runs than the journal says, each with the reason.
pub(super) type Unrecorded = BTreeMap<String, StoreError>;

/// The version of a BFF that answers, what became of its last component, and why the journal does
/// not have what runs, if so.
pub(super) fn version(name: &str, bff: &Bff, unrecorded: &Unrecorded) -> Value {
    let time = |time: SystemTime| humantime::format_rfc3339_seconds(writable(time)).to_string();
    let state = bff.status();
    let version = state.current.as_ref();
    let refused = state.refused.as_ref();
    let refused = refused.map(|it| json!({"reason": it.reason, "at": time(it.at)}));
    let draining = state.draining.iter();
    let draining: Vec<_> = draining.map(|it| it.name().to_string()).collect();
    json!({
        "serves": serves(&state),
        "version": version.map(|it| &**it.name()),
        "sha256": version.map(|it| &it.loaded().digest),
        "size": version.map(|it| it.loaded().size),
        "published_at": state.published_at.map(time),
        "swaps": state.swaps,
        "refused": refused,
        "draining": draining,
        "unrecorded": unrecorded.get(name).map(ToString::to_string),
    })
}

/// The document of `/bffs`.
pub(super) fn document(snapshot: &Snapshot, unrecorded: &Unrecorded) -> Value {
    let bffs: Map<String, Value> = snapshot
        .bffs
        .iter()
        .map(|(name, bff)| {
            let mut state = version(name, bff, unrecorded);
            let settings = bff.settings();
            let current = bff.current();
            let (running, waiting) = current.map_or((0, 0), |it| it.admission().load());
            let routes: Vec<Value> = snapshot
                .config
                .routes
                .iter()
                .filter(|route| route.bff == *name)
                .map(
                    |route| json!({"client": route.client, "host": route.host, "path": route.path}),
                )
                .collect();
            let file = settings.component.as_ref();
            state["component"] = json!(file.map(|file| file.display().to_string()));
            state["downstreams"] = json!(settings.downstreams);
            state["deadline_ms"] = json!(millis(settings.deadline));
            state["running"] = json!(running);
            state["waiting"] = json!(waiting);
            state["routes"] = json!(routes);
            (name.clone(), state)
        })
        .collect();
    let services: Map<String, Value> = snapshot
        .services
        .iter()
        .map(|service| (service.name().to_string(), self::service(service)))
        .collect();
    json!({
        "bffs": bffs,
        "downstreams": services,
        "calls_in_flight": snapshot.services.in_flight(),
    })
}

/// Which component answers for a BFF.
fn serves(state: &BffStatus) -> &'static str {
    match (&state.current, &state.refused) {
        (None, _) => "nothing",
        (Some(_), Some(_)) => "last-good",
        (Some(_), None) => "newest",
    }
}

/// Whether any BFF can be served, or none is configured.
pub(super) fn is_served(snapshot: &Snapshot) -> bool {
    let bffs = &snapshot.bffs;
    bffs.is_empty() || bffs.values().any(|bff| bff.current().is_some())
}

/// The BFFs whose newest files are refused, what is served instead and why, a line each.
pub(super) fn refusals(snapshot: &Snapshot) -> String {
    let line = |(name, bff): (&String, &Arc<Bff>)| {
        let state = bff.status();
        let reason = state.refused.as_ref()?.reason.replace('\n', " ");
        Some(format!("{name} serves {}: {reason}\n", serves(&state)))
    };
    snapshot.bffs.iter().filter_map(line).collect()
}

/// The BFFs whose live version the journal does not have, a line each.
pub(super) fn unrecorded(unrecorded: &Unrecorded) -> String {
    let lines = unrecorded.iter();
    let lines = lines.map(|(name, why)| format!("{name} serves what is unrecorded: {why}\n"));
    lines.collect()
}

fn service(service: &Service) -> Value {
    let (in_flight, waiting) = service.load();
    let events: Map<String, Value> = service
        .metrics()
        .events()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_owned(), count.into()))
        .collect();
    let mut state = json!({"in_flight": in_flight, "waiting": waiting, "events": events});
    let (rate, held) = service.pace();
    state["rate"] = rate.map(tokens).into();
    state["held_for_ms"] = held.map(millis).into();
    if let Some(pipeline) = service.pipeline() {
        state["connections"] = pipeline.connections().into();
        state["breaker"] = pipeline
            .breaker()
            .map_or(Value::Null, |state| breaker(&state));
        let rules = pipeline.rules().map(|rule| {
            json!({
                "call": rule.calls.to_string(),
                "breaker": rule.breaker.as_ref().map(breaker),
                "rate": rule.rate.map(tokens),
            })
        });
        state["rules"] = rules.collect();
        state["endpoints"] = pipeline.endpoints().iter().map(endpoint).collect();
        state["cache"] = cache(pipeline);
    }
    state
}

fn tokens((rate, tokens): (Rate, u32)) -> Value {
    json!({"limit": rate.to_string(), "burst": rate.burst, "tokens": tokens})
}

fn breaker(state: &breaker::BreakerState) -> Value {
    json!({
        "state": match state.position {
            Position::Closed => "closed",
            Position::HalfOpen => "half-open",
            Position::Open => "open",
        },
        "forced": state.forced,
        "probe_in_ms": state.until.map(millis),
        "calls": state.calls,
        "failed": state.failed,
        "slow": state.slow,
    })
}

fn endpoint(endpoint: &EndpointState) -> Value {
    let (state, why) = match &endpoint.status {
        EndpointStatus::Good => ("good", Value::Null),
        EndpointStatus::Ejected { left } => (
            "ejected",
            format!("failed too often; for {} ms more", millis(*left)).into(),
        ),
        EndpointStatus::Unhealthy { why } => ("unhealthy", why.to_string().into()),
        EndpointStatus::Unresolved { why } => ("unresolved", why.clone().into()),
    };
    json!({
        "authority": endpoint.authority,
        "address": endpoint.address.as_ref().map(ToString::to_string),
        "state": state,
        "why": why,
        "in_flight": endpoint.in_flight,
        "latency_us": micros(endpoint.latency),
    })
}

/// `null` where there is none.
fn cache(pipeline: &Pipeline) -> Value {
    let Some(stats) = pipeline.cache() else {
        return Value::Null;
    };
    json!({
        "entries": stats.entries,
        "bytes": stats.bytes,
        "hits": stats.hits,
        "misses": stats.misses,
        "stale": stats.stale,
    })
}
