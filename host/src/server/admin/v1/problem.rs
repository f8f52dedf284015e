//! Refusals of orders: RFC 9457 documents with the step, the reason and the way out.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::oci::PullError;
use crate::releases::{OrderError, StoreError, parted};
use crate::server::admin::{AdminBody, typed};
use crate::server::inbound::RequestId;

/// Why an order is refused.
#[derive(Debug)]
pub(in crate::server::admin) struct V1Problem {
    pub(super) status: StatusCode,
    /// At which step, as a word that never changes.
    pub(super) step: &'static str,
    pub(super) reason: String,
    /// The way out.
    pub(super) fix: String,
    /// The methods that are allowed, which a 405 has to name.
    pub(super) allow: Option<HeaderValue>,
    /// After how many seconds the same order may be answered in another way, if time is what mends
    /// it.
    pub(super) retry_after: Option<u16>,
}

/// What a client waits that is told no other time, seconds.
const MOMENT: u16 = 1;

impl V1Problem {
    /// A problem of the request itself.
    pub(super) fn new(
        status: StatusCode,
        step: &'static str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let is_busy = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ]
        .contains(&status);
        Self {
            status,
            step,
            reason: reason.into(),
            fix: fix.into(),
            allow: None,
            retry_after: is_busy.then_some(MOMENT),
        }
    }

    /// The same for a page that is text.
    pub(in crate::server::admin) fn into_text(self) -> (StatusCode, String) {
        (self.status, format!("{}; {}\n", self.reason, self.fix))
    }

    pub(super) fn into_response(self, id: &RequestId) -> Response<AdminBody> {
        let document = json!({
            "type": format!("urn:tailor:release:{}", self.step),
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "step": self.step,
            "reason": self.reason,
            "fix": self.fix,
            "request_id": id.as_str(),
        });
        let text = format!("{document:#}\n");
        let mut response = typed(self.status, "application/problem+json", text);
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, after.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"tailor\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

impl From<OrderError> for V1Problem {
    fn from(error: OrderError) -> Self {
        let (status, step) = match &error {
            OrderError::NoBff(_) => (StatusCode::NOT_FOUND, "bff"),
            OrderError::NoRelease { .. } => (StatusCode::NOT_FOUND, "release"),
            OrderError::Name { .. } => (StatusCode::NOT_FOUND, "digest"),
            OrderError::Unproven { .. } => (StatusCode::CONFLICT, "digest"),
            // Time mends none of it.
            OrderError::Preview { .. } | OrderError::Store(StoreError::TooManyPreviews { .. }) => {
                (StatusCode::CONFLICT, "preview")
            }
            OrderError::NoPreview { .. } => (StatusCode::NOT_FOUND, "preview"),
            OrderError::Shadow { .. } => (StatusCode::CONFLICT, "shadow"),
            OrderError::NoShadow(_) => (StatusCode::NOT_FOUND, "shadow"),
            OrderError::TooManyShadows => (StatusCode::TOO_MANY_REQUESTS, "shadow"),
            OrderError::Plan { .. } => (StatusCode::CONFLICT, "canary"),
            OrderError::Store(StoreError::NoCanary { .. }) => (StatusCode::CONFLICT, "canary"),
            OrderError::Store(StoreError::Held { .. }) => (StatusCode::CONFLICT, "held"),
            OrderError::NoPrevious(_)
            | OrderError::NothingLive(_)
            | OrderError::NeverLive { .. } => (StatusCode::CONFLICT, "rollback"),
            OrderError::Signature { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "signature"),
            OrderError::Pull(error) => (status_of(error), "pull"),
            OrderError::Token(_) => (StatusCode::UNAUTHORIZED, "token"),
            OrderError::Store(
                StoreError::TooManyTokens(_) | StoreError::TooManyOfIssuer { .. },
            ) => (StatusCode::TOO_MANY_REQUESTS, "token"),
            OrderError::Store(StoreError::Exchanged) => (StatusCode::UNAUTHORIZED, "replay"),
            OrderError::Store(StoreError::ExchangedLate) => (StatusCode::UNAUTHORIZED, "claims"),
            OrderError::Store(StoreError::NoComponent(_)) => (StatusCode::CONFLICT, "digest"),
            OrderError::Store(StoreError::Conflict { .. }) => (StatusCode::CONFLICT, "expect-live"),
            OrderError::Store(StoreError::KeyReused) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key")
            }
            OrderError::Store(StoreError::OtherDigest { .. }) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "digest")
            }
            OrderError::Store(StoreError::Cut) => (StatusCode::BAD_REQUEST, "upload"),
            OrderError::Store(StoreError::Busy { .. }) => (StatusCode::TOO_MANY_REQUESTS, "queue"),
            OrderError::Store(StoreError::Full { .. }) => {
                (StatusCode::INSUFFICIENT_STORAGE, "store")
            }
            OrderError::Store(StoreError::Unreleased { .. }) => {
                (StatusCode::INSUFFICIENT_STORAGE, "upload")
            }
            OrderError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "store"),
            // As an order that comes while the host stops.
            OrderError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        };
        let text = error.to_string();
        // Every text of these errors has its way out at the end.
        let (reason, fix) = parted(&text);
        let problem = Self::new(status, step, reason, fix);
        Self {
            retry_after: match &error {
                OrderError::Pull(PullError::Busy { wait, .. }) => {
                    Some(u16::try_from(wait.as_secs()).unwrap_or(u16::MAX))
                }
                // What a registry's section lacks, time does not mend, nor a journal that fails.
                OrderError::Pull(_) => None,
                OrderError::Store(error) if error.is_of_host() && !error.passes() => None,
                _ => problem.retry_after,
            },
            ..problem
        }
    }
}

/// The status for a component that is not pulled.
fn status_of(error: &PullError) -> StatusCode {
    match error {
        PullError::Reference(_) => StatusCode::BAD_REQUEST,
        PullError::UnknownRegistry { .. } => StatusCode::FORBIDDEN,
        PullError::NotFound { .. } | PullError::NoLayer { .. } => StatusCode::NOT_FOUND,
        PullError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        PullError::Manifest { .. } | PullError::OtherBytes { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        PullError::Late { .. } => StatusCode::GATEWAY_TIMEOUT,
        PullError::Failed { .. } => StatusCode::BAD_GATEWAY,
        PullError::Busy { .. } | PullError::Settings { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases::TokenError;

    #[test]
    fn each_refusal_of_an_order_has_a_way_out() {
        let bff = || "page".to_owned();
        let digest = || "abc".to_owned();
        for error in [
            OrderError::NoBff(bff()),
            OrderError::NoRelease {
                bff: bff(),
                release: 1,
            },
            OrderError::NoPrevious(bff()),
            OrderError::NothingLive(bff()),
            OrderError::NeverLive {
                bff: bff(),
                digest: digest(),
                why: "its release is gone".to_owned(),
            },
            OrderError::Name {
                bff: bff(),
                name: digest(),
                what: "is no name",
                fix: "write live",
            },
            OrderError::Unproven {
                bff: bff(),
                digest: digest(),
            },
            OrderError::NoPreview {
                bff: bff(),
                name: "pr-1".to_owned(),
            },
            OrderError::NoShadow(bff()),
            OrderError::TooManyShadows,
            OrderError::Token(TokenError::Mistyped),
            StoreError::TooManyPreviews {
                bff: bff(),
                most: 2,
            }
            .into(),
            StoreError::KeyReused.into(),
            StoreError::Cut.into(),
            StoreError::Damaged(digest()).into(),
            StoreError::NoCanary {
                bff: bff(),
                what: "none".to_owned(),
            }
            .into(),
            StoreError::Superseded {
                bff: bff(),
                release: 1,
                by: 2,
            }
            .into(),
            OrderError::Stopping,
        ] {
            let text = error.to_string();
            let problem = V1Problem::from(error);
            assert!(problem.fix.len() > 5, "{text}");
            assert_eq!(format!("{}; {}", problem.reason, problem.fix), text);
        }
    }

    #[test]
    fn only_what_time_mends_asks_to_come_again() {
        let place = || "journal".to_owned();
        let locked = StoreError::Locked { place: place() };
        let failed = StoreError::Failed {
            place: place(),
            why: "file is not a database".to_owned(),
        };
        let read_only = StoreError::ReadOnly { place: place() };
        for (error, expected) in [
            (locked, Some(1)),
            (StoreError::Queue, Some(1)),
            (failed, None),
            (read_only, None),
        ] {
            let problem = V1Problem::from(OrderError::Store(error));
            assert_eq!((problem.status.as_u16(), problem.step), (503, "store"));
            assert_eq!(problem.retry_after, expected, "{}", problem.reason);
        }
    }

    #[test]
    fn a_host_that_stops_is_told_from_a_store_that_fails() {
        let problem = V1Problem::from(OrderError::Stopping);
        assert_eq!((problem.status.as_u16(), problem.step), (503, "stopping"));
        let failed = StoreError::Slow {
            place: "journal".to_owned(),
        };
        let problem = V1Problem::from(OrderError::Store(failed));
        assert_eq!((problem.status.as_u16(), problem.step), (503, "store"));
    }
}
