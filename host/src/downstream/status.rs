//! Whose fault an outcome is: the rules side by side.

use std::time::Duration;

use http::StatusCode;

use super::error::Cause;
use super::response::ServiceResponse;

/// A call that was given less time than that and less than its service may take says nothing when it
/// times out.
const SHORT_LIMIT: Duration = Duration::from_millis(50);

/// Whether a status says that the service cannot answer at present. It counts for the breaker, and a
/// stale response is better then (RFC 5861 section 4).
pub fn is_fault(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502..=504)
}

/// Whether the outcome says that the endpoint works. Of statuses, those that proxies and servers in
/// trouble give say the opposite; a response that is too large for this call is a response.
pub fn is_endpoint_success(result: &Result<ServiceResponse, Cause>) -> bool {
    match result {
        Ok(response) => !matches!(response.status.as_u16(), 502..=504),
        Err(cause) => matches!(cause, Cause::TooLarge { .. } | Cause::HeadTooLarge { .. }),
    }
}

/// Whether a call timed out because its caller gave it next to no time. That says nothing about the
/// service: a guest, which may be hostile, chooses how long it waits.
pub fn caller_limit_too_short(
    result: &Result<ServiceResponse, Cause>,
    took: Duration,
    first_byte: Duration,
) -> bool {
    matches!(result, Err(Cause::Timeout { .. })) && took < first_byte.min(SHORT_LIMIT)
}

/// What clients are told in `tailor-degraded` of a status with which a service says that it failed.
pub fn degraded_reason(status: u16) -> Option<&'static str> {
    Some(match status {
        500 => "status-500",
        502 => "status-502",
        503 => "status-503",
        504 => "status-504",
        501 | 505.. => "status-5xx",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::downstream::error::Phase;

    #[test]
    fn a_short_limit_of_the_caller_is_not_held_against_a_service() {
        let late = || {
            Err(Cause::Timeout {
                phase: Phase::FirstByte,
                after: Duration::ZERO,
            })
        };
        let ms = Duration::from_millis;
        assert!(caller_limit_too_short(&late(), ms(10), ms(1000)));
        // The operator's own limit passed, or time enough for anybody.
        assert!(!caller_limit_too_short(&late(), ms(10), ms(10)));
        assert!(!caller_limit_too_short(&late(), ms(50), ms(1000)));
        let refused = Err(Cause::Unreachable {
            source: std::io::ErrorKind::ConnectionRefused.into(),
        });
        assert!(!caller_limit_too_short(&refused, ms(1), ms(1000)));
    }
}
