//! Reads `retry-after`: when a service, a registry or a host takes the next call.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

/// The longest pause that an order is told or keeps to.
const LONGEST: Duration = Duration::from_secs(3600);

/// The pause that an answer requests. With 429 (RFC 6585 section 4) it is about the service; with
/// 503 (RFC 9110 section 15.6.4) for the endpoint that it came from. With other statuses the field
/// does not mean that.
pub fn rest(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            retry_after(headers, SystemTime::now())
        }
        _ => None,
    }
}

/// The pause of [`rest`] for who waits with an order, in whole seconds: one at least, and an hour
/// at most, whatever was requested.
pub fn bounded_rest(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let rest = rest(status, headers)?.min(LONGEST);
    let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
    Some(Duration::from_secs(seconds.max(1)))
}

/// The pause that the service requests (RFC 9110, section 10.2.3): seconds, or a date. One that has
/// passed is zero. Other values are ignored.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are as good as never.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
