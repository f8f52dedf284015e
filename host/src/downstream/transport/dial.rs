//! A new connection: the addresses of the name in turn, TLS where it is spoken, and the start of HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as Fault};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::endpoint::Endpoint;
use crate::config::{self, Protocol};

/// No connection. Messages hold no address and no name of a host: a guest reads them.
#[derive(Debug, Error)]
pub enum DialError {
    /// The name is not known.
    #[error(transparent)]
    Name(io::Error),
    /// No address accepts.
    #[error(transparent)]
    Connect(io::Error),
    /// TLS did not come about.
    #[error("TLS: {0}")]
    Tls(String),
    /// The service speaks another protocol than the one that is set.
    #[error("TLS: the service does not agree to HTTP/2")]
    NotHttp2,
    /// HTTP did not begin.
    #[error(transparent)]
    Http(hyper::Error),
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Name(error) | DialError::Connect(error) => error,
            other => Self::other(other),
        }
    }
}

/// What sends on a connection.
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// A handle on a connection that several calls share.
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What moves the bytes of a connection, until it ends. How it ended is told to whoever waits for an answer on it.
pub type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens a connection. The caller bounds the time; `until` is that bound, for sharing it out among several addresses.
///
/// # Errors
///
/// The step that failed.
pub async fn dial(
    endpoint: &Endpoint,
    settings: &config::Downstream,
    tls: Option<Arc<ClientConfig>>,
    until: Instant,
) -> Result<(Sender, Driver), DialError> {
    let tcp = connect(endpoint, until).await?;
    let Some(tls) = tls else {
        return handshake(settings, tcp).await;
    };
    let Some(name) = endpoint.server_name.clone() else {
        return Err(DialError::Tls("no name to ask for".to_owned()));
    };
    let connecting = TlsConnector::from(tls).connect(name, tcp);
    let tls = connecting.await.map_err(|error| refused(&error))?;
    if settings.protocol == Protocol::Http2 && !speaks_http2(&tls) {
        return Err(DialError::NotHttp2);
    }
    handshake(settings, tls).await
}

/// Tries the addresses of the name in turn.
async fn connect(endpoint: &Endpoint, until: Instant) -> Result<TcpStream, DialError> {
    let addresses = endpoint.name.addresses().await?;
    let mut last = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = (addresses.len() - tried) as u32;
        let connecting = TcpStream::connect(address);
        let result = if left == 1 {
            connecting.await
        } else {
            // An address that does not answer must leave time for the others.
            let now = Instant::now();
            let share = now + until.saturating_duration_since(now) / left;
            timeout_at(share, connecting)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        match result {
            Ok(stream) => {
                // A call is one small write; waiting for more to send would only delay it.
                stream.set_nodelay(true).map_err(DialError::Connect)?;
                return Ok(stream);
            }
            Err(error) => {
                endpoint.name.failed(*address);
                last = Some(error);
            }
        }
    }
    Err(DialError::Connect(last.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "the name has no address")
    })))
}

async fn handshake<T>(settings: &config::Downstream, io: T) -> Result<(Sender, Driver), DialError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    match settings.protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::handshake(io).await.map_err(DialError::Http)?;
            let driver = async { drop(connection.await) };
            Ok((Sender::Http1(sender), Box::pin(driver)))
        }
        Protocol::Http2 => {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(settings.connections.idle_timeout)
                .handshake(io)
                .await
                .map_err(DialError::Http)?;
            let driver = async { drop(connection.await) };
            Ok((Sender::Http2(sender), Box::pin(driver)))
        }
    }
}

fn speaks_http2(tls: &TlsStream<TcpStream>) -> bool {
    tls.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Says what went wrong in TLS. The library's own words may hold names of hosts.
fn refused(error: &io::Error) -> DialError {
    let what = match fault(error) {
        Some(fault) => explain(fault),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the service closed the connection".to_owned()
        }
        None => error.to_string(),
    };
    DialError::Tls(what)
}

/// Whether it is TLS that reported this error of a connection. HTTP/2 keeps only the words.
pub fn of_tls(error: &io::Error) -> bool {
    fault(error).is_some() || alert(error).is_some()
}

/// Whether the service says that it does not want to talk to us. In TLS 1.3 it says so only after the handshake has ended
/// on our side (RFC 8446 section 4.4.2.4), but before it looks at a request.
pub fn refusal(error: &io::Error) -> Option<DialError> {
    let alert = alert(error)?;
    let known = REFUSALS
        .iter()
        .find(|known| format!("{known:?}") == alert)?;
    Some(DialError::Tls(explain(&Fault::AlertReceived(*known))))
}

/// What a service that does not accept us as its client sends (RFC 8446 section 6.2).
const REFUSALS: [AlertDescription; 9] = [
    AlertDescription::AccessDenied,
    AlertDescription::BadCertificate,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRequired,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    // A certificate of another authority with the name of one that the service trusts.
    AlertDescription::DecryptError,
    AlertDescription::UnknownCA,
    AlertDescription::UnsupportedCertificate,
];

/// The name of the alert that the service sent.
fn alert(error: &io::Error) -> Option<String> {
    let text = error.to_string();
    let alert = text.strip_prefix("received fatal alert: ")?;
    Some(alert.to_owned())
}

fn fault(error: &io::Error) -> Option<&Fault> {
    error.get_ref()?.downcast_ref()
}

fn explain(fault: &Fault) -> String {
    match fault {
        Fault::InvalidCertificate(wrong) => format!("the service's certificate {}", judge(wrong)),
        Fault::AlertReceived(AlertDescription::CertificateRequired) => {
            "the service wants a certificate of the client".to_owned()
        }
        Fault::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            "the service does not agree to the protocol".to_owned()
        }
        Fault::AlertReceived(alert) => format!("the service refuses: {alert:?}"),
        Fault::InvalidMessage(_) => "the service does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

fn judge(wrong: &CertificateError) -> &'static str {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        // A wrong signature is that of an authority with the name of a trusted one.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is from an authority that is not trusted"
        }
        CertificateError::Revoked => "is revoked",
        _ => "is not valid",
    }
}
