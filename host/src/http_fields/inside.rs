//! Whether a field of a service's answer reveals an internal address: one that no client can or
//! should reach, and that a guest therefore never sees.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderValue;
use http::header::{self, HeaderName};

/// Last labels of names that are not for the public (RFC 6762, RFC 8375, ICANN's `internal`), or
/// are commonly used so.
const INSIDE: [&str; 14] = [
    "arpa",
    "consul",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "svc",
    "test",
];

/// Whether a field says where something is at an address inside.
///
/// `own` are the hosts of the service itself, without ports. References without a host (`/users/7`)
/// lead to the service that is known by its name already; they and public addresses reveal nothing.
#[must_use]
pub fn points_inside<'a>(
    name: &HeaderName,
    value: &HeaderValue,
    own: impl Iterator<Item = &'a str> + Clone,
) -> bool {
    match *name {
        header::LOCATION | header::CONTENT_LOCATION | header::LINK | header::REFRESH => {
            // Text that is not UTF-8 cannot be checked.
            match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => {
                    names_socket_file(text) || hosts(text).any(|host| is_inside(host, own.clone()))
                }
                Err(_) => true,
            }
        }
        // It names another host and port of the same service (RFC 7838).
        header::ALT_SVC => true,
        _ => false,
    }
}

/// Whether a text names a socket file: `unix:/run/a.sock`, or `http+unix://%2Frun%2Fa.sock/`.
fn names_socket_file(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.match_indices("unix:").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|it| !it.is_ascii_alphanumeric() && !"-._~%".contains(it))
    })
}

/// The hosts of all URLs in a text: `//host`, with or without a scheme, at its start or inside of
/// it.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("//").filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        // Within a path, two slashes do not begin an authority.
        let begins = before.is_none_or(|it| !it.is_ascii_alphanumeric() && !"/-._~%".contains(it));
        begins.then(|| authority_host(&text[at + 2..]))
    })
}

/// The host at the start of what follows the slashes, without user and port.
fn authority_host(rest: &str) -> &str {
    let end = rest.find(|it: char| "/\\?#<>,;\"'|".contains(it) || it.is_whitespace());
    let authority = &rest[..end.unwrap_or(rest.len())];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host.split(':').next().unwrap_or(host),
    }
}

fn is_inside<'a>(host: &str, mut own: impl Iterator<Item = &'a str>) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if own.any(|own| own.eq_ignore_ascii_case(host)) {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return !is_global(address);
    }
    match host.rsplit_once('.') {
        // A name without a dot is resolved by a search list, or not at all. An empty name is no
        // host.
        None => true,
        Some((_, last)) => {
            // A name that ends in a number is an address in another notation: 127.1, 0x7f.0.0.1.
            INSIDE
                .iter()
                .any(|inside| inside.eq_ignore_ascii_case(last))
                || last.starts_with(|first: char| first.is_ascii_digit())
        }
    }
}

/// Whether an address can be reached from everywhere. Of the special ranges (RFC 6890) those that
/// name a place inside.
fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || first == 0
                || shared)
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_global(inner),
            None => {
                !(address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local())
            }
        },
    }
}

/// The IPv4 address in one of IPv6.
fn embedded(address: Ipv6Addr) -> Option<IpAddr> {
    address.to_ipv4_mapped().map(IpAddr::V4)
}
