//! From a guest's call to a request that may be sent: everything that a hostile guest could use to
//! reach another place or to smuggle a second message is refused here, before anything is queued.
//!
//! The guest supplies a path, never an authority, and the path must be one that every service reads
//! in the same way (see [`path`]): it cannot be read as an authority, and cannot leave the
//! service's prefix.

use std::ops::Deref;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};

use super::error::InvalidCall;
use super::shape::Shape;
use crate::contract;
use crate::downstream::ServiceRequest;
use crate::http_fields::{Class, class, is_taken_on_trust};
use crate::path::{self, Ambiguity};
use crate::query::push_parameter;
use crate::text::cut;

/// Fields that are allocated at once. A map panics on a capacity past its limit, and the guest
/// chooses the number.
const MAX_FIELDS: usize = 64;
/// All header names and values that a guest may set in one call, bytes.
const MAX_HEADERS: usize = 16 << 10;

/// The path of a call that means the same to every program. Grants see no other, and the log holds
/// no other.
#[derive(Clone, Debug)]
pub(super) struct LegalPath(String);

impl LegalPath {
    /// Checks the rules of `call.path` in the contract.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub(super) fn new(given: String) -> Result<Self, InvalidCall> {
        if given.len() > path::MAX_LENGTH {
            return Err(refused(&given, TOO_LONG));
        }
        match path::check(&given) {
            Ok(()) => Ok(Self(given)),
            Err(ambiguity) => Err(refused(&given, why(ambiguity, &given))),
        }
    }
}

impl Deref for LegalPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

const TOO_LONG: &str = "is longer than 8 KiB with its query";

/// Why the path is refused, for authors of BFFs.
fn why(ambiguity: Ambiguity, given: &str) -> &'static str {
    match ambiguity {
        Ambiguity::NoSlash => {
            "does not begin with \"/\"; a BFF names a service and a path, never a URL"
        }
        Ambiguity::EmptySegment if given.starts_with("//") => {
            "begins with \"//\", which reads as another host"
        }
        Ambiguity::QueryOrFragment => "holds a query or a fragment; use the call's `query`",
        other => other.why(),
    }
}

fn refused(path: &str, why: &'static str) -> InvalidCall {
    let path = cut(path);
    InvalidCall::Path { path, why }
}

/// Turns a guest's call into a request of its service, without what the host adds to every call.
/// `path` is that of the call.
///
/// # Errors
///
/// The first rule that the call breaks.
pub(super) fn check(
    call: contract::Call,
    path: &LegalPath,
    path_prefix: &str,
    shape: &Shape,
) -> Result<ServiceRequest, InvalidCall> {
    let method = Method::from(call.method);
    let target = target(path_prefix, path, &call.query, shape)?;
    let mut headers = headers(&call.headers, shape)?;
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
    let expected = prefix.len() + path.len() + query.len() * 24;
    let mut target = String::with_capacity(expected.min(path::MAX_LENGTH));
    target.push_str(prefix);
    target.push_str(path);
    let own = query.iter().filter(|(name, _)| !shape.sets_parameter(name));
    for (index, (name, value)) in own.enumerate() {
        // Before it is encoded: a guest may pass very much.
        if target.len() + name.len() + value.len() > path::MAX_LENGTH {
            return Err(refused(path, TOO_LONG));
        }
        push_parameter(&mut target, if index == 0 { "?" } else { "&" }, name, value);
    }
    shape.push_query(&mut target);
    if target.len() > path::MAX_LENGTH {
        return Err(refused(path, TOO_LONG));
    }
    target
        .try_into()
        .map_err(|_| refused(path, "is not a legal path"))
}

fn headers(list: &[(String, String)], shape: &Shape) -> Result<HeaderMap, InvalidCall> {
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
        if let Some(why) = forbidden(&header, shape) {
            return Err(refuse(why));
        }
        // The library accepts any UTF-8, which programs read differently.
        let legal = HeaderValue::from_str(value).ok();
        let value = legal.filter(|_| value.is_ascii()).ok_or_else(|| {
            refuse("has a value with a line break, a control or a non-ASCII character")
        })?;
        map.append(header, value);
    }
    Ok(map)
}

/// Why a guest may not set this field in a call.
fn forbidden(name: &HeaderName, shape: &Shape) -> Option<&'static str> {
    match class(name) {
        Class::Connection => Some("is hop-by-hop; the host owns the connection"),
        Class::Host => Some("is set by the host"),
        Class::Credential => {
            Some("is a credential; the operator lets the host pass it on with `pass-headers`")
        }
        Class::Free if is_taken_on_trust(name) && !shape.lists(name) => Some(
            "is one that services may trust; the operator lets a BFF send it with `send-headers`",
        ),
        Class::Free => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
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
        checked_by(&config::Downstream::with_defaults("s"), call, path_prefix)
    }

    fn checked_by(
        settings: &config::Downstream,
        mut call: Call,
        path_prefix: &str,
    ) -> Result<ServiceRequest, InvalidCall> {
        let path = LegalPath::new(std::mem::take(&mut call.path))?;
        check(call, &path, path_prefix, &Shape::of(settings))
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
            "/a//b",
            "/;/b",
            "/a;%2f..",
            "/a%",
            "/a%2",
            "/a%zz",
            "/é",
            "/a\u{7f}",
            &format!("/{}", "a".repeat(9_000)),
            &format!("/{}\n", "a".repeat(90)),
        ] {
            let error = checked(call(bad), "/api").expect_err(bad).to_string();
            // It goes into logs.
            assert!(!error.contains(|it: char| it.is_control()), "{error:?}");
            assert!(error.len() < 250, "{error}");
        }
        for (good, target) in [
            ("/", "/api/"),
            (
                "/users/ada/days/2026-01-15",
                "/api/users/ada/days/2026-01-15",
            ),
            ("/a/...", "/api/a/..."),
            ("/a%20b/.hidden", "/api/a%20b/.hidden"),
            ("/a/", "/api/a/"),
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
            ("x-a", "\u{e9}"),
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
    fn what_services_trust_is_sent_only_where_the_operator_lists_it() {
        let mut settings = config::Downstream::with_defaults("s");
        let try_with = |settings: &config::Downstream, name: &str| {
            let mut with = call("/a");
            with.headers = vec![(name.to_owned(), "1".to_owned())];
            checked_by(settings, with, "").map(|sent| sent.headers.contains_key(name))
        };
        let trusted = [
            "X-Original-URL",
            "x-http-method-override",
            "true-client-ip",
            "b3",
            "x_tenant",
        ];
        for name in trusted {
            let refused = try_with(&settings, name).unwrap_err().to_string();
            assert!(refused.contains("send-headers"), "{refused}");
        }
        let names = trusted.map(|name| HeaderName::from_bytes(name.as_bytes()).unwrap());
        settings.shape.send_headers = Some(names.into());
        for name in trusted {
            assert!(try_with(&settings, name).unwrap(), "{name}");
        }
        // One that is on no list is left out where it is harmless, and refused where it is not.
        assert!(!try_with(&settings, "accept").unwrap());
        assert!(try_with(&settings, "x-rewrite-url").is_err());

        // Fields of framing and of the host keep their class in any spelling.
        for name in [
            "transfer_encoding",
            "X_Forwarded_For",
            "content_length",
            "x_request_id",
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            settings.shape.send_headers = Some(vec![name.clone()]);
            assert!(try_with(&settings, name.as_str()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_operators_parameter_wins_whatever_the_case_of_the_guests() {
        let mut settings = config::Downstream::with_defaults("s");
        settings.shape.query = vec![("Tenant".into(), "a".into()), ("\u{e9}".into(), "1".into())];
        let mut sly = call("/a");
        for name in ["tenant", "TENANT", "Tenant", "\u{c9}", "tenants"] {
            sly.query.push((name.to_owned(), "x".to_owned()));
        }
        let sent = checked_by(&settings, sly, "").unwrap();
        assert_eq!(sent.target, "/a?tenants=x&Tenant=a&%C3%A9=1");
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
