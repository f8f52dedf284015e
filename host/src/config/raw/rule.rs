//! Settings of a service's calls, which a rule can override for some of them.

use std::time::Duration;

use super::policy::{
    RawBreaker, RawCacheTimes, RawHedge, RawRetry, breaker, cache_times, hedge, retry,
};
use super::rate::{RawRate, rate};
use crate::config::CallPattern;
use crate::config::field::Field;
use crate::config::reader::Section;
use crate::config::units::duration;
use crate::config::values::boolean;
use crate::config::wire::call_pattern;

/// How calls are made, as far as rules may say it.
pub(in crate::config) struct RawPolicy {
    pub(in crate::config) cache: RawCacheTimes,
    pub(in crate::config) coalesce: Field<bool>,
    pub(in crate::config) coalesce_pause: Field<Duration>,
    pub(in crate::config) breaker: RawBreaker,
    pub(in crate::config) queue_timeout: Field<Duration>,
    pub(in crate::config) first_byte_timeout: Field<Duration>,
    pub(in crate::config) between_bytes_timeout: Field<Duration>,
    pub(in crate::config) timeout: Field<Duration>,
    pub(in crate::config) retry: RawRetry,
    pub(in crate::config) hedge: RawHedge,
}

pub(in crate::config) struct RawRule {
    pub(in crate::config) call: Field<CallPattern>,
    pub(in crate::config) policy: RawPolicy,
    pub(in crate::config) own_breaker: bool,
    pub(in crate::config) own_hedge: bool,
    pub(in crate::config) rate: RawRate,
}

/// Reads the keys that services and rules have in common. The caller reads the keys of these
/// sections that only services have.
pub(super) fn policy(
    s: &mut Section<'_>,
    [of_breaker, of_hedge]: [&'static str; 2],
    cache: RawCacheTimes,
    retry: RawRetry,
) -> RawPolicy {
    RawPolicy {
        cache,
        coalesce: s.read("coalesce", boolean()),
        coalesce_pause: s.read("coalesce-pause", duration()),
        breaker: s.section("breaker", of_breaker, breaker),
        queue_timeout: s.read("queue-timeout", duration()),
        first_byte_timeout: s.read("first-byte-timeout", duration()),
        between_bytes_timeout: s.read("between-bytes-timeout", duration()),
        timeout: s.read("timeout", duration()),
        retry,
        hedge: s.section("hedge", of_hedge, hedge),
    }
}

/// Reads a rule of the service whose section is at `service`, and has been read.
pub(super) fn rule(service: &str, s: &mut Section<'_>) -> RawRule {
    s.others_belong_to("downstream.*", format!("[{service}]"));
    let call = s.required(
        "call",
        "say which calls it is for: call = \"GET /users/*/days/**\"",
        call_pattern(),
    );
    let cache = s.section("cache", "downstream.*.rule.cache", |s| {
        s.others_belong_to("downstream.*.cache", format!("[{service}.cache]"));
        cache_times(s)
    });
    let retry = s.section("retry", "downstream.*.rule.retry", |s| {
        s.others_belong_to("downstream.*.retry", format!("[{service}.retry]"));
        retry(s)
    });
    let sections = ["downstream.*.rule.breaker", "downstream.*.rule.hedge"];
    RawRule {
        call,
        own_breaker: s.has("breaker"),
        own_hedge: s.has("hedge"),
        rate: rate(s),
        policy: policy(s, sections, cache, retry),
    }
}

impl RawPolicy {
    /// The policy of a rule: its own values, and for the rest those of the service. These yield
    /// where they exceed a bound of the rule.
    pub(in crate::config) fn over(&self, service: &Self) -> Self {
        let timeout = self.timeout.over(&service.timeout);
        let within =
            |own: &Field<Duration>, theirs: &Field<Duration>| own.over_within(theirs, &timeout);
        let max_backoff = self.retry.max_backoff.over(&service.retry.max_backoff);
        Self {
            cache: self.cache.over(&service.cache),
            coalesce: self.coalesce.over(&service.coalesce),
            coalesce_pause: self.coalesce_pause.over(&service.coalesce_pause),
            breaker: RawBreaker {
                slow_call: within(&self.breaker.slow_call, &service.breaker.slow_call),
                ..self.breaker.over(&service.breaker)
            },
            queue_timeout: within(&self.queue_timeout, &service.queue_timeout),
            first_byte_timeout: within(&self.first_byte_timeout, &service.first_byte_timeout),
            between_bytes_timeout: within(
                &self.between_bytes_timeout,
                &service.between_bytes_timeout,
            ),
            retry: RawRetry {
                backoff: (self.retry.backoff).over_within(&service.retry.backoff, &max_backoff),
                max_backoff,
                max: self.retry.max.over(&service.retry.max),
                methods: self.retry.methods.over(&service.retry.methods),
                statuses: self.retry.statuses.over(&service.retry.statuses),
            },
            hedge: RawHedge {
                enabled: self.hedge.enabled.over(&service.hedge.enabled),
                percentile: self.hedge.percentile.over(&service.hedge.percentile),
                min_delay: within(&self.hedge.min_delay, &service.hedge.min_delay),
            },
            timeout,
        }
    }
}

impl RawCacheTimes {
    fn over(&self, service: &Self) -> Self {
        Self {
            enabled: self.enabled.over(&service.enabled),
            ttl: self.ttl.over(&service.ttl),
            negative_ttl: self.negative_ttl.over(&service.negative_ttl),
            stale_while_revalidate: (self.stale_while_revalidate)
                .over(&service.stale_while_revalidate),
            stale_if_error: self.stale_if_error.over(&service.stale_if_error),
        }
    }
}

impl RawBreaker {
    fn over(&self, service: &Self) -> Self {
        Self {
            enabled: self.enabled.over(&service.enabled),
            window: self.window.over(&service.window),
            min_calls: self.min_calls.over(&service.min_calls),
            error_rate: self.error_rate.over(&service.error_rate),
            slow_rate: self.slow_rate.over(&service.slow_rate),
            slow_call: self.slow_call.over(&service.slow_call),
            open_for: self.open_for.over(&service.open_for),
            slow_start: self.slow_start.over(&service.slow_start),
        }
    }
}
