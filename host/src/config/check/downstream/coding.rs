//! The accepted content codings of a service's responses.

use http::header::ACCEPT_ENCODING;
use http::{HeaderName, HeaderValue};

use crate::config::ContentCoding;
use crate::config::check::Context;
use crate::config::field::Located;
use crate::config::raw::RawDownstream;

/// The `accept-encoding` of every call: all supported codings, unless the operator lists fewer.
pub(super) fn accept_encoding(raw: &RawDownstream) -> HeaderValue {
    let codings = match raw.accept_encoding.written() {
        None => ContentCoding::ALL.to_vec(),
        Some(_) => raw.accept_encoding.values(),
    };
    let names: Vec<&str> = codings.iter().map(|coding| coding.name()).collect();
    let none = HeaderValue::from_static("identity");
    match names.is_empty() {
        true => none,
        false => HeaderValue::from_str(&names.join(", ")).unwrap_or(none),
    }
}

pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) {
    cx.check_distinct(&raw.accept_encoding, |coding| coding.name());
    for fixed in raw.shape.headers.items() {
        check_field(fixed, &fixed.value.0, cx);
    }
    for list in [&raw.shape.send_headers, &raw.shape.pass_headers] {
        for field in list.items() {
            check_field(field, &field.value, cx);
        }
    }
}

/// Reports the field where the operator must not set it.
fn check_field<T>(at: &Located<T>, name: &HeaderName, cx: &mut Context<'_>) {
    if *name == ACCEPT_ENCODING {
        let what = "the host sets \"accept-encoding\", for it undoes what a service answers with";
        cx.report(at, what, "write the codings into the key accept-encoding");
    }
}
