//! A request to a service, before it has an endpoint.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

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
