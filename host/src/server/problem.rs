//! The answers that the host makes itself: RFC 9457 documents, one form for all of them.
//!
//! A document says what failed, where, and under which request id, and nothing internal: no
//! address, no path of a file, no backtrace. `type` is `urn:tailor:error:` and the code: a name
//! that never changes and resolves to nothing, so that it means the same behind every host name;
//! `docs/reference/errors.md` explains each. The field `tailor-error` carries the code too. It
//! distinguishes "the host failed" from "the BFF said so" without a look at the body, and no answer
//! of a BFF has it.
//!
//! What every answer has, the host's or a BFF's (`x-request-id`, `date`), is added where answers
//! are sent, as is leaving out the body of an answer to HEAD.

mod code;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response};
use serde::Serialize;

pub use code::Code;

/// The header field that carries the code of an answer made by the host.
pub const TAILOR_ERROR: HeaderName = HeaderName::from_static("tailor-error");

/// What every `type` begins with.
const TYPE: &str = "urn:tailor:error:";

/// One answer of the host's own.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// What kind of failure this is. Sets status, title and type.
    pub code: Code,
    /// What went wrong this time, safe to show to a client. An empty text is left out.
    pub detail: Cow<'a, str>,
    /// The request's id.
    pub request_id: &'a str,
    /// The BFF that was chosen, if the request came that far.
    pub bff: Option<&'a str>,
    /// Its version that served the request.
    pub version: Option<&'a str>,
    /// When trying again may help; sent in whole seconds, rounded up.
    pub retry_after: Option<Duration>,
    /// The methods that are allowed, which a 405 has to name.
    pub allow: Option<HeaderValue>,
}

/// The JSON of a problem, in this order.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bff: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

impl<'a> Problem<'a> {
    /// A problem that names no BFF yet.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'a, str>>, request_id: &'a str) -> Self {
        Self {
            code,
            detail: detail.into(),
            request_id,
            bff: None,
            version: None,
            retry_after: None,
            allow: None,
        }
    }

    /// The answer, with its body whole. Never to be stored: it describes one moment.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let code = self.code.as_str();
        let document = Document {
            kind: format!("{TYPE}{code}"),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            code,
            request_id: self.request_id,
            bff: self.bff,
            version: self.version,
        };
        let body = serde_json::to_vec(&document).expect("strings and a number are always JSON");
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(TAILOR_ERROR, HeaderValue::from_static(code));
        if let Some(after) = self.retry_after {
            let part = u64::from(after.subsec_nanos() > 0);
            let seconds = after.as_secs().saturating_add(part);
            headers.insert(RETRY_AFTER, seconds.max(1).into());
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, allow);
        }
        response
    }
}
