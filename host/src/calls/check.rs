//! From a guest's call to a request that may be sent: everything that a hostile guest could use to reach another place or
//! to smuggle a second message is refused here, before anything is queued.
//!
//! The guest supplies a path, never an authority, and the path is checked to be one path of this service (RFC 3986
//! section 3.3): no `//` at the start that could read as an authority, no dot segments that leave the service's prefix.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::InvalidCall;
use super::shape::Shape;
use crate::contract;
use crate::downstream::ServiceRequest;
use crate::text::cut;

/// Longest path, with the query, in bytes: what common servers take.
const MAX_TARGET: usize = 8 << 10;
/// Fields that room is made for at once. A map panics on a capacity that is past its limit, and a guest says how many.
const MAX_FIELDS: usize = 64;
/// All header names and values that a guest may set in one call, bytes.
const MAX_HEADERS: usize = 16 << 10;
/// A query may hold these unencoded (RFC 3986 section 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Turns a guest's call into a request of its service, without what the host adds to every call.
///
/// # Errors
///
/// The first rule that the call breaks.
pub(super) fn check(
    call: contract::Call,
    path_prefix: &str,
    shape: &Shape,
) -> Result<ServiceRequest, InvalidCall> {
    let method = Method::from(call.method);
    let target = target(path_prefix, &call.path, &call.query, shape)?;
    let mut headers = headers(&call.headers)?;
    shape.send(&mut headers);
    let body = call.body.into_bytes();
    if !body.is_empty() && matches!(method, Method::GET | Method::HEAD) {
        return Err(InvalidCall::Body { method });
    }
    Ok(ServiceRequest {
        method,
        target,
        headers,
        body,
    })
}

fn target(
    prefix: &str,
    path: &str,
    query: &[(String, String)],
    shape: &Shape,
) -> Result<Uri, InvalidCall> {
    let refuse = |why| InvalidCall::Path {
        path: cut(path),
        why,
    };
    check_path(path).map_err(refuse)?;
    let mut target = String::with_capacity(prefix.len() + path.len() + query.len() * 24);
    target.push_str(prefix);
    target.push_str(path);
    let own = query.iter().filter(|(name, _)| !shape.sets_parameter(name));
    for (index, (name, value)) in own.enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(name, QUERY));
        target.push('=');
        target.extend(utf8_percent_encode(value, QUERY));
    }
    shape.push_query(&mut target);
    if target.len() > MAX_TARGET {
        return Err(refuse("is longer than 8 KiB with its query"));
    }
    target.try_into().map_err(|_| refuse("is not a legal path"))
}

/// The rules of `call.path` in the contract.
fn check_path(path: &str) -> Result<(), &'static str> {
    if !path.starts_with('/') {
        return Err("does not begin with \"/\"; a BFF names a service and a path, never a URL");
    }
    if path.starts_with("//") {
        return Err("begins with \"//\", which reads as another host");
    }
    for byte in path.bytes() {
        match byte {
            b'?' => return Err("holds a query; use the call's `query`"),
            b'#' => return Err("holds a fragment"),
            b'\\' => return Err("holds a backslash"),
            0..=b' ' | 0x7f => return Err("holds a space or a control character"),
            0x80.. => return Err("holds a character that must be percent-encoded"),
            _ => {}
        }
    }
    for segment in path.split('/') {
        check_segment(segment)?;
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), &'static str> {
    // Decoded in place: `%2e` is a dot to a server that decodes before it resolves, `%2f` a slash.
    let mut dots = 0;
    let mut others = false;
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let decoded = if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => return Err("holds a \"%\" without two hexadecimal digits"),
            }
        } else {
            byte
        };
        match decoded {
            // Some servers cut off what follows, and only then resolve `..`.
            b';' => break,
            b'.' => dots += 1,
            b'/' | b'\\' if byte == b'%' => return Err("holds an encoded slash"),
            0..=0x1f | 0x7f => return Err("holds an encoded control character"),
            _ => others = true,
        }
    }
    if !others && (dots == 1 || dots == 2) {
        return Err("holds a \".\" or \"..\" segment");
    }
    Ok(())
}

fn headers(list: &[(String, String)]) -> Result<HeaderMap, InvalidCall> {
    let mut map = HeaderMap::with_capacity(list.len().min(MAX_FIELDS));
    let mut size = 0;
    for (name, value) in list {
        let refuse = |why| InvalidCall::Header {
            name: cut(name),
            why,
        };
        size += name.len() + value.len() + 4;
        if size > MAX_HEADERS {
            return Err(InvalidCall::HeadersTooLarge { limit: MAX_HEADERS });
        }
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse("is not a legal name"))?;
        if let Some(why) = forbidden(&header) {
            return Err(refuse(why));
        }
        let value = HeaderValue::from_str(value).map_err(|_| {
            refuse("has a value with a line break, a control or a non-ASCII character")
        })?;
        map.append(header, value);
    }
    Ok(map)
}

/// Why a guest may not set this field, in a call or in a response.
pub fn forbidden(name: &HeaderName) -> Option<&'static str> {
    match *name {
        header::CONNECTION
        | header::TE
        | header::TRAILER
        | header::TRANSFER_ENCODING
        | header::UPGRADE
        | header::PROXY_AUTHENTICATE
        | header::PROXY_AUTHORIZATION => Some("is hop-by-hop; the host owns the connection"),
        header::HOST | header::CONTENT_LENGTH | header::EXPECT => Some("is set by the host"),
        header::AUTHORIZATION | header::COOKIE => {
            Some("is a credential; the operator lets the host pass it on with `pass-headers`")
        }
        header::FORWARDED => Some("is set by the host"),
        _ => match name.as_str() {
            "keep-alive" | "proxy-connection" | "http2-settings" => {
                Some("is hop-by-hop; the host owns the connection")
            }
            "x-request-id" | "traceparent" | "tracestate" | "x-real-ip" => {
                Some("is set by the host")
            }
            other if other.starts_with("x-forwarded-") || other.starts_with("tailor-") => {
                Some("is set by the host")
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Call, Payload};

    fn call(path: &str) -> Call {
        Call {
            service: "s".to_owned(),
            method: contract::Method::Get,
            path: path.to_owned(),
            query: vec![],
            headers: vec![],
            body: Payload::None,
            select: vec![],
            timeout_ms: None,
            profile: None,
        }
    }

    fn checked(call: Call, path_prefix: &str) -> Result<ServiceRequest, InvalidCall> {
        let settings = crate::config::Downstream::with_defaults("s");
        check(call, path_prefix, &Shape::new(&settings.shape))
    }

    #[test]
    fn a_path_stays_a_path_of_the_service() {
        for bad in [
            "",
            "x",
            "http://evil/",
            "//evil/x",
            "/../x",
            "/a/./b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\r\nhost: evil",
            "/a\\b",
            "/a%2fb",
            "/a%5Cb",
            "/a%0d%0a",
            "/a%00",
            "/a%",
            "/a%2",
            "/a%zz",
            "/é",
            "/a\u{7f}",
        ] {
            assert!(
                checked(call(bad), "/api").is_err(),
                "{bad:?} was let through"
            );
        }
        for (good, target) in [
            ("/", "/api/"),
            (
                "/users/ada/days/2026-01-15",
                "/api/users/ada/days/2026-01-15",
            ),
            ("/a/...", "/api/a/..."),
            ("/a%20b/.hidden", "/api/a%20b/.hidden"),
            ("/a//b", "/api/a//b"),
            ("/a@b:c;d=e", "/api/a@b:c;d=e"),
        ] {
            assert_eq!(checked(call(good), "/api").unwrap().target, target);
        }
    }

    #[test]
    fn a_query_is_encoded_and_can_not_break_out() {
        let mut with_query = call("/a");
        with_query.query = vec![
            ("q".into(), "a&b=c d/é\r\n#?".into()),
            ("".into(), "".into()),
        ];
        let sent = checked(with_query, "").unwrap();
        assert_eq!(sent.target, "/a?q=a%26b%3Dc%20d%2F%C3%A9%0D%0A%23%3F&=");
    }

    #[test]
    fn headers_that_belong_to_the_host_are_refused() {
        for (name, value) in [
            ("host", "evil"),
            ("Content-Length", "5"),
            ("Transfer-Encoding", "chunked"),
            ("connection", "close"),
            ("x-a", "a\r\nx-b: c"),
            ("x-a", "a\nb"),
            ("x a", "b"),
            ("x-a:", "b"),
            ("", "b"),
            ("Authorization", "Bearer x"),
            ("cookie", "a=b"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("tailor-time-left-ms", "9"),
            ("traceparent", "x"),
            (":authority", "evil"),
            ("x-a", "\0"),
            ("upgrade", "h2c"),
            ("te", "trailers"),
        ] {
            let mut bad = call("/a");
            bad.headers = vec![(name.to_owned(), value.to_owned())];
            assert!(
                checked(bad, "").is_err(),
                "{name:?}: {value:?} was let through"
            );
        }
        let mut good = call("/a");
        good.headers = vec![
            ("Accept".into(), "application/json".into()),
            ("accept".into(), "text/plain".into()),
        ];
        assert_eq!(
            checked(good, "")
                .unwrap()
                .headers
                .get_all("accept")
                .iter()
                .count(),
            2
        );
    }

    #[test]
    fn very_many_headers_are_refused_and_do_no_harm() {
        let mut many = call("/a");
        many.headers = vec![("a".to_owned(), String::new()); 100_000];
        assert!(matches!(
            checked(many, ""),
            Err(InvalidCall::HeadersTooLarge { .. })
        ));
    }

    #[test]
    fn a_get_has_no_body() {
        let mut get = call("/a");
        get.body = Payload::Text("x".into());
        assert!(matches!(checked(get, ""), Err(InvalidCall::Body { .. })));
    }
}
