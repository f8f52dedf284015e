//! A target of fuzzing: what a registry says, and what an order says of one. The parts of an input
//! are separated by the byte 255, which no text holds.

use http::header::WWW_AUTHENTICATE;
use http::uri::Uri;
use http::{HeaderMap, HeaderValue};

use super::address::Address;
use super::challenge::{Challenge, challenge};
use super::login;
use crate::digest::{hex, is_digest};
use crate::oci::{Manifest, Reference};
use crate::text::assert_fit_for_a_log;

fn is_fit_for_a_log(text: &str) {
    assert_fit_for_a_log(text, 2_000);
}

/// A reference, a challenge, a redirect, the answer of a realm, and a manifest. What is taken of
/// each is one thing for all who read it, and what is not is refused in a line.
pub fn registry(input: &[u8]) {
    let mut parts = input.splitn(5, |byte| *byte == 255);
    let mut part = || parts.next().unwrap_or_default();
    reference(&String::from_utf8_lossy(part()));
    challenged(part());
    redirect(&String::from_utf8_lossy(part()));
    if let Some(field) = login::bearer(part()) {
        assert!(field.is_sensitive());
    }
    manifest(part());
}

fn reference(text: &str) {
    let read: Reference = match text.parse() {
        Ok(read) => read,
        Err(error) => {
            let error: crate::oci::ReferenceError = error;
            return is_fit_for_a_log(&error.to_string());
        }
    };
    assert_eq!(read.to_string().parse().as_ref(), Ok(&read), "{text:?}");
    assert!(is_digest(read.digest()));
    // It is a part of a path, and an authority.
    let is_plain = |it: &str| !it.contains(['/', '@', '?', '#', '%', '\\']);
    let mut names = read.repository().split('/');
    assert!(names.all(|it| is_plain(it) && !["", ".", ".."].contains(&it)));
    assert!(is_plain(read.host()));
}

fn challenged(bytes: &[u8]) {
    let Ok(field) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, field)]);
    if let Some(Challenge::Bearer { realm, service }) = challenge(&headers) {
        redirect(&realm);
        assert!(realm.len() + service.map_or(0, |it| it.len()) <= bytes.len());
    }
}

/// Where a redirect leads to is where any other program says that it does.
fn redirect(text: &str) {
    let base = Address::of("registry.example:5000", true, "/v2/");
    assert!(base.is_some(), "the base is an address");
    let Some(base) = base else { return };
    let Some(read) = Address::read(text, Some(&base)) else {
        return;
    };
    is_fit_for_a_log(&read.host());
    let Ok(other) = text.split('#').next().unwrap_or(text).parse::<Uri>() else {
        return;
    };
    let Some(authority) = other.authority() else {
        assert!(read.is_beside(&base), "{text:?}");
        return;
    };
    assert!(!authority.as_str().contains('@'), "{text:?}");
    assert!(read.is_on(authority.as_str()), "{text:?}: {}", read.host());
    let is_secure = other.scheme_str() == Some("https");
    assert_eq!(read.is_secure, is_secure, "{text:?}");
}

fn manifest(bytes: &[u8]) {
    match Manifest::read(bytes, &hex(bytes)) {
        Ok(manifest) => assert!(is_digest(&manifest.digest)),
        Err(error) => is_fit_for_a_log(&error.to_string()),
    }
    assert!(Manifest::read(bytes, &hex(b"others")).is_err());
}
