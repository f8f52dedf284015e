//! The cache lifetime of a degraded answer.
//!
//! `cache-control` is read as RFC 9111 section 5.2 says: directives without regard to case, values
//! bare or quoted, several fields as one list. Directives that do not set a lifetime stay.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, HeaderValue};

/// Limits the cache lifetime of an answer. It never becomes longer.
///
/// A `max_age` of less than a second means that it must not be stored at all. Otherwise `max-age`
/// and `s-maxage` are lowered, what lets a cache use the answer for longer than that
/// (`stale-while-revalidate`, `stale-if-error`, `immutable`) goes, and `max-age` takes the place of
/// `expires`. `no-store`, `no-cache` and `private` stay. Fields for some caches only that override
/// `cache-control` there (RFC 9213, `surrogate-control`) go in either case. An unreadable value
/// means that the answer is not stored.
pub fn cap_cache(headers: &mut HeaderMap, max_age: Duration) {
    let seconds = max_age.as_secs();
    let value = match seconds {
        0 => None,
        _ => capped(headers, seconds),
    };
    let value = value.unwrap_or(HeaderValue::from_static("no-store"));
    headers.insert(CACHE_CONTROL, value);
    headers.remove(EXPIRES);
    remove_targeted(headers);
}

/// The new value of `cache-control`; `None` if the present one cannot be read.
fn capped(headers: &HeaderMap, cap: u64) -> Option<HeaderValue> {
    // Without `max-age` it is `expires` that says how long (RFC 9111 section 4.2.1).
    let mut max_age = cap;
    let mut s_maxage = None;
    let mut said = false;
    let mut never_reused = false;
    let mut kept = String::new();
    for field in headers.get_all(CACHE_CONTROL) {
        for directive in split(field.to_str().ok()?)? {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim_ascii_end(), Some(value.trim_ascii_start())),
                None => (directive, None),
            };
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("max-age") {
                // The shortest of several values applies.
                max_age = max_age.min(seconds(value));
                said = true;
            } else if is("s-maxage") {
                s_maxage = Some(s_maxage.unwrap_or(cap).min(seconds(value)));
            } else if !(is("stale-while-revalidate") || is("stale-if-error") || is("immutable")) {
                // With a value, `no-cache` is about some fields of the answer only (RFC 9111
                // section 5.2.2.4).
                never_reused |= is("no-store") || (is("no-cache") && value.is_none());
                push(&mut kept, directive);
            }
        }
    }
    if !said {
        max_age = max_age.min(expires_in(headers).unwrap_or(cap));
    }
    if let Some(s_maxage) = s_maxage {
        push(&mut kept, &format!("s-maxage={s_maxage}"));
    }
    if said || !never_reused {
        push(&mut kept, &format!("max-age={max_age}"));
    }
    HeaderValue::from_maybe_shared(Bytes::from(kept)).ok()
}

fn push(list: &mut String, directive: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(directive);
}

/// The members of a list, without those that are empty (RFC 9110 section 5.6.1). `None` if a quoted
/// string has no end.
fn split(field: &str) -> Option<Vec<&str>> {
    let mut members = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in field.char_indices() {
        match c {
            // A backslash in a quoted string takes the meaning of the next character away (RFC 9110
            // section 5.6.4).
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                members.push(field[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    members.push(field[start..].trim_ascii());
    members.retain(|member| !member.is_empty());
    (!quoted).then_some(members)
}

/// A number of seconds, bare or quoted. What is none counts as no time at all (RFC 9111 section
/// 4.2.1).
fn seconds(value: Option<&str>) -> u64 {
    let value = value.unwrap_or_default();
    let bare = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    // Only digits, so what does not fit is a number that is too large, and large enough (RFC 9111
    // section 1.2.2).
    bare.parse().unwrap_or(u64::MAX)
}

/// The lifetime by `expires`; zero if it is no date (RFC 9111 section 5.3), `None` if it is not
/// there.
fn expires_in(headers: &HeaderMap) -> Option<u64> {
    let mut shortest = None;
    for expires in headers.get_all(EXPIRES) {
        let from = headers
            .get(DATE)
            .and_then(date)
            .unwrap_or_else(SystemTime::now);
        let life = date(expires)
            .and_then(|until| until.duration_since(from).ok())
            .map_or(0, |life| life.as_secs());
        shortest = Some(shortest.unwrap_or(life).min(life));
    }
    shortest
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Removes fields that override `cache-control` for some caches, by the naming convention of RFC
/// 9213 section 3.1.
fn remove_targeted(headers: &mut HeaderMap) {
    let targeted = |name: &HeaderName| {
        *name == "surrogate-control" || name.as_str().ends_with("cdn-cache-control")
    };
    while let Some(name) = headers.keys().find(|name| targeted(name)).cloned() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests;
