//! What happens to the calls of a service, or of one of its rules: cache, breaker, attempts. And
//! what all calls of a service share.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};

use super::times;
use crate::config::check::{Bound, Context};
use crate::config::field::Field;
use crate::config::raw::{
    RawBreaker, RawCacheTimes, RawDownstream, RawEjection, RawHedge, RawPolicy, RawRate, RawRetry,
    RawWrite,
};
use crate::config::units::{ms, show_size};
use crate::config::{
    Breaker, Cache, CacheTimes, Ejection, Health, Hedge, Policy, Rate, Retry, Segment, Write,
};

const CACHE_SIZE: u64 = 16 << 20;
const CACHE_ENTRY_SIZE: usize = 256 << 10;
const BACKOFF: Duration = ms(20);
const MAX_BACKOFF: Duration = ms(200);
const HEALTH_INTERVAL: Duration = ms(5_000);
const HEALTH_TIMEOUT: Duration = ms(1_000);

/// How the calls of a service, or of one of its rules, are made.
pub(super) fn policy(service: &RawDownstream, raw: &RawPolicy, cx: &mut Context<'_>) -> Policy {
    let timeouts = times::check(service, raw, cx);
    let total = times::total(service, raw);
    Policy {
        cache: cache_times(&raw.cache),
        coalesce: raw.coalesce.or(true),
        coalesce_pause: raw.coalesce_pause.or(ms(10_000)),
        breaker: breaker(&raw.breaker, &total, timeouts.total, cx),
        retry: retry(service, &raw.retry, cx),
        hedge: hedge(&raw.hedge, &total, timeouts.total, cx),
        timeouts,
    }
}

fn cache_times(raw: &RawCacheTimes) -> Option<CacheTimes> {
    raw.enabled.or(true).then(|| CacheTimes {
        ttl: raw.ttl.value(),
        negative_ttl: raw.negative_ttl.value(),
        stale_while_revalidate: raw.stale_while_revalidate.or(Duration::ZERO),
        stale_if_error: raw.stale_if_error.or(ms(60_000)),
    })
}

/// The cache, if any call uses it: `used`.
pub(super) fn cache(raw: &RawDownstream, used: bool, cx: &mut Context<'_>) -> Option<Cache> {
    let writes = writes(&raw.writes, cx);
    let key = format!("downstream.{}.cache.max-size", raw.name);
    let raw = &raw.cache;
    if let (Some(entry), Some(max)) = (
        raw.max_entry_size.written(),
        raw.max_size.settled(CACHE_SIZE),
    ) && entry.value as u64 > max
    {
        let by_default = match raw.max_size {
            Field::Written(_) => "",
            Field::Absent | Field::Bad => " by default",
        };
        let (entry_size, max) = (show_size(entry.value as u64), show_size(max));
        let what = format!("{entry_size} is more than {key} ({max}{by_default})");
        cx.report(
            entry,
            what,
            format!("write at most \"{max}\", or raise {key}"),
        );
    }
    if !used {
        return None;
    }
    let max_size = raw.max_size.or(CACHE_SIZE);
    let whole = usize::try_from(max_size).unwrap_or(usize::MAX);
    Some(Cache {
        max_size,
        max_entry_size: raw.max_entry_size.or(CACHE_ENTRY_SIZE.min(whole)),
        keep_set_cookie: raw.keep_set_cookie.or(false),
        tag_header: raw.tag_header.or(HeaderName::from_static("cache-tag")),
        writes,
    })
}

/// `None` without one. A burst is a tenth of a second's worth where nothing is written.
pub(super) fn rate(raw: &RawRate, cx: &mut Context<'_>) -> Option<Rate> {
    cx.check_together(&raw.burst, "rate", &raw.rate);
    let (count, per) = raw.rate.value()?;
    let tenth = u64::from(count) / per.as_secs() / 10;
    Some(Rate {
        count,
        per,
        burst: raw
            .burst
            .or(u32::try_from(tenth).unwrap_or(u32::MAX).max(1)),
    })
}

fn writes(raw: &[RawWrite], cx: &mut Context<'_>) -> Vec<Write> {
    let calls = raw.iter().filter_map(|raw| raw.call.written());
    let calls: Vec<_> = calls.cloned().collect();
    cx.check_distinct_items(&calls, Clone::clone);
    raw.iter().filter_map(|raw| write(raw, cx)).collect()
}

/// `None` for one that is wrong, which is reported.
fn write(raw: &RawWrite, cx: &mut Context<'_>) -> Option<Write> {
    let call = raw.call.written()?;
    if let Some(method) = call.value.method.as_ref().filter(|method| method.is_safe()) {
        let way_out = "write POST, PUT, PATCH, DELETE, or * for all of these";
        cx.report(call, format!("{method} changes nothing"), way_out);
    }
    let wildcards = |segments: &[Segment]| {
        let all = segments.iter();
        all.filter(|segment| **segment == Segment::One).count()
    };
    let known = wildcards(&call.value.segments);
    for path in raw.voids.items() {
        if wildcards(&path.value) > known {
            let what = format!("the path has more than the {known} * of the call");
            let way_out = "write one for each of the call's at most: it stands for the same; or end the path with **";
            cx.report(path, what, way_out);
        }
    }
    Some(Write {
        pattern: call.value.clone(),
        voids: raw.voids.values(),
    })
}

fn breaker(
    raw: &RawBreaker,
    bound: &Bound,
    total: Duration,
    cx: &mut Context<'_>,
) -> Option<Breaker> {
    cx.check_within(&raw.slow_call, bound);
    raw.enabled.or(true).then(|| Breaker {
        window: raw.window.or(ms(10_000)),
        min_calls: raw.min_calls.or(20),
        error_rate: raw.error_rate.or(50),
        slow_rate: raw.slow_rate.or(100),
        slow_call: raw.slow_call.or(total),
        open_for: raw.open_for.or(ms(2_000)),
        slow_start: raw.slow_start.or(ms(2_000)),
    })
}

fn retry(service: &RawDownstream, raw: &RawRetry, cx: &mut Context<'_>) -> Retry {
    let key = format!("downstream.{}.retry.max-backoff", service.name);
    let longest = Bound::new(key, &raw.max_backoff, MAX_BACKOFF);
    cx.check_within(&raw.backoff, &longest);
    cx.check_distinct(&raw.methods, Clone::clone);
    cx.check_distinct(&raw.statuses, StatusCode::as_u16);
    let max_backoff = raw.max_backoff.or(MAX_BACKOFF);
    Retry {
        max: raw.max.or(1),
        backoff: raw.backoff.or(BACKOFF.min(max_backoff)),
        max_backoff,
        methods: match &raw.methods {
            Field::Absent | Field::Bad => vec![Method::GET],
            Field::Written(_) => raw.methods.values(),
        },
        statuses: match &raw.statuses {
            Field::Absent | Field::Bad => vec![
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
            Field::Written(_) => raw.statuses.values(),
        },
        budget: service.budget.budget.or(10),
        min_per_second: service.budget.min_per_second.or(2),
    }
}

fn hedge(raw: &RawHedge, bound: &Bound, total: Duration, cx: &mut Context<'_>) -> Option<Hedge> {
    cx.check_within(&raw.min_delay, bound);
    raw.enabled.or(false).then(|| Hedge {
        percentile: raw.percentile.or(95),
        min_delay: raw.min_delay.or(ms(5).min(total)),
    })
}

pub(super) fn ejection(raw: &RawEjection) -> Ejection {
    Ejection {
        failures: raw.failures.or(5),
        error_rate: raw.error_rate.or(50),
        min_calls: raw.min_calls.or(20),
        time: raw.time.or(ms(5_000)),
        max_share: raw.max_share.or(50),
        panic_threshold: raw.panic_threshold.or(50),
        slow_start: raw.slow_start.or(ms(5_000)),
    }
}

/// `None` without the section, or without its path, which is reported already.
pub(super) fn health(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Health> {
    let key = format!("downstream.{}.health.interval", raw.name);
    let raw = raw.health.as_ref()?;
    cx.check_within(
        &raw.timeout,
        &Bound::new(key, &raw.interval, HEALTH_INTERVAL),
    );
    let interval = raw.interval.or(HEALTH_INTERVAL);
    Some(Health {
        path: raw.path.value()?,
        interval,
        timeout: raw.timeout.or(HEALTH_TIMEOUT.min(interval)),
        unhealthy_after: raw.unhealthy_after.or(3),
        healthy_after: raw.healthy_after.or(2),
    })
}
