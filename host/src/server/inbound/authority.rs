//! The host name of a request.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::header::HOST;
use http::{HeaderMap, HeaderValue, Uri, Version};

use super::rejection::Rejection;

/// Longest host name, bytes (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;

/// The authority of a request. Both texts are empty for an HTTP/1.0 request without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// Host and port as the client wrote them, for links in answers.
    pub text: &'a str,
    /// The host alone: lower case, without a port and without the dot of a rooted name; an IPv6
    /// address in brackets and in its canonical form.
    pub host: Cow<'a, str>,
}

impl<'a> Authority<'a> {
    /// The authority of a request: of the target if it has one, else of `host` (RFC 9112 section
    /// 3.2, RFC 9113 section 8.3.1).
    pub(in crate::server) fn of(
        version: Version,
        uri: &'a Uri,
        headers: &'a HeaderMap,
    ) -> Result<Self, Rejection> {
        let mut fields = headers.get_all(HOST).iter();
        let field = match (fields.next(), fields.next()) {
            (_, Some(_)) => return Err(Rejection::Host("there is more than one host field")),
            (field, None) => field.map(Self::of_field).transpose()?,
        };
        let target = uri.authority();
        let target = target
            .map(|authority| Self::parse(authority.as_str()))
            .transpose()?;
        let http2 = version >= Version::HTTP_2;
        match (target, field) {
            // HTTP/1.1 demands the field even beside a target that makes it meaningless.
            (_, None) if version == Version::HTTP_11 => {
                Err(Rejection::Host("there is no host field"))
            }
            (Some(target), Some(field)) if http2 && !target.is_same(&field) => Err(
                Rejection::Host("the host field and :authority name different hosts"),
            ),
            (Some(authority), _) | (None, Some(authority)) => Ok(authority),
            (None, None) if http2 => Err(Rejection::Host(
                "there is neither :authority nor a host field",
            )),
            (None, None) => Ok(Self {
                text: "",
                host: Cow::Borrowed(""),
            }),
        }
    }

    fn of_field(value: &'a HeaderValue) -> Result<Self, Rejection> {
        let text = value.to_str();
        Self::parse(text.map_err(|_| Rejection::Host("the host field is not ASCII text"))?)
    }

    fn parse(text: &'a str) -> Result<Self, Rejection> {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, "")) => (address, None),
            Some((address, rest)) => match rest.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None => {
                    return Err(Rejection::Host(
                        "the address in brackets is followed by text",
                    ));
                }
            },
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        // An empty port is legal and means the default one (RFC 3986 section 3.2.3).
        if let Some(port) = port.filter(|port| !port.is_empty())
            && (!port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err())
        {
            return Err(Rejection::Host("the port is not a number up to 65535"));
        }
        let host = if text.starts_with('[') {
            match host.parse::<Ipv6Addr>() {
                Ok(address) => Cow::Owned(format!("[{address}]")),
                Err(_) => return Err(Rejection::Host("the address in brackets is not IPv6")),
            }
        } else {
            name(host)?
        };
        Ok(Self {
            text: text.strip_suffix(':').unwrap_or(text),
            host,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.host == other.host && self.port() == other.port()
    }

    fn port(&self) -> Option<&str> {
        let (_, port) = self.text.rsplit_once(':')?;
        // The last colon of an IPv6 address without a port is inside of the brackets.
        (!port.ends_with(']')).then_some(port)
    }
}

/// A host name in lower case. Stricter than RFC 3986, which would let percent-encoding, commas and
/// quotes through; an underscore is common in names of containers.
fn name(host: &str) -> Result<Cow<'_, str>, Rejection> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if host.is_empty() {
        return Err(Rejection::Host("the host is empty"));
    }
    if host.len() > MAX_HOST {
        return Err(Rejection::Host("the host is longer than 253 characters"));
    }
    if !host
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(legal))
    {
        return Err(Rejection::Host("the host is not a host name"));
    }
    Ok(if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}
