//! A new connection: the addresses of the name in turn, TLS where it is spoken, and the start of HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::changed::Changed;
use super::endpoint::Endpoint;
use super::error::{DialError, WireError, refused};
use super::host_failures::of_host;
use super::http2;
use super::interim::Counted;
use super::socket::Socket;
use crate::config::{self, Protocol};

/// What hyper reads at once, bytes, unless it is told otherwise.
const READ_BUFFER: usize = 408 << 10;

/// What sends on a connection.
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// A place for one call on a connection that several share.
    Http2(http2::Stream),
}

impl Sender {
    /// The call timed out: perhaps the service is not there any more.
    pub fn doubt(&self) {
        if let Self::Http2(stream) = self {
            stream.doubt();
        }
    }

    /// What an error of the exchange means for its call.
    pub fn explain(&self, error: WireError) -> WireError {
        match (self, error) {
            (Self::Http2(stream), WireError::Http2(error)) => stream.explain(error),
            (_, error) => error,
        }
    }
}

/// What moves the bytes of a connection, until it ends. How it ended is told to whoever waits for an answer on it.
pub type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens a connection. The caller bounds the time; `until` is that bound, for sharing it out among several addresses.
/// An HTTP/2 connection tells `changed` when it has room for a call, or more.
///
/// # Errors
///
/// The step that failed.
pub async fn dial(
    endpoint: &Endpoint,
    settings: &config::Downstream,
    tls: Option<Arc<ClientConfig>>,
    until: Instant,
    changed: Arc<Changed>,
) -> Result<(Sender, Driver), DialError> {
    let socket = connect(endpoint, until).await?;
    let Some(tls) = tls else {
        return handshake(settings, socket, changed).await;
    };
    let Some(name) = endpoint.server_name.clone() else {
        return Err(DialError::Tls("no name to ask for".to_owned()));
    };
    let connecting = TlsConnector::from(tls).connect(name, socket);
    let tls = connecting.await.map_err(|error| match of_host(&error) {
        true => DialError::Connect(error),
        false => refused(&error),
    })?;
    if settings.protocol == Protocol::Http2 && !speaks_http2(&tls) {
        return Err(DialError::NotHttp2);
    }
    handshake(settings, tls, changed).await
}

/// Tries the addresses of the name in turn.
async fn connect(endpoint: &Endpoint, until: Instant) -> Result<Socket, DialError> {
    let addresses = endpoint.name.addresses().await?;
    let mut last = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = (addresses.len() - tried) as u32;
        let connecting = Socket::open(address);
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
            Ok(socket) => return Ok(socket),
            // Says nothing of the address, and less than what another address said.
            Err(error) if of_host(&error) => last = last.or(Some(error)),
            Err(error) => {
                endpoint.name.failed(address);
                last = Some(error);
            }
        }
    }
    Err(DialError::Connect(last.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "the name has no address")
    })))
}

async fn handshake<T>(
    settings: &config::Downstream,
    io: T,
    changed: Arc<Changed>,
) -> Result<(Sender, Driver), DialError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limit = settings.max_interim_responses;
    let io = Counted::new(io, settings.protocol, limit);
    match settings.protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::Builder::new()
                .max_header_size(settings.max_header_size)
                // A head has to fit into it.
                .max_buf_size(settings.max_header_size.max(READ_BUFFER))
                .handshake(TokioIo::new(io))
                .await
                .map_err(WireError::Http1)?;
            let driver = async { drop(connection.await) };
            Ok((Sender::Http1(sender), Box::pin(driver)))
        }
        Protocol::Http2 => {
            let (driver, stream) = http2::handshake(io, settings, changed).await?;
            Ok((Sender::Http2(stream), Box::pin(driver)))
        }
    }
}

fn speaks_http2(tls: &TlsStream<Socket>) -> bool {
    tls.get_ref().1.alpn_protocol() == Some(b"h2")
}
