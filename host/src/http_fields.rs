//! Header fields by whose business they are. Whoever leaves fields out of a message or refuses them
//! asks here: the listener for clients, the calls and the answers of guests, the answers of services,
//! the cache and the configuration.

mod inside;
mod trust;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

pub use inside::points_inside;
pub use trust::is_taken_on_trust;

/// Whose business a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It speaks of one connection, not of the message (RFC 9110 section 7.6.1), whether `connection`
    /// names it or not.
    Connection,
    /// Only the host says it: it frames the message, names its target, or tells of its way so far.
    Host,
    /// It holds a credential, or asks for one.
    Credential,
    /// Anyone's.
    Free,
}

/// The class of a field.
///
/// A name with other characters than letters, digits and dashes has the class of its dashed form. CGI,
/// WSGI, Rack and PHP read `x_forwarded_for` as `x-forwarded-for`.
#[must_use]
pub fn class(name: &HeaderName) -> Class {
    class_of(&dashed(name))
}

fn class_of(name: &str) -> Class {
    match name {
        "connection" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "keep-alive"
        | "http2-settings" => Class::Connection,
        "host" | "content-length" | "expect" | "forwarded" | "traceparent" | "tracestate"
        | "x-real-ip" | "x-request-id" => Class::Host,
        "authorization" | "cookie" | "cookie2" => Class::Credential,
        "set-cookie"
        | "set-cookie2"
        | "www-authenticate"
        | "authentication-info"
        | "authentication-control"
        | "optional-www-authenticate" => Class::Credential,
        _ => class_of_prefix(name),
    }
}

fn class_of_prefix(name: &str) -> Class {
    if let Some(rest) = name.strip_prefix("proxy-") {
        match rest {
            "authenticate" | "authentication-info" | "authorization" | "connection" => {
                Class::Connection
            }
            _ => Class::Host,
        }
    } else if name.starts_with("x-forwarded-") || name.starts_with("tailor-") {
        Class::Host
    } else {
        Class::Free
    }
}

/// Whether a name is all letters, digits and dashes, and so reads the same everywhere.
#[must_use]
pub fn is_plain(name: &HeaderName) -> bool {
    name.as_str()
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A name as programs read it that know only letters, digits and one more character.
#[must_use]
pub fn dashed(name: &HeaderName) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name.as_str());
    }
    let dash = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
    Cow::Owned(name.as_str().chars().map(dash).collect())
}

/// The fields of a message that its `connection` names: they are meant for the next station only.
#[must_use]
pub fn named_in_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lines = headers.get_all(header::CONNECTION).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        // Only what is there: a long list of others would be kept in memory for nothing.
        .filter(|name| headers.contains_key(name))
        .collect()
}

/// Removes what speaks of the connection alone: `connection`, the fields that it names, and those that
/// always do.
///
/// The others keep their order, for which the map is built anew: removing from one in place moves its
/// last field forward. Most messages have nothing to remove and cost one pass over the names.
pub fn strip_connection(headers: &mut HeaderMap) {
    if !headers.keys().any(|name| class(name) == Class::Connection) {
        return;
    }
    let named = named_in_connection(headers);
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter() {
        if class(name) != Class::Connection && !named.contains(name) {
            kept.append(name, value.clone());
        }
    }
    *headers = kept;
}

/// Makes one line of several `cookie` fields, as a client may send them over HTTP/2 (RFC 9113 section
/// 8.2.3). Programs behind know one line only, and some of them read just the first.
pub fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(header::COOKIE).iter();
    if lines.next().is_none() || lines.next().is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // Legal values with legal text between them are a legal value.
    if let Ok(line) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(header::COOKIE, line);
    }
}
