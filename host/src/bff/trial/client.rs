//! What tells the clients of a BFF apart.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, COOKIE, VARY};
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::config::ClientKey;

/// The key of a request's client. `None` if the request does not say.
pub(super) fn key<'a>(key: &ClientKey, headers: &'a HeaderMap) -> Option<Cow<'a, [u8]>> {
    let found = match key {
        ClientKey::None => None,
        ClientKey::Header(name) => headers.get(name).map(|it| Cow::Borrowed(it.as_bytes())),
        ClientKey::Cookie(name) => cookie(name, headers).map(Cow::Borrowed),
        ClientKey::Claim(name) => claim(name, headers).map(Cow::Owned),
    };
    found.filter(|key| !key.is_empty())
}

fn cookie<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let fields = headers.get_all(COOKIE).iter();
    let mut pairs = fields.flat_map(|field| field.as_bytes().split(|b| *b == b';'));
    pairs.find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
        rest.strip_prefix(b"=")
    })
}

/// A claim of a token that nobody checks here.
fn claim(name: &str, headers: &HeaderMap) -> Option<Vec<u8>> {
    let field = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = field.split_at_checked("bearer ".len())?;
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return None;
    }
    let claims = token.trim_ascii().split(|b| *b == b'.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    match claims.get(name)? {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

/// Whether an answer's `vary` names what tells clients apart.
pub(super) fn varies(key: &ClientKey, headers: &HeaderMap) -> bool {
    let field = match key {
        ClientKey::None => return false,
        ClientKey::Header(name) => name,
        ClientKey::Cookie(_) => &COOKIE,
        ClientKey::Claim(_) => &AUTHORIZATION,
    };
    let is_named = |name: &str| name == "*" || is_name(name, field);
    let varies = headers.get_all(VARY).iter();
    let mut names = varies.filter_map(|it| it.to_str().ok());
    names.any(|names| names.split(',').any(|name| is_named(name.trim())))
}

fn is_name(text: &str, name: &HeaderName) -> bool {
    text.eq_ignore_ascii_case(name.as_str())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let fields = fields.iter();
        fields
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("legal")))
            .collect()
    }

    fn found(key: &ClientKey, fields: &[(HeaderName, &str)]) -> Option<String> {
        let headers = headers(fields);
        let key = super::key(key, &headers)?;
        Some(String::from_utf8_lossy(&key).into_owned())
    }

    #[test]
    fn clients_are_told_apart_by_what_the_operator_names() {
        let device = HeaderName::from_static("x-device");
        let header = ClientKey::Header(device.clone());
        assert_eq!(found(&header, &[(device, "a1")]).as_deref(), Some("a1"));
        assert_eq!(found(&header, &[]), None);
        assert_eq!(found(&ClientKey::None, &[(COOKIE, "sid=1")]), None);

        let cookie = ClientKey::Cookie("sid".to_owned());
        for (text, key) in [
            ("sid=1", Some("1")),
            ("a=2; sid=1", Some("1")),
            ("asid=2;sid=1", Some("1")),
            ("sid", None),
            ("sid=", None),
            ("sidney=1", None),
        ] {
            assert_eq!(found(&cookie, &[(COOKIE, text)]).as_deref(), key, "{text}");
        }

        let claim = ClientKey::Claim("sub".to_owned());
        let token = |claims: &str| format!("Bearer x.{}.y", URL_SAFE_NO_PAD.encode(claims));
        for (text, key) in [
            (token(r#"{"sub": "ada"}"#), Some("ada")),
            (token(r#"{"sub": 7}"#), Some("7")),
            (token(r#"{"sub": ["ada"]}"#), None),
            (token(r#"{"aud": "ada"}"#), None),
            (token("no JSON"), None),
            ("Bearer x.%.y".to_owned(), None),
            ("Bearer opaque".to_owned(), None),
            ("Basic x.y.z".to_owned(), None),
            ("Be".to_owned(), None),
        ] {
            let found = found(&claim, &[(AUTHORIZATION, &text)]);
            assert_eq!(found.as_deref(), key, "{text}");
        }
    }

    #[test]
    fn an_answer_varies_where_it_says_so() {
        let device = ClientKey::Header(HeaderName::from_static("x-device"));
        let is = |key: &ClientKey, vary: &[(HeaderName, &str)]| varies(key, &headers(vary));
        assert!(is(&device, &[(VARY, "accept, X-Device")]));
        assert!(is(&device, &[(VARY, "*")]));
        assert!(!is(&device, &[(VARY, "accept")]));
        assert!(!is(&device, &[]));
        assert!(is(
            &ClientKey::Cookie("sid".to_owned()),
            &[(VARY, "cookie")]
        ));
        assert!(is(
            &ClientKey::Claim("sub".to_owned()),
            &[(VARY, "authorization")]
        ));
        assert!(!is(&ClientKey::None, &[(VARY, "cookie")]));
    }
}
