//! A request and the head of its response on an open connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;

use super::endpoint::Endpoint;
use super::error::WireError;
use super::sender::Sender;
use super::trailers;
use crate::config::{self, Protocol};
use crate::downstream::request::{ServiceRequest, set_time_left};

/// Requests an uncoded body. Ranges count in the decoded body.
const PLAIN: HeaderValue = HeaderValue::from_static("identity");

/// The request for an endpoint, with the time that is left for its answer.
pub fn request(
    settings: &config::Downstream,
    endpoint: &Endpoint,
    ours: &ServiceRequest,
    left: Duration,
) -> Request<Bytes> {
    let authority = &endpoint.authority;
    let mut request = Request::new(ours.body.clone());
    *request.method_mut() = ours.method.clone();
    *request.headers_mut() = ours.headers.clone();
    set_time_left(request.headers_mut(), left);
    let codings = match ours.headers.contains_key(RANGE) {
        true => PLAIN,
        false => settings.accept_encoding.clone(),
    };
    request.headers_mut().insert(ACCEPT_ENCODING, codings);
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
    /// Whether nothing of it was written, or the service says that it did not process it.
    pub unsent: bool,
    /// What broke.
    pub error: WireError,
}

/// The body of an answer, which comes in parts.
pub enum Body {
    /// Of a connection of its own.
    Http1(Incoming),
    /// Of a stream.
    Http2(RecvStream),
}

impl Body {
    /// Its length, or less.
    pub fn announced(&self, headers: &HeaderMap) -> u64 {
        let length = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        match self {
            Self::Http1(body) => body.size_hint().lower(),
            // The length in an answer to HEAD is that of a GET's body.
            Self::Http2(body) if body.is_end_stream() => 0,
            Self::Http2(_) => length().unwrap_or(0),
        }
    }

    /// Whether only the end of the connection ends it (RFC 9112 section 6.3).
    pub fn ends_with_connection(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Http1(body) => {
                !body.is_end_stream()
                    && body.size_hint().exact().is_none()
                    && !headers.contains_key(TRANSFER_ENCODING)
            }
            Self::Http2(_) => false,
        }
    }

    /// Whether nothing more comes.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    /// The next part. Trailers go into `head`, as far as they are passed on.
    pub fn poll_part(
        &mut self,
        context: &mut Context<'_>,
        head: &mut HeaderMap,
        max_head: usize,
    ) -> Poll<Option<Result<Bytes, WireError>>> {
        match self {
            Self::Http1(body) => loop {
                let Some(frame) = ready!(Pin::new(&mut *body).poll_frame(context)) else {
                    return Poll::Ready(None);
                };
                match frame.map_err(WireError::Http1)?.into_data() {
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(other) => {
                        if let Some(trailers) = other.trailers_ref() {
                            trailers::add(head, trailers, max_head)?;
                        }
                    }
                }
            },
            Self::Http2(body) => {
                let part = ready!(body.poll_data(context));
                if let Some(Ok(data)) = &part {
                    // It is read as soon as it comes, and counts against a limit of its own.
                    let _ = body.flow_control().release_capacity(data.len());
                }
                if part.is_none()
                    && let Some(trailers) =
                        ready!(body.poll_trailers(context)).map_err(WireError::Http2)?
                {
                    trailers::add(head, &trailers, max_head)?;
                }
                Poll::Ready(part.map(|data| data.map_err(WireError::Http2)))
            }
        }
    }
}

/// Sends a request and waits for the head of its answer. With HTTP/2, no more than `max_head` bytes
/// of that are taken.
///
/// # Errors
///
/// When the connection breaks.
pub async fn send(
    sender: &mut Sender,
    request: Request<Bytes>,
    max_head: usize,
) -> Result<Response<Body>, Broken> {
    match sender {
        Sender::Http1(sender) => {
            // A connection enters the pool when its last answer was read, perhaps a moment before
            // hyper's own task sees that.
            if let Err(error) = sender.ready().await {
                return Err(Broken {
                    unsent: true,
                    error: WireError::Http1(error),
                });
            }
            let sent = sender.try_send_request(request.map(Full::new)).await;
            sent.map(|response| response.map(Body::Http1))
                .map_err(|mut error| Broken {
                    unsent: error.take_message().is_some(),
                    error: WireError::Http1(error.into_error()),
                })
        }
        Sender::Http2(stream) => {
            let (head, body) = request.into_parts();
            let sent = stream.send(Request::from_parts(head, ()), body, max_head);
            sent.await
                .map(|response| response.map(Body::Http2))
                .map_err(|error| Broken {
                    unsent: error.is_unprocessed(),
                    error,
                })
        }
    }
}
