//! A request to a service, before it has an endpoint.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::time;

/// The milliseconds that the host waits for the head of the answer to this attempt: a service may
/// stop work that no client waits for. A call brings the field, and each attempt fills in its own
/// time.
pub const TIME_LEFT: HeaderName = HeaderName::from_static("tailor-time-left-ms");

/// Fills in the time that an attempt has left, for a request that has the field.
pub fn set_time_left(headers: &mut HeaderMap, left: Duration) {
    if let Some(value) = headers.get_mut(TIME_LEFT) {
        *value = HeaderValue::from(time::millis(left));
    }
}

/// A request that may be sent.
#[derive(Clone, Debug)]
pub struct ServiceRequest {
    /// The method.
    pub method: Method,
    /// Path and query, with the service's prefix, in origin form.
    pub target: Uri,
    /// The header fields.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}
