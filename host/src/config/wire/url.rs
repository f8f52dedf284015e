//! Host names and URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use http::HeaderValue;
use toml::de::DeValue;

use super::path::check_path;
use super::unix::unix;
use crate::config::PreviewSite;
use crate::config::kind::{Formed, Kind, Text};
use crate::config::problem::Fault;
use crate::config::values::{quote, text};

/// What is near to a name of a host: it ends with a label that is no number.
macro_rules! host_name {
    () => {
        concat!(
            r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*",
            r"([0-9]*[a-z_]([a-z0-9_-]*[a-z0-9_])?|[0-9]+-[a-z0-9_-]*[a-z0-9_])"
        )
    };
}
pub(super) use host_name;

/// What is near to a name of a host or to an address.
const HOST: &str = concat!(
    r"^(",
    host_name!(),
    r"|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\])$"
);
/// The same, but for an address in brackets.
const SERVER_NAME: &str = concat!(r"^(", host_name!(), r"|[0-9]{1,3}(\.[0-9]{1,3}){3})$");
/// What is near to a URL with a host, a port and a path.
const TOKEN_URL: &str = r"^https?://(\[[0-9a-f:.]+\]|[^?#@:/A-Z\[\]]+)(:[0-9]+)?(/[^?#@]*)?$";
const SERVICE_URL: &str = concat!(
    r"^((https?://)?unix:/[^?#@]+",
    r"|https?(\+srv)?://(\[[0-9a-f:.]+\]|[^?#@:/A-Z\[\]]+)(:[0-9]+)?(/[^?#@]*)?)$"
);

/// What is near to the address of a site.
const SITE: &str = concat!(r"^https?://", host_name!(), r"(:[0-9]+)?/?$");

/// What stands before the path of a socket file.
const UNIX: &str = "unix:";

/// Where a service is.
#[derive(Clone, Debug)]
pub(in crate::config) struct Url {
    /// Whether it is https.
    pub(in crate::config) tls: bool,
    pub(in crate::config) host: String,
    pub(in crate::config) port: u16,
    /// The socket file to connect to instead.
    pub(in crate::config) socket: Option<PathBuf>,
    /// Whether `host` is a name of SRV records, and without a port.
    pub(in crate::config) srv: bool,
    pub(in crate::config) authority: HeaderValue,
    pub(in crate::config) path_prefix: String,
}

/// Reads the host name of a route.
pub(in crate::config) fn host() -> impl Kind<String> {
    Formed::new(Text::Like(HOST), read_host)
}

fn read_host(value: &DeValue<'_>) -> Result<String, Fault> {
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
        let way_out = format!("write {name:?}: every port matches");
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

/// Whether this is a host in small letters, with or without a port.
pub(in crate::config) fn authority(written: &str) -> bool {
    let (host, port) = split_port(written);
    let is_number = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let is_port = |port: &str| is_number(port) && port.parse().is_ok_and(|it: u16| it != 0);
    legal_host(host) && port.is_none_or(is_port)
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

/// Reads the address of a service.
pub(in crate::config) fn url() -> impl Kind<Url> {
    Formed::new(Text::Like(SERVICE_URL), read_url)
}

fn read_url(value: &DeValue<'_>) -> Result<Url, Fault> {
    let written = text(value)?;
    let example = "such as \"http://127.0.0.1:9101/api\"";
    // Ahead of anything that would show the value: it may hold a password.
    if written.contains('@') {
        let after_scheme = written.split_once("://").map_or(written, |(_, rest)| rest);
        let authority = after_scheme.split(['/', '?', '#']).next();
        if authority.is_some_and(|authority| authority.contains('@')) {
            let way_out = format!(
                "leave it out: write the address alone, {example}; credentials have a section of their own"
            );
            return Err(Fault::new("the URL holds a user name or password", way_out));
        }
        // A password may hold a slash, so that this may be one, too.
        let way_out = "write %40 for it in a path; leave user name and password out";
        return Err(Fault::new("the URL holds an @ behind its host", way_out));
    }
    let fault = |what: &str, way_out: &str| {
        Fault::new(format!("{} {what}", quote(written)), way_out.to_owned())
    };
    let Some((tls, srv, rest)) = scheme(written) else {
        let way_out = format!("write one {example}");
        return Err(fault("is not an http:// or https:// URL", &way_out));
    };
    if rest.contains(['?', '#']) {
        return Err(fault(
            "has a query or a fragment",
            "leave out what follows the path",
        ));
    }
    let usual_port = if tls { 443 } else { 80 };
    if let Some(rest) = rest.strip_prefix(UNIX).filter(|_| !srv) {
        let (file, path_prefix) = unix(written, rest)?;
        return Ok(Url {
            tls,
            host: "localhost".to_owned(),
            port: usual_port,
            socket: Some(file),
            srv: false,
            authority: HeaderValue::from_static("localhost"),
            path_prefix: path_prefix.to_owned(),
        });
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
        let what = host_fault(authority);
        fault(what, &format!("write host and port {example}"))
    };
    let (host, port) = split_port(authority);
    if srv && !(legal_host(authority) && is_service(authority)) {
        return Err(fault(
            "has a host that is no name of SRV records",
            "write _service._tcp.name without a port, such as \"http+srv://_http._tcp.users.example\"",
        ));
    }
    if !legal_host(host) {
        return Err(bad_host());
    }
    let port = match port {
        None => usual_port,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| fault("has a port that is none", "write one from 1 to 65535"))?,
    };
    let authority = if port == usual_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    };
    Ok(Url {
        tls,
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        socket: None,
        srv,
        authority: HeaderValue::from_str(&authority).map_err(|_| bad_host())?,
        path_prefix: path_prefix.to_owned(),
    })
}

/// Whether TLS is spoken, whether SRV records are looked up, and what follows the scheme.
fn scheme(written: &str) -> Option<(bool, bool, &str)> {
    if written.starts_with(UNIX) {
        return Some((false, false, written));
    }
    let (scheme, rest) = written.split_once("://")?;
    match scheme {
        "http" => Some((false, false, rest)),
        "https" => Some((true, false, rest)),
        "http+srv" => Some((false, true, rest)),
        "https+srv" => Some((true, true, rest)),
        _ => None,
    }
}

/// Whether a name begins with those of a service and of TCP (RFC 2782).
fn is_service(name: &str) -> bool {
    let mut labels = name.splitn(3, '.');
    let service = labels.next().and_then(|label| label.strip_prefix('_'));
    service.is_some_and(|service| !service.is_empty())
        && labels.next() == Some("_tcp")
        && labels.next().is_some()
}

/// What is wrong with host and port that are not legal.
fn host_fault(authority: &str) -> &'static str {
    let (host, _) = split_port(authority);
    let colons = authority.bytes().filter(|b| *b == b':').count();
    match authority {
        "" => "has no host",
        _ if authority.starts_with('[') && !authority.contains(']') => {
            "has an IPv6 address without its closing bracket"
        }
        _ if authority.starts_with('[') => "has no IPv6 address in its brackets",
        _ if colons > 1 => "has an IPv6 address without brackets, or several ports",
        _ if host.is_empty() => "has a port but no host",
        _ => "has a host that is neither a name nor an address",
    }
}

/// Reads the URL of a forward proxy. Returns its host and port.
pub(in crate::config) fn proxy() -> impl Kind<(String, u16)> {
    Formed::new(Text::Like(r"^http://[^/?#@]+/?$"), read_proxy)
}

fn read_proxy(value: &DeValue<'_>) -> Result<(String, u16), Fault> {
    let written = text(value)?;
    // Ahead of anything that would show the value: it may hold a password.
    if written.contains('@') {
        let way_out = "write user:password into a file, and name that in proxy-credentials-file";
        return Err(Fault::new("the URL holds a user name or password", way_out));
    }
    let url = read_url(value)?;
    if url.tls || url.srv || url.socket.is_some() || !url.path_prefix.is_empty() {
        let what = format!("{} is no proxy that the host can use", quote(written));
        let way_out = "write host and port alone, such as \"http://proxy.internal:3128\"";
        return Err(Fault::new(what, way_out));
    }
    Ok((url.host, url.port))
}

/// Reads the URL of an OAuth 2.0 token endpoint. Returns its text, and whether it is https.
pub(in crate::config) fn token_url() -> impl Kind<(String, bool)> {
    Formed::new(Text::Like(TOKEN_URL), read_token_url)
}

fn read_token_url(value: &DeValue<'_>) -> Result<(String, bool), Fault> {
    let url = read_url(value)?;
    let written = text(value)?;
    if url.socket.is_some() || url.srv {
        let kind = if url.srv {
            "a name of SRV records"
        } else {
            "a socket file"
        };
        let what = format!("{} is {kind}", quote(written));
        return Err(Fault::new(what, "write an http:// or https:// URL"));
    }
    Ok((written.to_owned(), url.tls))
}

/// Reads the address of a site that has names below it.
pub(in crate::config) fn site() -> impl Kind<PreviewSite> {
    Formed::new(Text::Like(SITE), read_site)
}

fn read_site(value: &DeValue<'_>) -> Result<PreviewSite, Fault> {
    let url = read_url(value)?;
    let written = text(value)?;
    let is_address = url.host.parse::<IpAddr>().is_ok();
    if url.srv || url.socket.is_some() || !url.path_prefix.is_empty() || is_address {
        let what = format!("{} has no names below it", quote(written));
        let way_out = "write the scheme and a host name, such as \"https://preview.example.com\"";
        return Err(Fault::new(what, way_out));
    }
    Ok(PreviewSite {
        tls: url.tls,
        domain: url.host,
        port: url.port,
    })
}

/// Reads the name that a certificate must hold.
pub(in crate::config) fn server_name() -> impl Kind<String> {
    Formed::new(Text::Like(SERVER_NAME), read_server_name)
}

fn read_server_name(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    if legal_host(written) && !written.starts_with('[') {
        return Ok(written.to_owned());
    }
    let what = format!("{} is not a host name in lower case", quote(written));
    let way_out = "write the name alone, such as \"activity.example.com\"";
    Err(Fault::new(what, way_out))
}
