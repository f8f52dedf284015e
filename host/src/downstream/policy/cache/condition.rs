//! Conditions: those that a cache sends to a service, and those that it answers itself (RFC 9111
//! section 4.3).

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::date;
use crate::downstream::response::ServiceResponse;

/// Makes a request conditional, to validate the stored answer (section 4.3.1). The caller's own
/// condition is replaced; it is evaluated on the response.
pub fn make_conditional(stored: &HeaderMap, request: &mut HeaderMap) {
    for (condition, validator) in [(IF_NONE_MATCH, ETAG), (IF_MODIFIED_SINCE, LAST_MODIFIED)] {
        match stored.get(validator) {
            Some(value) => drop(request.insert(condition, value.clone())),
            None => drop(request.remove(condition)),
        }
    }
}

/// Applies a request's own condition to an answer with status 200 (RFC 9110 section 13.2.2).
pub fn answer(answer: ServiceResponse, request: &HeaderMap) -> ServiceResponse {
    let holds = answer.status == StatusCode::OK && unchanged(&answer.headers, request);
    if holds { not_modified(answer) } else { answer }
}

fn unchanged(stored: &HeaderMap, request: &HeaderMap) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        let lines = request.get_all(IF_NONE_MATCH).iter();
        return stored.get(ETAG).is_some_and(|ours| {
            lines
                .flat_map(|line| entity_tags(line.as_bytes()))
                .any(|theirs| theirs == b"*" || theirs == opaque(ours))
        });
    }
    // Without `last-modified`, the date of the answer stands for it (RFC 9111 section 4.3.2).
    let modified = stored.get(LAST_MODIFIED).or_else(|| stored.get(DATE));
    match (request.get(IF_MODIFIED_SINCE), modified) {
        (Some(since), Some(modified)) => match (date::parse(since), date::parse(modified)) {
            (Some(since), Some(modified)) => modified <= since,
            _ => false,
        },
        _ => false,
    }
}

/// RFC 9110 section 15.4.5.
fn not_modified(answer: ServiceResponse) -> ServiceResponse {
    let mut headers = answer.headers;
    let kept = |name: &HeaderName| {
        matches!(
            *name,
            http::header::AGE
                | CACHE_CONTROL
                | CONTENT_LOCATION
                | DATE
                | ETAG
                | EXPIRES
                | LAST_MODIFIED
                | VARY
        )
    };
    let others: Vec<_> = headers.keys().filter(|name| !kept(name)).cloned().collect();
    for name in others {
        headers.remove(name);
    }
    ServiceResponse {
        status: StatusCode::NOT_MODIFIED,
        headers,
        body: Bytes::new(),
    }
}

/// An entity tag without the mark of a weak one (RFC 9110 section 8.8.3.2, weak comparison).
pub fn opaque(tag: &HeaderValue) -> &[u8] {
    let tag = tag.as_bytes().trim_ascii();
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// The opaque tags of a list. A comma may be part of one.
fn entity_tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    list.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
    .map(|tag| {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag)
    })
}
