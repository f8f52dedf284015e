//! Values that end up in HTTP messages: header fields, hosts, paths, URLs and methods.
//!
//! What is legal here is legal on the wire, so that nothing has to be checked again when a message is made.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderName, HeaderValue, Method};
use toml::de::DeValue;

use super::problem::Fault;
use super::values::{quote, show, text};

/// Where a service is.
#[derive(Clone, Debug)]
pub(super) struct Url {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) authority: HeaderValue,
    pub(super) path_prefix: String,
}

/// Fields that belong to one connection or that only the host may set. It strips them from every request.
const RESERVED: [&str; 15] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
    "x-request-id",
];
const RESERVED_PREFIXES: [&str; 3] = ["proxy-", "x-forwarded-", "tailor-"];

/// Reads the name of a header field that an operator may use.
pub(super) fn header_name(value: &DeValue<'_>) -> Result<HeaderName, Fault> {
    parse_header_name(text(value)?)
}

fn parse_header_name(written: &str) -> Result<HeaderName, Fault> {
    let name = HeaderName::from_bytes(written.as_bytes()).map_err(|_| {
        let what = format!("{} is not a legal header name", quote(written));
        Fault::new(
            what,
            "write letters, digits and -, such as \"accept-language\"",
        )
    })?;
    let prefixed = RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.as_str().starts_with(prefix));
    if prefixed || RESERVED.contains(&name.as_str()) {
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
    let name = parse_header_name(name)?;
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
    let value = HeaderValue::from_str(written).map_err(|_| bad("is not a legal header value"))?;
    Ok((name, value))
}

/// Reads the host name of a route.
pub(super) fn host(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    let fault = |what: &str, way_out: String| {
        Err(Fault::new(format!("{} {what}", quote(written)), way_out))
    };
    if written.bytes().any(|b| b.is_ascii_uppercase()) {
        return fault(
            "is not lower case",
            format!("write {:?}", written.to_ascii_lowercase()),
        );
    }
    let (name, port) = split_port(written);
    if !legal_host(name) {
        return fault(
            "is not a host name",
            "write a name such as \"watch.example.com\"".to_owned(),
        );
    }
    if port.is_some() {
        let way_out = format!("write {name:?}: a route matches every port");
        return fault("has a port", way_out);
    }
    // Clients' hosts are compared in this form.
    let canonical = ipv6(name).map(|address| format!("[{address}]"));
    if let Some(canonical) = canonical.filter(|canonical| canonical != name) {
        return fault(
            "is not the shortest form of the address",
            format!("write {canonical:?}"),
        );
    }
    Ok(name.to_owned())
}

/// The host and what follows its colon. The colons of an IPv6 address are inside of brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// The address in brackets, if it is one.
fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// A DNS name, an IPv4 address, or an IPv6 address in brackets. All lower case.
fn legal_host(host: &str) -> bool {
    if host.starts_with('[') {
        return ipv6(host).is_some();
    }
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let label = |label: &str| {
        let hyphen_at_end = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&label.len()) && !hyphen_at_end && label.bytes().all(legal)
    };
    // No top-level domain is a number, so a host that ends with one is meant as an address.
    let last = host.rsplit('.').next().unwrap_or(host);
    let address = last.bytes().all(|b| b.is_ascii_digit());
    host.len() <= 253
        && host.split('.').all(label)
        && (!address || host.parse::<Ipv4Addr>().is_ok())
}

/// Reads the path prefix of a route.
pub(super) fn route_path(value: &DeValue<'_>) -> Result<String, Fault> {
    let path = text(value)?;
    if path.contains('%') || !legal_encoding(path) {
        let what = format!("{} has a character that is encoded in a path", quote(path));
        let way_out =
            "use characters that need no encoding: an encoded one can be written in many ways";
        return Err(Fault::new(what, way_out));
    }
    check_path(path)?;
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => {
            let what = format!("{} ends with a slash", quote(path));
            Err(Fault::new(
                what,
                format!("write {shorter:?}: it matches what is below it, too"),
            ))
        }
        _ => Ok(path.to_owned()),
    }
}

/// Reads the path of a request, with or without query.
pub(super) fn target(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    let (path, query) = written.split_once('?').unwrap_or((written, ""));
    check_path(path)?;
    if !legal_encoding(query) {
        let what = format!(
            "{} has a character that must be encoded in a query",
            quote(query)
        );
        return Err(Fault::new(what, "percent-encode it"));
    }
    Ok(written.to_owned())
}

/// A path as a client's would arrive after the host has tidied it.
fn check_path(path: &str) -> Result<(), Fault> {
    let fault = |what: &str, way_out: &str| {
        Err(Fault::new(
            format!("{} {what}", quote(path)),
            way_out.to_owned(),
        ))
    };
    let Some(inner) = path.strip_prefix('/') else {
        return fault(
            "does not begin with a slash",
            &format!("write {:?}", format!("/{path}")),
        );
    };
    if path.contains(['?', '#']) {
        return fault(
            "has a query or a fragment",
            "leave out what follows the path",
        );
    }
    if path.contains("//") {
        return fault("has an empty segment", "write one slash between segments");
    }
    let dots = |segment: &str| {
        matches!(
            segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
            "." | ".."
        )
    };
    if inner.split('/').any(dots) {
        return fault(
            "has a `.` or `..` segment",
            "write the path that it leads to",
        );
    }
    if !legal_encoding(inner) {
        return fault(
            "has a character that is not legal in a path",
            "percent-encode it",
        );
    }
    Ok(())
}

/// Whether text has only the characters of a path or query (RFC 3986), and a hexadecimal number after each `%`.
fn legal_encoding(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?".contains(&b);
    let hex = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    text.bytes().all(legal) && text.split('%').skip(1).all(hex)
}

/// Reads the address of a service.
pub(super) fn url(value: &DeValue<'_>) -> Result<Url, Fault> {
    let written = text(value)?;
    let example = "such as \"http://127.0.0.1:9101/api\"";
    // Ahead of anything that would show the value: it may hold a password.
    if written.contains('@') {
        let way_out = format!("leave it out: write the address alone, {example}");
        return Err(Fault::new("the URL holds a user name or password", way_out));
    }
    let fault = |what: &str, way_out: &str| {
        Fault::new(format!("{} {what}", quote(written)), way_out.to_owned())
    };
    if written.starts_with("https:") {
        let way_out =
            "put a local proxy that ends TLS in front of the service and write its http:// address";
        return Err(fault(
            "needs TLS to the service, which is not available yet",
            way_out,
        ));
    }
    let rest = written.strip_prefix("http://");
    let rest =
        rest.ok_or_else(|| fault("is not an http:// URL", &format!("write one {example}")))?;
    if rest.contains(['?', '#']) {
        return Err(fault(
            "has a query or a fragment",
            "leave out what follows the path",
        ));
    }
    let (authority, path) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    if !path.is_empty() {
        check_path(path)?;
    }
    let path_prefix = path.strip_suffix('/').unwrap_or(path);
    if authority.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(fault(
            "has a host that is not lower case",
            "write the host in lower case",
        ));
    }
    let bad_host = || {
        fault(
            "has no legal host and port",
            &format!("write them {example}"),
        )
    };
    let (host, port) = split_port(authority);
    let port = match port {
        None => 80,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(bad_host)?,
    };
    if !legal_host(host) {
        return Err(bad_host());
    }
    let authority = if port == 80 {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    };
    Ok(Url {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        authority: HeaderValue::from_str(&authority).map_err(|_| bad_host())?,
        path_prefix: path_prefix.to_owned(),
    })
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

/// Reads a method that a BFF can be asked with.
pub(super) fn method(value: &DeValue<'_>) -> Result<Method, Fault> {
    let written = text(value)?;
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
        format!("{} is not a method of BFFs", show(value)),
        way_out,
    ))
}
