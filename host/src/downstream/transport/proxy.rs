//! Connections through a forward proxy: `CONNECT` (RFC 9110 section 9.3.6). TLS and HTTP with the
//! service then run inside of the connection, and the proxy resolves the service's name.

mod basic;
mod error;
mod head;

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tracing::warn;

use self::error::ProxyError;
use self::head::read_status;
use super::host_failures::of_host;
use crate::config;
use crate::downstream::log_interval::LogInterval;

/// A service behind a proxy.
#[derive(Clone)]
pub struct Tunnel {
    proxy: config::Proxy,
    /// Host and port of the service. An IPv6 address is in brackets.
    target: Arc<str>,
    /// Limits the log lines about failed connections.
    failures: Arc<LogInterval>,
}

impl Tunnel {
    /// A tunnel to `host` (an IPv6 address without brackets) and `port`.
    pub fn new(proxy: &config::Proxy, host: &str, port: u16) -> Self {
        let target = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        Self {
            proxy: proxy.clone(),
            target: target.into(),
            failures: Arc::default(),
        }
    }

    /// Connects to the service. The caller bounds the time.
    ///
    /// # Errors
    ///
    /// The system's where the host itself fails, otherwise a [`ProxyError`]. The log has the
    /// proxy's name.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        let error = match self.open().await {
            Ok(stream) => return Ok(stream),
            Err(ProxyError::Connection(error)) if of_host(&error) => return Err(error),
            Err(error) => error,
        };
        if self.failures.is_due() {
            let (host, port) = (&*self.proxy.host, self.proxy.port);
            let target = &*self.target;
            warn!(host, port, target, %error, "a proxy opens no connection");
        }
        Err(io::Error::other(error))
    }

    async fn open(&self) -> Result<TcpStream, ProxyError> {
        let request = self.request().await?;
        let address = (self.proxy.host.as_str(), self.proxy.port);
        let connecting = TcpStream::connect(address).await;
        let mut stream = connecting.map_err(ProxyError::Connection)?;
        stream.set_nodelay(true).map_err(ProxyError::Connection)?;
        let sent = stream.write_all(&request).await;
        // A proxy that refuses at once may close before it has read all: its answer is more
        // informative.
        let status = match (read_status(&stream).await, sent) {
            (Err(_), Err(error)) => return Err(ProxyError::Connection(error)),
            (status, _) => status?,
        };
        match status {
            // Its fields about a body are ignored: there is none (RFC 9110 section 9.3.6).
            200..=299 => Ok(stream),
            status => Err(ProxyError::Refused(status)),
        }
    }

    async fn request(&self) -> Result<Vec<u8>, ProxyError> {
        let target = &self.target;
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
        if let Some(secret) = &self.proxy.credentials {
            let credentials = basic::credentials(secret).await;
            let Some(credentials) = credentials else {
                return Err(ProxyError::Credentials);
            };
            request.extend_from_slice(b"proxy-authorization: Basic ");
            request.extend_from_slice(credentials.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        Ok(request)
    }
}

impl PartialEq for Tunnel {
    fn eq(&self, other: &Self) -> bool {
        (&self.proxy, &self.target) == (&other.proxy, &other.target)
    }
}

impl Eq for Tunnel {}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config::Proxy { host, port, .. } = &self.proxy;
        write!(f, "{} by proxy {host}:{port}", self.target)
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
