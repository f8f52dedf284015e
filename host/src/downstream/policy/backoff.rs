//! The wait before a further attempt.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::config;
use crate::time;

/// The wait before a retry, the first of which is number 0: drawn from 0 to a time that doubles
/// with each ("full jitter"). Callers that failed together do not come back together.
pub fn backoff(retry: &config::Retry, number: u32) -> Duration {
    let factor = 1_u32.checked_shl(number).unwrap_or(u32::MAX);
    let longest = retry.backoff.saturating_mul(factor).min(retry.max_backoff);
    let nanos = time::nanos(longest);
    Duration::from_nanos(fastrand::u64(0..=nanos))
}
