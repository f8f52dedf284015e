//! Whether several callers may have one answer that is not stored yet (RFC 9111 section 4): when it
//! might be stored and used again for them. An answer without such fields may be shared by calls
//! that are equal in all that a service sees.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::{CACHE_CONTROL, EXPIRES, PRAGMA, SET_COOKIE, VARY};

use super::directives::Directives;
use super::freshness::{Times, is_grpc_failure, is_out_of_date};
use super::key::added_to_each_call;
use crate::downstream::response::ServiceResponse;

/// Whether a call may be answered with the answer to an equal one that was made before it. One that
/// asks for an answer of its own may not, nor one whose answer must not be stored (section 5.2.1).
pub fn may_join(request: &HeaderMap) -> bool {
    if !request.contains_key(CACHE_CONTROL) && !request.contains_key(PRAGMA) {
        return true;
    }
    let says = Directives::of_request(request);
    !says.no_store && !says.no_cache && says.max_age.is_none_or(|most| !most.is_zero())
}

/// Whether the answer to one of several equal calls is an answer to all of them.
///
/// `with_cookies`: the operator lets answers with `set-cookie` be shared that are `public`.
pub fn serves_others(answer: &ServiceResponse, with_cookies: bool, now: SystemTime) -> bool {
    let headers = &answer.headers;
    if is_grpc_failure(headers) {
        return false;
    }
    let cookies = headers.contains_key(SET_COOKIE);
    let silent = !cookies
        && [CACHE_CONTROL, EXPIRES, PRAGMA, VARY]
            .iter()
            .all(|name| !headers.contains_key(name));
    if silent {
        return true;
    }
    let says = Directives::of_answer(headers);
    let times = Times {
        requested: now,
        came: now,
    };
    !(says.no_store
        || says.private
        || says.no_cache
        || (cookies && !(with_cookies && says.public))
        || varies_with_each_call(headers)
        || is_out_of_date(&says, headers, times))
}

/// Whether it varies with a field in which equal calls differ.
fn varies_with_each_call(headers: &HeaderMap) -> bool {
    headers.get_all(VARY).iter().any(|line| {
        let mut names = line.as_bytes().split(|byte| *byte == b',');
        names.any(|name| {
            let name = name.trim_ascii().to_ascii_lowercase();
            name == b"*" || str::from_utf8(&name).is_ok_and(added_to_each_call)
        })
    })
}
