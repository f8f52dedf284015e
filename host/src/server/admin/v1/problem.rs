//! Refusals of orders: RFC 9457 documents with the step, the reason and the way out.

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::releases::{OrderError, StoreError};
use crate::server::admin::typed;
use crate::server::inbound::RequestId;

/// Why an order is refused.
#[derive(Debug)]
pub(super) struct V1Problem {
    pub(super) status: StatusCode,
    /// At which step, as a word that never changes.
    pub(super) step: &'static str,
    pub(super) reason: String,
    /// The way out.
    pub(super) fix: String,
    /// The methods that are allowed, which a 405 has to name.
    pub(super) allow: Option<HeaderValue>,
}

impl V1Problem {
    /// A problem of the request itself.
    pub(super) fn new(
        status: StatusCode,
        step: &'static str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            status,
            step,
            reason: reason.into(),
            fix: fix.into(),
            allow: None,
        }
    }

    pub(super) fn into_response(self, id: &RequestId) -> Response<Full<Bytes>> {
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
            OrderError::NoPrevious(_) | OrderError::NeverLive { .. } => {
                (StatusCode::CONFLICT, "rollback")
            }
            OrderError::Store(StoreError::NoComponent(_)) => (StatusCode::CONFLICT, "digest"),
            OrderError::Store(StoreError::Conflict { .. }) => (StatusCode::CONFLICT, "expect-live"),
            OrderError::Store(StoreError::KeyReused) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key")
            }
            OrderError::Store(StoreError::Busy { .. }) => (StatusCode::TOO_MANY_REQUESTS, "queue"),
            OrderError::Store(StoreError::Full { .. }) => {
                (StatusCode::INSUFFICIENT_STORAGE, "store")
            }
            OrderError::Store(_) | OrderError::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "store")
            }
        };
        let text = error.to_string();
        // Every text of these errors has its way out at the end.
        let (reason, fix) = text.rsplit_once("; ").unwrap_or((&text, ""));
        Self::new(status, step, reason, fix)
    }
}
