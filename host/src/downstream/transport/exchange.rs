//! A request and an answer on an open connection, and what it means when that breaks.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;

use super::dial::{self, Sender};
use super::endpoint::Endpoint;
use crate::config::{self, Protocol};
use crate::downstream::Outbound;

/// The request as it goes to an endpoint.
pub fn request(
    settings: &config::Downstream,
    endpoint: &Endpoint,
    outbound: &Outbound,
) -> Request<Full<Bytes>> {
    let authority = &endpoint.authority;
    let mut request = Request::new(Full::new(outbound.body.clone()));
    *request.method_mut() = outbound.method.clone();
    *request.headers_mut() = outbound.headers.clone();
    match settings.protocol {
        Protocol::Http1 => {
            let headers = request.headers_mut();
            headers.insert(http::header::HOST, authority.clone());
            *request.uri_mut() = outbound.target.clone();
        }
        Protocol::Http2 => {
            // HTTP/2 carries the authority in the target (RFC 9113 section 8.3.1).
            *request.version_mut() = http::Version::HTTP_2;
            let mut parts = outbound.target.clone().into_parts();
            parts.scheme = Some(match endpoint.server_name {
                None => http::uri::Scheme::HTTP,
                Some(_) => http::uri::Scheme::HTTPS,
            });
            parts.authority = authority.as_bytes().try_into().ok();
            *request.uri_mut() = http::Uri::from_parts(parts).unwrap_or_default();
        }
    }
    request
}

/// A request that got no answer.
pub struct Broken {
    /// Whether nothing of it was written.
    pub unsent: bool,
    /// What broke.
    pub error: hyper::Error,
}

/// Sends a request and waits for the head of its answer.
///
/// # Errors
///
/// When the connection breaks.
pub async fn send(
    sender: &mut Sender,
    request: Request<Full<Bytes>>,
) -> Result<http::Response<Incoming>, Broken> {
    let result = match sender {
        Sender::Http1(sender) => {
            // A connection from the pool was put there when its last answer had been read, perhaps a moment before
            // hyper's own task saw that.
            if let Err(error) = sender.ready().await {
                return Err(Broken {
                    unsent: true,
                    error,
                });
            }
            sender.try_send_request(request).await
        }
        Sender::Http2(sender) => sender.try_send_request(request).await,
    };
    result.map_err(|mut error| Broken {
        unsent: error.take_message().is_some(),
        error: error.into_error(),
    })
}

/// Whether the connection ended before there was an answer. What the service closed a moment ago ends in a reset as soon
/// as something is sent to it, and in TLS without the notice that it should have given (RFC 8446 section 6.1).
pub fn closed_early(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || matches!(
            io_error(error).map(io::Error::kind),
            Some(
                ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
                    | ErrorKind::UnexpectedEof
            )
        )
}

/// Whether the service sent something that is no HTTP. hyper reports a bad head as such, a bad chunk of a body as bad input
/// of the connection, and what is no HTTP/2 as a fault that its own side detected. What TLS reports as bad input is not
/// about HTTP.
pub fn not_http(error: &hyper::Error) -> bool {
    let http2 = error.source().and_then(|source| source.downcast_ref());
    error.is_parse()
        || http2.is_some_and(h2::Error::is_library)
        || io_error(error).is_some_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::InvalidData
            ) && !dial::of_tls(error)
        })
}

/// What the connection itself reported.
pub fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    let source = error.source()?;
    source.downcast_ref().or_else(|| {
        let http2: &h2::Error = source.downcast_ref()?;
        http2.get_io()
    })
}
