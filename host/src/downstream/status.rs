//! Whose fault an outcome is. The breaker, ejection and balancing all use [`judge`], so that they
//! never disagree.

use http::StatusCode;

use super::error::{Cause, Phase, TimeLimit};
use super::response::ServiceResponse;

/// The judgement of an outcome, for the service and its endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judgement {
    /// It works.
    Good,
    /// It does not.
    Fault,
    /// Nothing: it was not called, or did not get the time that the operator allows.
    #[default]
    Nothing,
}

/// Judges the outcome of a call or of one of its attempts.
///
/// Only the operator's own limits judge a service: a hostile guest chooses its timeouts, and a
/// request's deadline may be nearly over.
pub fn judge(result: &Result<ServiceResponse, Cause>) -> Judgement {
    match result {
        Ok(response) if is_fault(response.status) => Judgement::Fault,
        // A response that is too large for this call is a response.
        Ok(_) | Err(Cause::TooLarge { .. } | Cause::HeadTooLarge { .. }) => Judgement::Good,
        Err(Cause::Timeout { phase, limit, .. }) => match (phase, limit) {
            (Phase::Connect | Phase::FirstByte | Phase::Body, TimeLimit::Service) => {
                Judgement::Fault
            }
            (_, TimeLimit::Caller) | (Phase::Queue | Phase::Credentials, _) => Judgement::Nothing,
        },
        // Also when it is a proxy that opens none, or refuses: the endpoint cannot be reached.
        Err(Cause::Unreachable { .. } | Cause::Interrupted { .. } | Cause::Malformed { .. }) => {
            Judgement::Fault
        }
        Err(
            Cause::Overloaded { .. }
            | Cause::OverRate { .. }
            | Cause::Shed { .. }
            | Cause::Host { .. }
            | Cause::Rejected { .. }
            | Cause::Scripted(_),
        ) => Judgement::Nothing,
    }
}

/// Whether a status says that the service cannot answer at present: it counts as a failure of the
/// service, and a stale response is used instead (RFC 5861 section 4).
pub fn is_fault(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502..=504)
}

/// The value in `tailor-degraded` for a failure status of a service.
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
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;

    fn late(phase: Phase, limit: TimeLimit) -> Judgement {
        judge(&Err(Cause::Timeout {
            phase,
            after: Duration::ZERO,
            limit,
        }))
    }

    #[test]
    fn only_the_operators_limits_judge_a_service() {
        for phase in [Phase::Connect, Phase::FirstByte, Phase::Body] {
            assert_eq!(late(phase, TimeLimit::Service), Judgement::Fault);
            assert_eq!(late(phase, TimeLimit::Caller), Judgement::Nothing);
        }
        for phase in [Phase::Queue, Phase::Credentials] {
            assert_eq!(late(phase, TimeLimit::Service), Judgement::Nothing);
        }
    }

    #[test]
    fn a_limit_is_the_services_once_it_had_all_of_its_time() {
        let ms = Duration::from_millis;
        assert_eq!(TimeLimit::after(ms(60), ms(100)), TimeLimit::Caller);
        assert_eq!(TimeLimit::after(ms(100), ms(100)), TimeLimit::Service);
    }

    #[test]
    fn statuses_of_a_service_in_trouble_are_faults() {
        let judged = |status: u16| {
            judge(&Ok(ServiceResponse {
                status: StatusCode::from_u16(status).unwrap(),
                headers: HeaderMap::new(),
                body: Default::default(),
            }))
        };
        for status in [500, 502, 503, 504] {
            assert_eq!(judged(status), Judgement::Fault, "{status}");
        }
        for status in [200, 304, 400, 404, 429, 501, 505, 599] {
            assert_eq!(judged(status), Judgement::Good, "{status}");
        }
    }
}
