//! A request and the head of its response on an open connection.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;

use super::dial::Sender;
use super::endpoint::Endpoint;
use crate::config::{self, Protocol};
use crate::downstream::request::{ServiceRequest, tell_time_left};

/// The request as it goes to an endpoint, whose answer has so much time left.
pub fn request(
    settings: &config::Downstream,
    endpoint: &Endpoint,
    ours: &ServiceRequest,
    left: Duration,
) -> Request<Full<Bytes>> {
    let authority = &endpoint.authority;
    let mut request = Request::new(Full::new(ours.body.clone()));
    *request.method_mut() = ours.method.clone();
    *request.headers_mut() = ours.headers.clone();
    tell_time_left(request.headers_mut(), left);
    match settings.protocol {
        Protocol::Http1 => {
            let headers = request.headers_mut();
            headers.insert(http::header::HOST, authority.clone());
            *request.uri_mut() = ours.target.clone();
        }
        Protocol::Http2 => {
            // HTTP/2 carries the authority in the target (RFC 9113 section 8.3.1).
            *request.version_mut() = http::Version::HTTP_2;
            let mut parts = ours.target.clone().into_parts();
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
