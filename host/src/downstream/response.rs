//! A response of a service, read to its end.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A response of a service, whole.
#[derive(Clone, Debug)]
pub struct ServiceResponse {
    /// The status.
    pub status: StatusCode,
    /// All fields as they came.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}
