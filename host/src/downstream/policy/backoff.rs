//! How long is waited before a further attempt.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::config;

/// The wait before a retry, the first of which is number 0: drawn from 0 to a time that doubles with each ("full jitter").
/// Callers that failed together do not come back together.
pub fn backoff(retry: &config::Retry, number: u32) -> Duration {
    let factor = 1_u32.checked_shl(number).unwrap_or(u32::MAX);
    let longest = retry.backoff.saturating_mul(factor).min(retry.max_backoff);
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(fastrand::u64(0..=nanos))
}

/// How long the service asks to be left alone (RFC 9110, section 10.2.3): seconds, or a date. One that has passed is zero.
/// What is neither is ignored.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are as good as never.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
