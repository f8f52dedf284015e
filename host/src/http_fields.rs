//! Header fields by owner. All code that leaves fields out of a message or refuses them uses this:
//! the listener for clients, the calls and the answers of guests, the answers of services, the
//! cache and the configuration.

mod inside;
mod trust;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

pub use inside::points_inside;
pub use trust::is_taken_on_trust;

/// The owner of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// It is about one connection, not about the message (RFC 9110 section 7.6.1), whether
    /// `connection` names it or not.
    Connection,
    /// Only the host sets it: it frames the message, names its target, or records its path so far.
    Host,
    /// It holds a credential, or requests one.
    Credential,
    /// Anyone's.
    Free,
}

/// The class of a field.
///
/// A name with other characters than letters, digits and dashes has the class of its dashed form.
/// CGI, WSGI, Rack and PHP read `x_forwarded_for` as `x-forwarded-for`.
#[must_use]
pub fn class(name: &HeaderName) -> Class {
    let name = name.as_str().as_bytes();
    // Called for each field of each message: most names have the first letter of few others, or of
    // none.
    let known: &[(&str, Class)] = match name.first() {
        Some(b'a') => &[
            ("authorization", Class::Credential),
            ("authentication-info", Class::Credential),
            ("authentication-control", Class::Credential),
        ],
        Some(b'c') => &[
            ("content-length", Class::Host),
            ("connection", Class::Connection),
            ("cookie", Class::Credential),
            ("cookie2", Class::Credential),
        ],
        Some(b'e') => &[("expect", Class::Host)],
        Some(b'f') => &[("forwarded", Class::Host)],
        Some(b'h') => &[("host", Class::Host), ("http2-settings", Class::Connection)],
        Some(b'k') => &[("keep-alive", Class::Connection)],
        Some(b'o') => &[("optional-www-authenticate", Class::Credential)],
        Some(b'p') => return class_of_proxy(name),
        Some(b's') => &[
            ("set-cookie", Class::Credential),
            ("set-cookie2", Class::Credential),
        ],
        Some(b't') if begins_with(name, "tailor-") => return Class::Host,
        Some(b't') => &[
            ("te", Class::Connection),
            ("trailer", Class::Connection),
            ("transfer-encoding", Class::Connection),
            ("traceparent", Class::Host),
            ("tracestate", Class::Host),
        ],
        Some(b'u') => &[("upgrade", Class::Connection)],
        Some(b'w') => &[("www-authenticate", Class::Credential)],
        Some(b'x') if begins_with(name, "x-forwarded-") => return Class::Host,
        Some(b'x') => &[("x-real-ip", Class::Host), ("x-request-id", Class::Host)],
        _ => &[],
    };
    let known = known.iter().find(|(known, _)| reads_as(name, known));
    known.map_or(Class::Free, |(_, class)| *class)
}

fn class_of_proxy(name: &[u8]) -> Class {
    const CONNECTION: [&str; 4] = [
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
    ];
    if CONNECTION.iter().any(|known| reads_as(name, known)) {
        Class::Connection
    } else if begins_with(name, "proxy-") {
        Class::Host
    } else {
        Class::Free
    }
}

/// Whether programs that know only letters, digits and dashes may read the name as that one.
fn reads_as(name: &[u8], known: &str) -> bool {
    name.len() == known.len() && begins_with(name, known)
}

/// The same of the beginning of a name.
fn begins_with(name: &[u8], known: &str) -> bool {
    let known = known.as_bytes();
    let same = |(given, known): (&u8, &u8)| {
        given == known || (*known == b'-' && !given.is_ascii_alphanumeric())
    };
    name.len() >= known.len() && name.iter().zip(known).all(same)
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

/// The fields of a message that its `connection` names: they are for the next hop only.
#[must_use]
pub fn named_in_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    // Nearly all messages have none, and few fields to look through.
    if !headers.keys().any(|name| *name == header::CONNECTION) {
        return Vec::new();
    }
    let lines = headers.get_all(header::CONNECTION).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        // Only existing fields: a long list of other names would use memory without need.
        .filter(|name| headers.contains_key(name))
        .collect()
}

/// Removes the fields of the connection: `connection`, the fields that it names, and those that
/// always do.
///
/// The others keep their order, for which the map is built anew: removing from one in place moves
/// its last field forward. Most messages have nothing to remove and cost one pass over the names.
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

/// Makes one line of several `cookie` fields, as a client may send them over HTTP/2 (RFC 9113
/// section 8.2.3). Programs behind know one line only, and some of them read just the first.
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
