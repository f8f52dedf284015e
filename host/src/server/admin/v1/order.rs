//! The bodies of orders, and their keys.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use tokio::time::timeout;

use super::problem::V1Problem;
use crate::digest::hex;
use crate::object::Object;
use crate::releases::Caller;
use crate::text::{is_hidden, visible};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Size of an order, bytes.
const MAX_ORDER: usize = 16 << 10;
/// Time for a client to send one.
const ORDER_TIMEOUT: Duration = Duration::from_secs(10);
/// Size of a text of the author's, bytes.
const MAX_TEXT: usize = 1000;
/// The way out of a text that says nothing.
const SAY: &str = "write what it is, or leave it out";
/// Length of a key.
const MAX_KEY: usize = 200;

/// A whole number, also one that is written `3.0`: for JSON Schema it is the same.
pub(super) fn integer<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    /// 2^63: each whole number below it is one of `i64`.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let wrong = || D::Error::custom("a number is not whole, or too large");
    let Some(number) = Option::<Number>::deserialize(from)? else {
        return Ok(None);
    };
    let whole = number
        .as_f64()
        .filter(|it| it.fract() == 0.0 && it.abs() < END);
    let whole = number.as_i64().or(whole.map(|it| it as i64));
    let whole = whole.ok_or_else(wrong)?;
    T::try_from(whole).map(Some).map_err(|_| wrong())
}

/// The body of an order about `what`, and its key with the digest of the order.
pub(super) async fn take<T: DeserializeOwned>(
    request: Request<Incoming>,
    caller: &Caller,
    what: &str,
) -> Result<(T, Option<(String, String)>), V1Problem> {
    let (bytes, key) = keyed(request, caller, what).await?;
    Ok((parse(&bytes)?, key))
}

/// The same of an order that needs no body.
pub(super) async fn take_or_default<T: DeserializeOwned + Default>(
    request: Request<Incoming>,
    caller: &Caller,
    what: &str,
) -> Result<(T, Option<(String, String)>), V1Problem> {
    let (bytes, key) = keyed(request, caller, what).await?;
    let body = match bytes.is_empty() {
        true => T::default(),
        false => parse(&bytes)?,
    };
    Ok((body, key))
}

async fn keyed(
    request: Request<Incoming>,
    caller: &Caller,
    what: &str,
) -> Result<(Bytes, Option<(String, String)>), V1Problem> {
    let (bytes, key) = read(request).await?;
    let key = key_of(key, caller, what, &bytes);
    Ok((bytes, key))
}

/// The key of an order, with the digest of the order. A team's keys are its own: it neither meets
/// nor finds out those of another one.
fn key_of(
    key: Option<String>,
    caller: &Caller,
    what: &str,
    body: &[u8],
) -> Option<(String, String)> {
    let key = match caller {
        Caller::Local => key?,
        // Neither has a space in it.
        Caller::Token(token) => format!("{} {}", token.team, key?),
    };
    Some((key, hex(format!("{what}\n").as_bytes()) + &hex(body)))
}

/// The body of an order, and its key.
pub(super) async fn read(request: Request<Incoming>) -> Result<(Bytes, Option<String>), V1Problem> {
    let key = key(&request)?;
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let kind = kind.map(|kind| {
        kind.split(|b| *b == b';')
            .next()
            .unwrap_or(kind)
            .trim_ascii()
    });
    let is_json = kind.map(|kind| kind.eq_ignore_ascii_case(b"application/json"));
    let body = Limited::new(request.into_body(), MAX_ORDER).collect();
    let bad = |status, what: String, fix: &str| V1Problem::new(status, "order", what, fix);
    let body = timeout(ORDER_TIMEOUT, body).await.map_err(|_| {
        let what = "the order did not come in time".to_owned();
        bad(StatusCode::REQUEST_TIMEOUT, what, "send it again")
    })?;
    let body = body.map_err(|_| {
        let what = format!("the order did not come whole, or has more than {MAX_ORDER} bytes");
        bad(
            StatusCode::BAD_REQUEST,
            what,
            "send it again, with shorter texts",
        )
    })?;
    let bytes = body.to_bytes();
    if is_json == Some(false) || (is_json.is_none() && !bytes.is_empty()) {
        let what = "the order is not application/json".to_owned();
        let fix = "send content-type: application/json";
        return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, what, fix));
    }
    Ok((bytes, key))
}

fn key(request: &Request<Incoming>) -> Result<Option<String>, V1Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let legal = key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if keys.next().is_none() && legal && (1..=MAX_KEY).contains(&key.len()) => {
            Ok(Some(key.to_owned()))
        }
        _ => {
            let what = "idempotency-key is not one key";
            let fix = format!("send 1 to {MAX_KEY} letters, digits and signs, once");
            let status = StatusCode::BAD_REQUEST;
            Err(V1Problem::new(status, "idempotency-key", what, fix))
        }
    }
}

/// Reads the body of an order. A member that is there has a value: `null` is what a tool writes
/// that found nothing, and would mean anything.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, V1Problem> {
    let members: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
    if let Some((name, _)) = members.iter().find(|(_, value)| value.is_null()) {
        return Err(bad(&format!("{} is null", visible(name)), SAY));
    }
    let read = serde_json::from_slice(bytes).map(|Object(order)| order);
    read.map_err(|error| bad(&error.to_string(), "look at /v1/openapi.json"))
}

pub(super) fn text(name: &str, text: Option<String>) -> Result<Option<String>, V1Problem> {
    let is_bad = |text: &String| text.chars().count() > MAX_TEXT || text.chars().any(is_hidden);
    if text.as_deref().is_some_and(|it| it.trim().is_empty()) {
        return Err(bad(&format!("{name} says nothing"), SAY));
    }
    if text.as_ref().is_some_and(is_bad) {
        let what =
            format!("{name} has more than {MAX_TEXT} characters, or some that are not shown");
        return Err(bad(&what, "write less, on one line"));
    }
    Ok(text)
}

/// Where a release comes from: an address that people follow from the history.
pub(super) fn source(text: Option<String>) -> Result<Option<String>, V1Problem> {
    let text = self::text("source", text)?;
    match text.as_deref().is_none_or(is_address) {
        true => Ok(text),
        false => Err(bad(
            "source is no address of http or https",
            "write one such as https://git.example/shop/commit/abc, or leave it out",
        )),
    }
}

/// Whether a text is an address of http or https, without a login in it. What else is in it has to
/// be as it is sent: visible ASCII.
fn is_address(text: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let Some(rest) = rest else {
        return false;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_host = match inner {
        Some(inner) => !inner.is_empty() && inner.bytes().all(of_address),
        None => !host.is_empty() && host.bytes().all(of_name),
    };
    is_host && port.is_none_or(is_port) && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text of a member that must say something.
pub(super) fn said(name: &str, text: Option<String>) -> Result<Option<String>, V1Problem> {
    match text.as_deref() {
        Some("") => Err(bad(&format!("{name} is empty"), SAY)),
        _ => Ok(text),
    }
}

fn bad(what: &str, fix: &str) -> V1Problem {
    V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "integer")]
        share: Option<u8>,
        #[serde(default, deserialize_with = "integer")]
        release: Option<i64>,
    }

    #[test]
    fn a_source_is_an_address_of_the_web() {
        for text in [
            "https://git.example/shop/commit/abc",
            "http://localhost:8080",
            "https://a?b#c",
            "http://[::1]:80/x",
        ] {
            let read = source(Some(text.to_owned()));
            assert_eq!(read.ok().flatten().as_deref(), Some(text));
        }
        for text in [
            "commit abc",
            "",
            " ",
            "https://",
            "https:///x",
            "ftp://a/",
            "javascript:alert(1)",
            "https://me:secret@a/",
            "https://a:/",
            "https://a:123456/",
            "https://a/b c",
            "https://a/\u{e9}",
            "https://[]/",
            "HTTPS://a",
        ] {
            let refused = source(Some(text.to_owned())).unwrap_err();
            assert!(refused.reason.starts_with("source "), "{text}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_fraction() {
        let read = |text: &str| {
            let body: Result<Body, _> = parse(text.as_bytes());
            body.ok().map(|it| (it.share, it.release))
        };
        for (text, expected) in [
            ("{}", Some((None, None))),
            (r#"{"share": 5, "release": 7}"#, Some((Some(5), Some(7)))),
            (
                r#"{"share": 5.0, "release": 7e0}"#,
                Some((Some(5), Some(7))),
            ),
            (
                r#"{"release": 9223372036854775807}"#,
                Some((None, Some(i64::MAX))),
            ),
            (r#"{"release": 1048576.0}"#, Some((None, Some(1 << 20)))),
            (r#"{"release": 9223372036854775808.0}"#, None),
            (r#"{"release": 1.5}"#, None),
            (r#"{"share": 256}"#, None),
            (r#"{"share": "5"}"#, None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
