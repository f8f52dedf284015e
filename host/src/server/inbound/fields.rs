//! Which of the client's header fields are passed on, and to whom.

use http::header::HeaderMap;

use crate::http_fields::{Class, class, join_cookies, strip_connection};

/// Removes the fields of the connection, and joins cookies to one line.
pub(super) fn tidy(headers: &mut HeaderMap) {
    strip_connection(headers);
    join_cookies(headers);
}

/// The fields that a BFF sees, in the order of the message.
///
/// Left out are fields that only the host may set (from a client they are forged), those of the
/// connection, credentials (a guest never holds a token; the host can pass them to services), and
/// values that are not UTF-8.
pub(super) fn for_guest(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| class(name) == Class::Free)
        .filter_map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}
