//! Which of the client's header fields go on, and to whom.

use std::collections::HashSet;

use http::header::{self, HeaderMap, HeaderName};

/// Removes what is meant for the connection alone: `connection`, the fields it names, and those that are always such.
///
/// The others keep their order, for which the map is built anew: removing from one in place moves its last field
/// forward. Most requests have nothing to remove and cost one pass over the names.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if !headers.keys().any(is_hop_by_hop) {
        return;
    }
    let named: HashSet<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| headers.contains_key(name))
        .collect();
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter() {
        if !is_hop_by_hop(name) && !named.contains(name) {
            kept.append(name, value.clone());
        }
    }
    *headers = kept;
}

/// Fields that speak of the connection whether `connection` names them or not (RFC 9110 section 7.6.1).
fn is_hop_by_hop(name: &HeaderName) -> bool {
    match *name {
        header::CONNECTION
        | header::TE
        | header::TRAILER
        | header::TRANSFER_ENCODING
        | header::UPGRADE
        | header::PROXY_AUTHENTICATE
        | header::PROXY_AUTHORIZATION => true,
        _ => matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "http2-settings"
        ),
    }
}

/// The fields that a BFF sees, in the order of the message.
///
/// Left out are what only the host may say (a client that says it forges it), what concerned the message on its way,
/// credentials (a guest never holds a token; the host can pass them to services), and values that are not UTF-8.
pub(super) fn for_guest(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !withheld(name))
        .filter_map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

fn withheld(name: &HeaderName) -> bool {
    match *name {
        header::HOST | header::CONTENT_LENGTH | header::EXPECT => true,
        header::AUTHORIZATION | header::COOKIE => true,
        header::FORWARDED => true,
        _ => {
            let name = name.as_str();
            matches!(
                name,
                "x-request-id" | "traceparent" | "tracestate" | "x-real-ip"
            ) || name.starts_with("x-forwarded-")
                || name.starts_with("tailor-")
        }
    }
}
