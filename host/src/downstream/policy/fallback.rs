//! Fallback: the operator's default answers, for when a service gave none and no stale answer is
//! stored.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};

use super::pattern::matches;
use crate::config::{CallPattern, Fallback};

/// An answer that the operator declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastResort {
    pub status: StatusCode,
    pub content_type: HeaderValue,
    /// Its body, shared with the configuration.
    pub body: Bytes,
}

/// The first of the declared answers that covers a call. Those for any method cover calls that
/// change nothing, which is `safe`. `path` is the BFF's own: without the service's prefix and
/// without a query.
pub fn last_resort(
    fallbacks: &[Fallback],
    method: &Method,
    safe: bool,
    path: &str,
) -> Option<LastResort> {
    // A failed write must not look successful, unless the operator configured exactly that.
    let covers = |pattern: &CallPattern| {
        (safe || pattern.method.is_some()) && matches(pattern, method, path)
    };
    let fallback = fallbacks
        .iter()
        .find(|fallback| covers(&fallback.pattern))?;
    // An answer to HEAD has no body (RFC 9110 section 9.3.2).
    let body = if *method == Method::HEAD {
        Bytes::new()
    } else {
        fallback.body.clone()
    };
    Some(LastResort {
        status: fallback.status,
        content_type: fallback.content_type.clone(),
        body,
    })
}

#[cfg(test)]
mod tests;
