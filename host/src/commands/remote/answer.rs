//! What a host has answered.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tailor::downstream::bounded_rest;

/// The answer to a request.
pub struct Answer {
    pub status: StatusCode,
    /// How long it asks to wait, seconds: an hour at most.
    pub retry_after: Option<u16>,
    pub body: Bytes,
}

impl Answer {
    /// The head of one.
    pub fn without_body(status: StatusCode, headers: &HeaderMap) -> Self {
        let asked = bounded_rest(status, headers);
        Self {
            status,
            retry_after: asked.and_then(|it| u16::try_from(it.as_secs()).ok()),
            body: Bytes::new(),
        }
    }
}
