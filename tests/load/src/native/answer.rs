//! What a BFF answers: JSON, bytes, or a problem.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use super::services::Missing;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a BFF answers.
pub(crate) type NativeResponse = Response<Full<Bytes>>;

/// A request that gets a problem instead of an answer.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    detail: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, detail: String) -> Self {
        Self { status, detail }
    }

    pub(crate) fn parameter(name: &str, value: &str) -> Self {
        let detail = format!("query parameter `{name}` is `{value}`, which is not allowed");
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Not one part arrived.
    pub(crate) fn nothing_arrived(missing: &[(&'static str, Missing)]) -> Self {
        let unknown = missing
            .iter()
            .any(|(_, why)| matches!(why, Missing::Status(StatusCode::NOT_FOUND)));
        if unknown {
            return Self::new(StatusCode::NOT_FOUND, "no such user or day".to_owned());
        }
        let parts: Vec<String> = missing
            .iter()
            .map(|(part, why)| format!("{part} ({why})"))
            .collect();
        let detail = format!("no part is available: {}", parts.join(", "));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    pub(crate) fn answer(self) -> NativeResponse {
        let problem = serde_json::json!({"status": self.status.as_u16(), "detail": self.detail});
        let mut answer = Response::new(Full::new(Bytes::from(problem.to_string())));
        *answer.status_mut() = self.status;
        let problem_json = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(CONTENT_TYPE, problem_json);
        answer
    }
}

/// 200 with JSON, and with `keep` as its `cache-control`.
pub(crate) fn json(
    value: &impl serde::Serialize,
    keep: &'static str,
) -> Result<NativeResponse, Refused> {
    let body = serde_json::to_vec(value)
        .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(ok(JSON, body, keep))
}

pub(crate) fn ok(content_type: HeaderValue, body: Vec<u8>, keep: &'static str) -> NativeResponse {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    answer
}

pub(crate) fn with(
    mut answer: NativeResponse,
    name: HeaderName,
    value: HeaderValue,
) -> NativeResponse {
    answer.headers_mut().insert(name, value);
    answer
}
