//! The address of a host: `http://127.0.0.1:8081`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// Where a host's listener for operators is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether it is `https`.
    pub is_secure: bool,
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    /// As it stands in the URL: the value of the field `host`.
    pub authority: String,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as http://HOST:PORT or https://HOST:PORT, and no path".to_owned();
        let url: Uri = text.parse().map_err(|_| wrong())?;
        let is_secure = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(wrong()),
        };
        let authority = url.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("it has no user and no password: name a token in TAILOR_TOKEN".to_owned());
        }
        let has_path = !matches!(url.path(), "" | "/") || url.query().is_some();
        let bare = authority.host().trim_start_matches('[');
        let host = bare.trim_end_matches(']').to_owned();
        if has_path || host.is_empty() {
            return Err(wrong());
        }
        // What is no number, the library passes over.
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") if is_secure => 443,
            Some("") => 80,
            Some(rest) => rest.trim_start_matches(':').parse().map_err(|_| wrong())?,
            None => return Err(wrong()),
        };
        Ok(Self {
            is_secure,
            host,
            port,
            authority: authority.as_str().to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// Whether no other machine is behind it, also where it is written as IPv6.
pub fn is_of_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for (text, is_secure, host, port) in [
            ("http://127.0.0.1:8081", false, "127.0.0.1", 8081),
            ("http://localhost:8081/", false, "localhost", 8081),
            ("https://tailor.example", true, "tailor.example", 443),
            ("HTTPS://[::1]:9", true, "::1", 9),
            ("http://a", false, "a", 80),
        ] {
            let address: Address = text.parse().unwrap();
            let found = (address.is_secure, &*address.host, address.port);
            assert_eq!(found, (is_secure, host, port), "{text}");
        }
        let shown: Address = "https://[::1]:9/".parse().unwrap();
        assert_eq!(shown.to_string(), "https://[::1]:9");
        for text in [
            "",
            "127.0.0.1:8081",
            "/v1",
            "ftp://a",
            "http://",
            "http://a/v1",
            "http://a?b",
            "http://a:b",
            "http://a:99999",
            "http://user:secret@a",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
