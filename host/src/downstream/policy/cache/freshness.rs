//! Whether an answer may be stored, and for how long it may be used (RFC 9111 sections 3 and 4.2,
//! RFC 5861).

use std::time::{Duration, SystemTime};

use http::header::{AGE, AUTHORIZATION, DATE, ETAG, EXPIRES, LAST_MODIFIED, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, StatusCode};

use super::date;
use super::directives::{Directives, delta_seconds, pragma_no_cache};
use crate::config::CacheTimes;
use crate::downstream::response::ServiceResponse;
use crate::time::by_the_clock;

/// For how long a stale answer is kept that a service can still confirm with a 304, which spares
/// its body.
const VALIDATE_FOR: Duration = Duration::from_secs(60);

/// The lifetime of a stored answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Age that it had when it came.
    age: Duration,
    /// When it came.
    came: SystemTime,
    /// Age up to which it is fresh.
    lifetime: Duration,
    /// For how long after that it may be used while a new one is fetched.
    while_revalidate: Duration,
    /// For how long after that it may be used when the service fails.
    if_error: Duration,
    /// Not to be used stale on a caller's `max-stale` alone.
    strict: bool,
    /// Whether the operator says how long it is fresh, because the answer does not.
    of_operator: bool,
}

/// When a call was made, and when its answer came.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the call was made.
    pub requested: SystemTime,
    /// When the answer was there.
    pub came: SystemTime,
}

impl Freshness {
    /// The lifetime of an answer to a read; `None` when it may not be stored, or could not be used
    /// again. `with_cookies`: the operator lets answers with `set-cookie` be stored that are
    /// `public`.
    pub fn of(
        (settings, with_cookies): (&CacheTimes, bool),
        request: &HeaderMap,
        answer: &ServiceResponse,
        times: Times,
    ) -> Option<Self> {
        let (status, headers) = (answer.status, &answer.headers);
        let says = Directives::of_answer(headers);
        if says.no_store
            || says.private
            || !storable(status)
            || is_grpc_failure(headers)
            || Directives::of_request(request).no_store
            || varies_with_everything(headers)
        {
            return None;
        }
        // Section 7.3: RFC 9111 would allow it. A session leaked to another caller costs more than
        // a call, and some frameworks add `public` to it.
        if headers.contains_key(SET_COOKIE) && !(with_cookies && says.public) {
            return None;
        }
        // Most answers of most services have no lifetime, so nothing else matters.
        let silent = says.s_maxage.is_none() && says.max_age.is_none() && !says.no_cache;
        let negative = status.is_client_error() || status.is_server_error();
        let ttl = match negative {
            true => settings.negative_ttl,
            false => settings.ttl,
        };
        if silent && ttl.is_none() && !headers.contains_key(EXPIRES) {
            return None;
        }
        let date = date_of(headers, DATE).unwrap_or_else(|| by_the_clock(times.came));
        let explicit = explicit_lifetime(&says, headers, date);
        let from_operator = ttl.filter(|_| {
            explicit.is_none()
                && !says.no_cache
                && !pragma_no_cache(headers)
                && cacheable_by_default(status)
        });
        // Section 3.5. The operator's lifetime counts as `s-maxage`.
        if request.contains_key(AUTHORIZATION)
            && !(says.public
                || says.must_revalidate
                || says.s_maxage.is_some()
                || from_operator.is_some())
        {
            return None;
        }
        let lifetime = if says.no_cache {
            Duration::ZERO
        } else {
            explicit.or(from_operator)?
        };

        // Section 4.2.4. `s-maxage` forbids it too (section 5.2.2.10), but a service that sends a
        // window of RFC 5861 beside it has allowed it again.
        let never = says.no_cache || says.must_revalidate || says.proxy_revalidate;
        let strict = never || says.s_maxage.is_some();
        let window = |said: Option<Duration>, default| match said {
            _ if never => Duration::ZERO,
            Some(said) => said,
            None if strict => Duration::ZERO,
            None => default,
        };
        let freshness = Self {
            age: initial_age(headers, date, times),
            came: times.came,
            lifetime,
            while_revalidate: window(says.stale_while_revalidate, settings.stale_while_revalidate),
            if_error: window(says.stale_if_error, settings.stale_if_error),
            strict,
            of_operator: from_operator.is_some(),
        };
        let validator = headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED);
        (!freshness.kept(validator).is_zero()).then_some(freshness)
    }

    /// Whether the operator says how long it is fresh, because the answer does not.
    pub fn is_of_operator(&self) -> bool {
        self.of_operator
    }

    /// When the answer came.
    pub fn came(&self) -> SystemTime {
        self.came
    }

    /// Its age (section 4.2.3).
    pub fn age(&self, now: SystemTime) -> Duration {
        self.age
            .saturating_add(now.duration_since(self.came).unwrap_or_default())
    }

    /// For how long it is still fresh.
    pub fn left(&self, now: SystemTime) -> Duration {
        self.lifetime.saturating_sub(self.age(now))
    }

    /// For how long it has been stale; `None` when it is fresh.
    pub fn stale_for(&self, now: SystemTime) -> Option<Duration> {
        self.age(now).checked_sub(self.lifetime)
    }

    /// Whether it may be used now, while a new one is fetched.
    pub fn serves_while_revalidating(&self, now: SystemTime) -> bool {
        self.stale_for(now)
            .is_none_or(|stale| stale < self.while_revalidate)
    }

    /// Whether it may be used now, when the service fails.
    pub fn serves_on_error(&self, now: SystemTime) -> bool {
        self.stale_for(now)
            .is_none_or(|stale| stale < self.if_error)
    }

    /// Whether a caller that accepts stale answers may get it.
    pub fn may_be_stale(&self) -> bool {
        !self.strict
    }

    /// For how long it is worth keeping, from when it came.
    pub fn kept(&self, validator: bool) -> Duration {
        let mut window = self.while_revalidate.max(self.if_error);
        if validator {
            window = window.max(VALIDATE_FOR);
        }
        self.lifetime
            .saturating_add(window)
            .saturating_sub(self.age)
    }
}

/// Statuses that may be stored when the answer says for how long: those of RFC 9110 that end an
/// exchange and describe the resource. An error of the service never replaces a good answer that
/// can be used instead.
fn storable(status: StatusCode) -> bool {
    match status {
        StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => false,
        StatusCode::NOT_IMPLEMENTED => true,
        status => matches!(status.as_u16(), 200..=499),
    }
}

/// Whether the call failed in gRPC, whatever its HTTP status. The names are those of the protocol
/// of gRPC over HTTP/2; 0 is `OK`.
pub fn is_grpc_failure(headers: &HeaderMap) -> bool {
    let mut statuses = headers.get_all("grpc-status").iter();
    statuses.any(|status| status.as_bytes().trim_ascii() != b"0")
}

/// RFC 9110 section 15.1, without 206, which is never stored.
fn cacheable_by_default(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

fn varies_with_everything(headers: &HeaderMap) -> bool {
    headers.get_all(VARY).iter().any(|line| {
        let mut names = line.as_bytes().split(|byte| *byte == b',');
        names.any(|name| name.trim_ascii() == b"*")
    })
}

/// Section 4.2.1, without heuristics, so that operators can predict what is stored.
fn explicit_lifetime(says: &Directives, headers: &HeaderMap, date: SystemTime) -> Option<Duration> {
    says.s_maxage.or(says.max_age).or_else(|| {
        headers.contains_key(EXPIRES).then(|| {
            // Section 5.3: what is no date, `0` above all, has passed. Several that differ cannot
            // be trusted.
            let expires = date_of(headers, EXPIRES);
            expires.map_or(Duration::ZERO, |expires| {
                expires.duration_since(date).unwrap_or_default()
            })
        })
    })
}

/// Whether an answer is stale on arrival, by its own fields.
pub fn is_out_of_date(says: &Directives, headers: &HeaderMap, times: Times) -> bool {
    let date = date_of(headers, DATE).unwrap_or_else(|| by_the_clock(times.came));
    match explicit_lifetime(says, headers, date) {
        Some(lifetime) => initial_age(headers, date, times) >= lifetime,
        None => pragma_no_cache(headers),
    }
}

/// Section 4.2.3.
fn initial_age(headers: &HeaderMap, date: SystemTime, times: Times) -> Duration {
    let came = by_the_clock(times.came);
    let apparent = came.duration_since(date).unwrap_or_default();
    let delay = times
        .came
        .duration_since(times.requested)
        .unwrap_or_default();
    // Section 5.1: of several values the first counts, and one that is no number is as none.
    let value = headers
        .get(AGE)
        .and_then(|line| line.as_bytes().split(|byte| *byte == b',').next())
        .and_then(|first| delta_seconds(first.trim_ascii()))
        .unwrap_or_default();
    apparent.max(value.saturating_add(delay))
}

/// A date in any of its three forms (RFC 9110 section 5.6.7); `None` when there is none, it is
/// wrong, or several differ.
fn date_of(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    let mut lines = headers.get_all(&name).iter();
    let first = lines.next()?;
    if lines.any(|line| line != first) {
        return None;
    }
    date::parse(first)
}
