//! The request target: a path that means the same to everyone behind it, and the decoded query.

use http::request::Parts;
use http::{Method, Uri};

use super::{Rejection, cut};

/// Longest path, bytes. The contract allows a BFF as much for its own calls.
const MAX_PATH: usize = 8 << 10;
/// Most parameters of a query.
const MAX_PARAMETERS: usize = 100;

/// The path of a request as it was sent, or `*` with OPTIONS.
///
/// What two programs could read in two ways is refused and not repaired: dot segments, empty segments, encoded slashes.
/// A path that a proxy in front or a service behind resolves otherwise than the router is how access rules are passed by.
pub(super) fn path(parts: &Parts) -> Result<&str, Rejection> {
    check_form(&parts.uri)?;
    let path = parts.uri.path();
    if path == "*" {
        return if parts.method == Method::OPTIONS {
            Ok(path)
        } else {
            Err(Rejection::Path("is \"*\", which only OPTIONS may ask for"))
        };
    }
    if path.len() > MAX_PATH {
        return Err(Rejection::PathTooLong { limit: MAX_PATH });
    }
    let inner = path
        .strip_prefix('/')
        .ok_or(Rejection::Path("does not begin with \"/\""))?;
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last segment is empty in "/" and after a slash at the end.
        if segment.is_empty() && segments.peek().is_some() {
            return Err(Rejection::Path("holds an empty segment (\"//\")"));
        }
        check_segment(segment).map_err(Rejection::Path)?;
    }
    Ok(path)
}

/// Origin-form or absolute-form (RFC 9112 section 3.2). A host and port alone are for CONNECT.
fn check_form(uri: &Uri) -> Result<(), Rejection> {
    match (uri.scheme_str(), uri.authority()) {
        (None, Some(_)) => Err(Rejection::Path("is missing; the target is only a host")),
        (None | Some("http" | "https"), _) => Ok(()),
        (Some(_), _) => Err(Rejection::Path("is of another scheme than http")),
    }
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    let mut bytes = segment.bytes();
    let (mut dots, mut others, mut parameter) = (0, false, false);
    while let Some(byte) = bytes.next() {
        let encoded = byte == b'%';
        let byte = match byte {
            b'%' => match hex_pair(bytes.next(), bytes.next()) {
                Some(byte) => byte,
                None => return Err("holds a \"%\" without two hexadecimal digits"),
            },
            0..=b' ' | 0x7f.. => return Err("holds a character that must be percent-encoded"),
            byte => byte,
        };
        match byte {
            b'/' => return Err("holds an encoded slash (\"%2F\")"),
            b'\\' => return Err("holds a backslash, which some servers read as a slash"),
            0..0x20 | 0x7f if encoded => return Err("holds an encoded control character"),
            // Some servers cut off what follows and then resolve "..;x" as "..".
            b';' => parameter = true,
            b'.' if !parameter => dots += 1,
            _ if !parameter => others = true,
            _ => {}
        }
    }
    if !others && (dots == 1 || dots == 2) {
        return Err("holds a \".\" or \"..\" segment");
    }
    Ok(())
}

/// Name and value of each parameter, decoded, in order (`application/x-www-form-urlencoded`).
pub(in crate::server) fn query(uri: &Uri) -> Result<Vec<(String, String)>, Rejection> {
    let mut pairs = Vec::new();
    // Two `&` side by side hold no parameter.
    for parameter in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|one| !one.is_empty())
    {
        if pairs.len() == MAX_PARAMETERS {
            return Err(Rejection::TooManyParameters {
                limit: MAX_PARAMETERS,
            });
        }
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let refuse = |why| Rejection::Query {
            parameter: cut(name),
            why,
        };
        pairs.push((
            decode(name).map_err(refuse)?,
            decode(value).map_err(refuse)?,
        ));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String, &'static str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(text.to_owned());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_pair(bytes.next(), bytes.next())
                .ok_or("holds a \"%\" without two hexadecimal digits")?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| "is not UTF-8 when decoded")
}

fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high?)? << 4 | digit(low?)?)
}
