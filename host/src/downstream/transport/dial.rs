//! Opens a connection: the socket, TLS for `https`, and the HTTP handshake.

use std::sync::Arc;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::changed::Changed;
use super::endpoint::Endpoint;
use super::error::{DialError, WireError, refused};
use super::host_failures::of_host;
use super::http2;
use super::interim::Counted;
use super::race::Progress;
use super::sender::{Dialed, Driver, Sender};
use super::socket::Socket;
use crate::config::{self, Protocol};

/// The default read size of hyper, bytes.
const READ_BUFFER: usize = 408 << 10;

/// Opens a connection. The caller bounds the time. `identity` is the TLS configuration and its
/// version. An HTTP/2 connection notifies `changed` when it has room for a call, or more.
///
/// # Errors
///
/// The step that failed.
pub async fn dial(
    endpoint: &Endpoint,
    settings: &config::Downstream,
    identity: Option<(Arc<ClientConfig>, u32)>,
    changed: Arc<Changed>,
    progress: &Progress,
) -> Result<Dialed, DialError> {
    progress.connects();
    let socket = Socket::open(&endpoint.address).await;
    let socket = socket.map_err(DialError::Connect)?;
    progress.accepted();
    let Some((tls, identity)) = identity else {
        return handshake(settings, socket, changed, 0).await;
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
    handshake(settings, tls, changed, identity).await
}

async fn handshake<T>(
    settings: &config::Downstream,
    io: T,
    changed: Arc<Changed>,
    identity: u32,
) -> Result<Dialed, DialError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limit = settings.max_interim_responses;
    let io = Counted::new(io, settings.protocol, limit);
    let (sender, driver): (_, Driver) = match settings.protocol {
        Protocol::Http1 => {
            let (sender, connection) = http1::Builder::new()
                .max_header_size(settings.max_header_size)
                // A head has to fit into it.
                .max_buf_size(settings.max_header_size.max(READ_BUFFER))
                .handshake(TokioIo::new(io))
                .await
                .map_err(WireError::Http1)?;
            let driver = async { drop(connection.await) };
            (Sender::Http1(sender), Box::pin(driver))
        }
        Protocol::Http2 => {
            let (driver, stream) = http2::handshake(io, settings, changed).await?;
            (Sender::Http2(stream), Box::pin(driver))
        }
    };
    Ok(Dialed {
        sender,
        driver,
        identity,
    })
}

fn speaks_http2(tls: &TlsStream<Socket>) -> bool {
    tls.get_ref().1.alpn_protocol() == Some(b"h2")
}
