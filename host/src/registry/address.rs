//! Where something is, as a registry says it.

use http::uri::PathAndQuery;

/// The longest that is taken: signed addresses have a kilobyte or two.
const MAX: usize = 8 << 10;

/// The longest host.
const MAX_HOST: usize = 253;

/// A place on a host. It is shown without its query, which may be a secret.
#[derive(Clone)]
pub(super) struct Address {
    /// Whether it is asked over TLS.
    pub(super) is_secure: bool,
    host: String,
    port: u16,
    /// Its path and query.
    pub(super) target: PathAndQuery,
}

impl Address {
    /// Reads the address in a header field; one that begins with its path is on the host of `base`.
    /// `None` for what is none, or has a user in it.
    pub(super) fn read(text: &str, base: Option<&Self>) -> Option<Self> {
        if text.len() > MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let text = text.split('#').next().unwrap_or(text);
        if text.starts_with('/') && !text.starts_with("//") {
            let target = text.parse().ok()?;
            return Some(Self {
                target,
                ..base?.clone()
            });
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_secure = match &*scheme.to_ascii_lowercase() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = host_and_port(authority, is_secure)?;
        let target = match target.starts_with('/') {
            true => target.parse().ok()?,
            false => format!("/{target}").parse().ok()?,
        };
        Some(Self {
            is_secure,
            host,
            port,
            target,
        })
    }

    /// A path on the host of an address.
    pub(super) fn of(authority: &str, is_secure: bool, path: &str) -> Option<Self> {
        let (host, port) = host_and_port(authority, is_secure)?;
        Some(Self {
            is_secure,
            host,
            port,
            target: path.parse().ok()?,
        })
    }

    /// Whether it is on the host of another one, and asked in the same way.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.is_secure == other.is_secure && self.host == other.host && self.port == other.port
    }

    /// Whether this is its host, with its port unless that is the usual one.
    pub(super) fn is_on(&self, authority: &str) -> bool {
        let found = host_and_port(authority, self.is_secure);
        found.is_some_and(|(host, port)| host == self.host && port == self.port)
    }

    /// Its host and port, as they are shown.
    pub(super) fn host(&self) -> String {
        match self.port == usual(self.is_secure) {
            true => self.host.clone(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The root of its host.
    pub(super) fn root(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}/", self.host())
    }
}

fn usual(is_secure: bool) -> u16 {
    if is_secure { 443 } else { 80 }
}

fn host_and_port(authority: &str, is_secure: bool) -> Option<(String, u16)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => {
            let is_number = port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|it| is_number && *it != 0);
            (host, port?)
        }
        _ => (authority, usual(is_secure)),
    };
    let inner = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_legal = match inner {
        Some(address) => address
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.'),
        None => host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')),
    };
    (is_legal && (1..=MAX_HOST).contains(&host.len())).then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_place_or_none() {
        let base = Address::of("registry.example:5000", true, "/v2/a/blobs/b").unwrap();
        let read = |text: &str| {
            let address = Address::read(text, Some(&base))?;
            Some((address.root(), address.target.to_string()))
        };
        for (text, root, target) in [
            (
                "https://Blobs.Example/a?sig=1#x",
                "https://blobs.example/",
                "/a?sig=1",
            ),
            (
                "HTTPS://blobs.example:443?a",
                "https://blobs.example/",
                "/?a",
            ),
            ("http://[::1]:80/a", "http://[::1]/", "/a"),
            (
                "http://blobs.example:443/",
                "http://blobs.example:443/",
                "/",
            ),
            ("/v2/x", "https://registry.example:5000/", "/v2/x"),
        ] {
            let expected = Some((root.to_owned(), target.to_owned()));
            assert_eq!(read(text), expected, "{text}");
        }
        for text in [
            "",
            "a",
            "?a",
            "//blobs.example/a",
            "ftp://blobs.example/a",
            "https://",
            "https:///a",
            "https://user@blobs.example/",
            "https://registry.example:5000@evil.example/",
            "https://blobs.example:0/",
            "https://blobs.example:99999/",
            "https://blobs.example:/",
            "https://blobs.example:+1/",
            "https://blobs.example\\@evil.example/",
            "https://a b/",
            "https://bl%6fbs.example/",
            "https://[::1/",
            "https://blobs.example/\r\nx",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let long = |count| format!("https://{}/a", "a".repeat(count));
        assert!(read(&long(MAX_HOST)).is_some() && read(&long(MAX_HOST + 1)).is_none());
        assert!(Address::read("/a", None).is_none());
        assert!(base.is_on("registry.example:5000") && !base.is_on("registry.example"));
        assert!(Address::of("a", true, "/").unwrap().is_on("a:443"));
    }
}
