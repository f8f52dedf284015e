//! The sections of a service's policy, in the order of the pipeline.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use toml::de::DeValue;

use crate::config::field::{Field, Located};
use crate::config::kind::{Described, Kind, Values};
use crate::config::problem::Fault;
use crate::config::reader::Section;
use crate::config::units::{GIB, KIB, count, duration, duration_or_zero, size};
use crate::config::values::boolean;
use crate::config::wire::{answer_header_name, call_pattern, method, path_pattern, target};
use crate::config::{CallPattern, Segment};

/// Further attempts of one call. More only prolong an outage.
pub(super) const MAX_RETRIES: u64 = 5;

pub(in crate::config) struct RawCache {
    pub(in crate::config) max_size: Field<u64>,
    pub(in crate::config) max_entry_size: Field<usize>,
    pub(in crate::config) keep_set_cookie: Field<bool>,
    pub(in crate::config) tag_header: Field<HeaderName>,
}

pub(in crate::config) struct RawCacheTimes {
    pub(in crate::config) enabled: Field<bool>,
    pub(in crate::config) ttl: Field<Duration>,
    pub(in crate::config) negative_ttl: Field<Duration>,
    pub(in crate::config) stale_while_revalidate: Field<Duration>,
    pub(in crate::config) stale_if_error: Field<Duration>,
}

pub(in crate::config) struct RawWrite {
    pub(in crate::config) call: Field<CallPattern>,
    pub(in crate::config) voids: Field<Vec<Located<Vec<Segment>>>>,
}

pub(in crate::config) struct RawBreaker {
    pub(in crate::config) enabled: Field<bool>,
    pub(in crate::config) window: Field<Duration>,
    pub(in crate::config) min_calls: Field<u32>,
    pub(in crate::config) error_rate: Field<u32>,
    pub(in crate::config) slow_rate: Field<u32>,
    pub(in crate::config) slow_call: Field<Duration>,
    pub(in crate::config) open_for: Field<Duration>,
    pub(in crate::config) slow_start: Field<Duration>,
}

pub(in crate::config) struct RawRetry {
    pub(in crate::config) max: Field<u32>,
    pub(in crate::config) backoff: Field<Duration>,
    pub(in crate::config) max_backoff: Field<Duration>,
    pub(in crate::config) methods: Field<Vec<Located<Method>>>,
    pub(in crate::config) statuses: Field<Vec<Located<StatusCode>>>,
}

pub(in crate::config) struct RawBudget {
    pub(in crate::config) budget: Field<u32>,
    pub(in crate::config) min_per_second: Field<u32>,
}

pub(in crate::config) struct RawHedge {
    pub(in crate::config) enabled: Field<bool>,
    pub(in crate::config) percentile: Field<u32>,
    pub(in crate::config) min_delay: Field<Duration>,
}

pub(in crate::config) struct RawEjection {
    pub(in crate::config) failures: Field<u32>,
    pub(in crate::config) error_rate: Field<u32>,
    pub(in crate::config) min_calls: Field<u32>,
    pub(in crate::config) time: Field<Duration>,
    pub(in crate::config) max_share: Field<u32>,
    pub(in crate::config) panic_threshold: Field<u32>,
    pub(in crate::config) slow_start: Field<Duration>,
}

pub(in crate::config) struct RawHealth {
    pub(in crate::config) path: Field<String>,
    pub(in crate::config) interval: Field<Duration>,
    pub(in crate::config) timeout: Field<Duration>,
    pub(in crate::config) unhealthy_after: Field<u32>,
    pub(in crate::config) healthy_after: Field<u32>,
}

pub(super) fn cache(s: &mut Section<'_>) -> RawCache {
    RawCache {
        max_size: s.read("max-size", size(KIB..=64 * GIB)),
        max_entry_size: s.read("max-entry-size", size(1..=GIB)),
        keep_set_cookie: s.read("keep-set-cookie", boolean()),
        tag_header: s.read("tag-header", answer_header_name()),
    }
}

pub(super) fn cache_times(s: &mut Section<'_>) -> RawCacheTimes {
    RawCacheTimes {
        enabled: s.read("enabled", boolean()),
        ttl: s.read("ttl", duration()),
        negative_ttl: s.read("negative-ttl", duration()),
        stale_while_revalidate: s.read("stale-while-revalidate", duration_or_zero()),
        stale_if_error: s.read("stale-if-error", duration_or_zero()),
    }
}

pub(super) fn write(s: &mut Section<'_>) -> RawWrite {
    RawWrite {
        call: s.required(
            "call",
            "say which calls change something: call = \"POST /users/*/days\"",
            call_pattern(),
        ),
        voids: s.one_or_more(
            "voids",
            "say which paths they change: voids = [\"/users/*/summary\"]",
            path_pattern(),
        ),
    }
}

pub(super) fn breaker(s: &mut Section<'_>) -> RawBreaker {
    RawBreaker {
        enabled: s.read("enabled", boolean()),
        window: s.read("window", duration()),
        min_calls: s.read("min-calls", count(1..=1_000_000)),
        error_rate: s.read("error-rate", count(1..=100)),
        slow_rate: s.read("slow-rate", count(1..=100)),
        slow_call: s.read("slow-call", duration()),
        open_for: s.read("open-for", duration()),
        slow_start: s.read("slow-start", duration_or_zero()),
    }
}

pub(super) fn retry(s: &mut Section<'_>) -> RawRetry {
    RawRetry {
        max: s.read("max", count(0..=MAX_RETRIES)),
        backoff: s.read("backoff", duration()),
        max_backoff: s.read("max-backoff", duration()),
        methods: s.list("methods", method()),
        statuses: s.list("statuses", status(400)),
    }
}

pub(super) fn budget(s: &mut Section<'_>) -> RawBudget {
    RawBudget {
        budget: s.read("budget", count(0..=100)),
        min_per_second: s.read("min-per-second", count(0..=1_000)),
    }
}

/// A final status, from `least` on.
pub(super) fn status(least: u64) -> impl Kind<StatusCode> {
    let code = count::<u16>(least..=599);
    let values = Values::Count(least..=599);
    Described::new(values, move |value: &DeValue<'_>| {
        let code = code.parse(value)?;
        StatusCode::from_u16(code)
            .map_err(|_| Fault::new(format!("{code} is not a status"), "write one such as 503"))
    })
}

pub(super) fn hedge(s: &mut Section<'_>) -> RawHedge {
    RawHedge {
        enabled: s.read("enabled", boolean()),
        percentile: s.read("percentile", count(50..=99)),
        min_delay: s.read("min-delay", duration()),
    }
}

pub(super) fn ejection(s: &mut Section<'_>) -> RawEjection {
    RawEjection {
        failures: s.read("failures", count(1..=1_000)),
        error_rate: s.read("error-rate", count(1..=100)),
        min_calls: s.read("min-calls", count(1..=1_000_000)),
        time: s.read("time", duration()),
        max_share: s.read("max-share", count(0..=100)),
        panic_threshold: s.read("panic-threshold", count(0..=100)),
        slow_start: s.read("slow-start", duration_or_zero()),
    }
}

pub(super) fn health(s: &mut Section<'_>) -> RawHealth {
    RawHealth {
        path: s.required(
            "path",
            "name what is asked for: path = \"/healthz\"",
            target(),
        ),
        interval: s.read("interval", duration()),
        timeout: s.read("timeout", duration()),
        unhealthy_after: s.read("unhealthy-after", count(1..=100)),
        healthy_after: s.read("healthy-after", count(1..=100)),
    }
}
