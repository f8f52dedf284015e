//! The forward proxy of a service.

use super::secret::Secret;

/// A forward proxy, which opens connections on behalf of the host (`CONNECT`, RFC 9110 section
/// 9.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its host name or address. An IPv6 address is without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password as `user:password` (RFC 7617), if it wants them.
    pub credentials: Option<Secret>,
}
