//! Values that end up in HTTP messages: header fields, hosts, paths, URLs and methods.
//!
//! What is legal here is legal on the wire: messages are made without further checks.

mod path;
mod registry;
mod unix;
mod url;

use http::{HeaderName, HeaderValue, Method};
use toml::de::DeValue;

use super::kind::{Formed, Kind, Text};
use super::problem::Fault;
use super::values::{quote, text};
use crate::http_fields::{Class, class};

pub(super) use path::{call_pattern, path_pattern, route_path, target};
pub(super) use registry::{registry_host, repositories};
pub(super) use url::{Url, host, proxy, server_name, site, token_url, url};

/// A name of a header field (RFC 9110 section 5.1). Those that only the host sets are among them.
const HEADER_NAME: &str = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/// Reads the name of a header field that an operator may use.
pub(super) fn header_name() -> impl Kind<HeaderName> {
    Formed::new(Text::Like(HEADER_NAME), read_header_name)
}

fn read_header_name(value: &DeValue<'_>) -> Result<HeaderName, Fault> {
    parse_header_name(text(value)?)
}

/// Reads the name of a header field of a service's answers: any there is, because nothing is sent
/// with it.
pub(super) fn answer_header_name() -> impl Kind<HeaderName> {
    Formed::new(Text::Like(HEADER_NAME), read_answer_header_name)
}

fn read_answer_header_name(value: &DeValue<'_>) -> Result<HeaderName, Fault> {
    any_header_name(text(value)?)
}

fn any_header_name(written: &str) -> Result<HeaderName, Fault> {
    HeaderName::from_bytes(written.as_bytes()).map_err(|_| {
        let what = format!("{} is not a legal header name", quote(written));
        Fault::new(
            what,
            "write letters, digits and -, such as \"accept-language\"",
        )
    })
}

fn parse_header_name(written: &str) -> Result<HeaderName, Fault> {
    let name = any_header_name(written)?;
    if matches!(class(&name), Class::Connection | Class::Host) {
        let what = format!("\"{name}\" is a header that only the host sets");
        let way_out = match name.as_str() {
            "host" => "leave it out (a route matches host names with `host`)",
            _ => "leave it out",
        };
        return Err(Fault::new(what, way_out));
    }
    Ok(name)
}

/// Reads one header field.
pub(super) fn header(name: &str, value: &DeValue<'_>) -> Result<(HeaderName, HeaderValue), Fault> {
    Ok((parse_header_name(name)?, read_header_value(value)?))
}

/// Reads a header field that every call of a service gets. What is secret belongs elsewhere.
pub(super) fn fixed_header(
    name: &str,
    value: &DeValue<'_>,
) -> Result<(HeaderName, HeaderValue), Fault> {
    let name = parse_header_name(name)?;
    // Ahead of anything that would show the value: it is a secret.
    if class(&name) == Class::Credential {
        let what = format!("\"{name}\" is a credential, and this file is no place for secrets");
        let way_out = "name the file or variable that holds it in the section credentials";
        return Err(Fault::new(what, way_out));
    }
    Ok((name, read_header_value(value)?))
}

/// Reads the value of a header field.
pub(super) fn header_value() -> impl Kind<HeaderValue> {
    Formed::new(Text::Like(r"^[!-~]([\t -~]*[!-~])?$"), read_header_value)
}

fn read_header_value(value: &DeValue<'_>) -> Result<HeaderValue, Fault> {
    let written = text(value)?;
    let bad = |why| {
        let what = format!("{} {why}", quote(written));
        Fault::new(
            what,
            "write visible ASCII characters, without spaces at the ends",
        )
    };
    if written.trim() != written || written.is_empty() {
        return Err(bad("is empty or has spaces at its ends, which HTTP strips"));
    }
    HeaderValue::from_str(written).map_err(|_| bad("is not a legal header value"))
}

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// Reads a method that a BFF can serve.
pub(super) fn method() -> impl Kind<Method> {
    Formed::new(
        Text::OneOf(METHODS.iter().map(ToString::to_string).collect()),
        read_method,
    )
}

fn read_method(value: &DeValue<'_>) -> Result<Method, Fault> {
    parse_method(text(value)?)
}

/// A method of BFFs: they can serve and call with the same ones.
fn parse_method(written: &str) -> Result<Method, Fault> {
    if let Some(method) = METHODS.iter().find(|method| method.as_str() == written) {
        return Ok(method.clone());
    }
    let upper = written.to_ascii_uppercase();
    let way_out = if METHODS.iter().any(|method| method.as_str() == upper) {
        format!("write {upper:?}")
    } else {
        let known: Vec<&str> = METHODS.iter().map(Method::as_str).collect();
        format!("write one of {}", known.join(", "))
    };
    Err(Fault::new(
        format!("{} is not a method of BFFs", quote(written)),
        way_out,
    ))
}

/// Whether a `content-type` is `application/json`, or another type that is written in JSON (RFC
/// 6839 section 3.1).
pub fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let essence = text
        .split(';')
        .next()
        .unwrap_or(text)
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}
