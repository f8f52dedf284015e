//! Which calls a service accepts, and who sets which header field: the operator, the client, the
//! BFF or the host.

use http::HeaderName;

use super::credentials;
use crate::config::Shape;
use crate::config::check::Context;
use crate::config::field::{Field, Located};
use crate::config::raw::{RawDownstream, RawShape};
use crate::http_fields::{Class, class, dashed};

pub(super) fn shape(raw: &RawShape, path_prefix: String) -> Shape {
    let listed = |list: &Field<Vec<Located<HeaderName>>>| list.written().map(|_| list.values());
    Shape {
        path_prefix,
        allow: raw.allow.written().map(|_| raw.allow.values()),
        headers: raw.headers.values(),
        query: raw.query.values(),
        send_headers: listed(&raw.send_headers),
        receive_headers: listed(&raw.receive_headers),
        pass_headers: raw.pass_headers.values(),
    }
}

pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) {
    let shape = &raw.shape;
    if let Some(allow) = shape.allow.written() {
        cx.check_patterns(allow);
    }
    for list in [
        &shape.send_headers,
        &shape.receive_headers,
        &shape.pass_headers,
    ] {
        cx.check_distinct(list, Clone::clone);
    }
    cx.check_distinct(&shape.headers, |(name, _)| name.clone());

    let secret = raw.credentials.as_ref().and_then(credentials::header);
    for fixed in shape.headers.items() {
        check_secret(fixed, &fixed.value.0, secret.as_ref(), cx);
    }
    for passed in shape.pass_headers.items() {
        if !check_secret(passed, &passed.value, secret.as_ref(), cx) {
            check_fixed(passed, shape, cx);
        }
    }
    for sent in shape.send_headers.items() {
        if class(&sent.value) == Class::Credential {
            let what = format!("a BFF cannot send \"{}\": it is a credential", sent.value);
            let way_out = "name it in pass-headers, or write a section credentials";
            cx.report(sent, what, way_out);
        } else if !check_secret(sent, &sent.value, secret.as_ref(), cx) {
            check_fixed(sent, shape, cx);
        }
    }
}

/// Whether some services take two names for one.
fn is_same(one: &HeaderName, other: &HeaderName) -> bool {
    dashed(one) == dashed(other)
}

/// Reports a field that the credentials set. Returns whether it did.
fn check_secret<T>(
    at: &Located<T>,
    name: &HeaderName,
    secret: Option<&HeaderName>,
    cx: &mut Context<'_>,
) -> bool {
    let taken = secret.is_some_and(|secret| is_same(secret, name));
    if taken {
        let what = format!("the credentials of the service set \"{name}\"");
        cx.report(at, what, "leave it out here, or leave the credentials out");
    }
    taken
}

/// Reports a field that the operator must not set.
fn check_fixed(at: &Located<HeaderName>, shape: &RawShape, cx: &mut Context<'_>) {
    let fixed = shape.headers.items().iter();
    if fixed
        .map(|field| &field.value.0)
        .any(|name| is_same(name, &at.value))
    {
        let what = format!("\"{}\" has a fixed value in headers", at.value);
        cx.report(at, what, "leave it out here or there");
    }
}
