//! One call on the wire: permit, connection, request, head, body, each inside its time limit.
//!
//! Nothing here repeats a call on its own account, with one exception: a pooled connection that the service closed
//! while it lay idle. When nothing was written on it, the call goes out on a fresh connection; so does a GET or HEAD
//! that such a connection broke under before the first byte of an answer (RFC 9110 section 9.2.2).

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::error::{DownstreamError, Phase};
use super::outbound::Outbound;
use super::pool::{Connection, Pool, Sender};
use crate::config::{self, Protocol};

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All fields as they came.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// The limits of one call.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// When the call began.
    pub started: Instant,
    /// When it must have ended.
    pub end: Instant,
    /// Most bytes of the body.
    pub size: usize,
}

/// Makes the call.
///
/// # Errors
///
/// What went wrong, and whether anything was sent.
pub async fn call(
    pool: &Pool,
    settings: &config::Downstream,
    outbound: Outbound,
    bounds: Bounds,
) -> Result<Answer, DownstreamError> {
    let late = |phase| timeout(settings, phase, bounds.started.elapsed());
    let _permit = timeout_at(bounds.end, pool.permit(settings.bulkhead.max_queued))
        .await
        .map_err(|_| late(Phase::Queue))?
        .map_err(|full| DownstreamError::Overloaded {
            service: settings.name.clone(),
            waiting: full.waiting,
        })?;

    let idempotent = matches!(outbound.method, Method::GET | Method::HEAD);
    let mut again = idempotent.then(|| outbound.clone());
    let mut request = request(settings, outbound);
    let mut kept = pool.reuse(settings);
    loop {
        // After a kept connection that was dead, the others are likely dead too, and a repetition must not meet a second one.
        let mut connection = match kept.take() {
            Some(connection) => connection,
            // Boxed, because it is rare and large: a future is as large as all that it may ever do, and is moved about.
            None => Box::pin(connect(pool, settings, bounds)).await?,
        };
        let reused = connection.reused;
        let until = bounds
            .end
            .min(Instant::now() + settings.timeouts.first_byte);
        let sent = timeout_at(until, connection.send(request))
            .await
            .map_err(|_| late(Phase::FirstByte))?;
        match sent {
            Ok(response) => {
                let answer = read(settings, response, bounds).await?;
                pool.give_back(connection);
                return Ok(answer);
            }
            Err(Broken {
                unsent: Some(unsent),
                ..
            }) if reused => request = *unsent,
            Err(Broken {
                unsent: None,
                error,
            }) if reused && closed_early(&error) && again.is_some() => match again.take() {
                Some(outbound) => request = self::request(settings, outbound),
                None => return Err(failed(settings, true, error)),
            },
            Err(Broken { unsent, error }) => {
                return Err(failed(settings, unsent.is_none(), error));
            }
        }
    }
}

async fn connect(
    pool: &Pool,
    settings: &config::Downstream,
    bounds: Bounds,
) -> Result<Connection, DownstreamError> {
    let until = bounds.end.min(Instant::now() + settings.timeouts.connect);
    timeout_at(until, pool.connect(settings))
        .await
        .map_err(|_| timeout(settings, Phase::Connect, bounds.started.elapsed()))?
        .map_err(|source| DownstreamError::Unreachable {
            service: settings.name.clone(),
            source,
        })
}

/// Reads the body to its end, and no further than the cap.
async fn read(
    settings: &config::Downstream,
    response: http::Response<Incoming>,
    bounds: Bounds,
) -> Result<Answer, DownstreamError> {
    let too_large = || DownstreamError::TooLarge {
        service: settings.name.clone(),
        limit: bounds.size,
    };
    let (parts, body) = response.into_parts();
    // A length that is announced is refused before the first byte of it is read.
    if body.size_hint().lower() > bounds.size as u64 {
        return Err(too_large());
    }
    let body = timeout_at(bounds.end, Limited::new(body, bounds.size).collect())
        .await
        .map_err(|_| timeout(settings, Phase::Body, bounds.started.elapsed()))?
        .map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => failed(settings, true, *error),
            Err(_) => too_large(),
        })?
        .to_bytes();
    Ok(Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

/// A request that got no answer.
struct Broken {
    /// The request, when nothing of it was written.
    unsent: Option<Box<Request<Full<Bytes>>>>,
    error: hyper::Error,
}

impl Connection {
    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, Broken> {
        let result = match &mut self.sender {
            Sender::Http1(sender) => {
                // A connection from the pool was put there when its last answer had been read, perhaps a moment
                // before hyper's own task saw that.
                if let Err(error) = sender.ready().await {
                    return Err(Broken {
                        unsent: Some(Box::new(request)),
                        error,
                    });
                }
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => sender.try_send_request(request).await,
        };
        result.map_err(|mut error| Broken {
            unsent: error.take_message().map(Box::new),
            error: error.into_error(),
        })
    }
}

/// Whether the connection ended before there was an answer. What the service closed a moment ago ends in a reset as soon
/// as something is sent to it.
fn closed_early(error: &hyper::Error) -> bool {
    error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || matches!(
            io_kind(error),
            Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe)
        )
}

/// Whether the service sent something that is no HTTP. hyper reports a bad head as such, a bad chunk of a body as bad input
/// of the connection, and what is no HTTP/2 as a fault that its own side detected.
fn not_http(error: &hyper::Error) -> bool {
    let http2 = error.source().and_then(|source| source.downcast_ref());
    error.is_parse()
        || http2.is_some_and(h2::Error::is_library)
        || matches!(
            io_kind(error),
            Some(ErrorKind::InvalidInput | ErrorKind::InvalidData)
        )
}

fn io_kind(error: &hyper::Error) -> Option<ErrorKind> {
    let source = error.source()?.downcast_ref::<std::io::Error>()?;
    Some(source.kind())
}

fn request(settings: &config::Downstream, outbound: Outbound) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(outbound.body));
    *request.method_mut() = outbound.method;
    *request.headers_mut() = outbound.headers;
    match settings.protocol {
        Protocol::Http1 => {
            request
                .headers_mut()
                .insert(http::header::HOST, settings.endpoints[0].authority.clone());
            *request.uri_mut() = outbound.target;
        }
        Protocol::Http2 => {
            // HTTP/2 carries the authority in the target (RFC 9113 section 8.3.1).
            *request.version_mut() = http::Version::HTTP_2;
            let mut parts = outbound.target.into_parts();
            parts.scheme = Some(http::uri::Scheme::HTTP);
            parts.authority = settings.endpoints[0].authority.as_bytes().try_into().ok();
            *request.uri_mut() = http::Uri::from_parts(parts).unwrap_or_default();
        }
    }
    request
}

fn timeout(settings: &config::Downstream, phase: Phase, after: Duration) -> DownstreamError {
    DownstreamError::Timeout {
        service: settings.name.clone(),
        phase,
        after,
    }
}

fn failed(settings: &config::Downstream, sent: bool, source: hyper::Error) -> DownstreamError {
    let service = settings.name.clone();
    if not_http(&source) {
        let cause = source.source().map(|cause| format!(": {cause}"));
        let cause = cause.unwrap_or_default();
        DownstreamError::Malformed {
            service,
            what: format!("the answer is not HTTP: {source}{cause}"),
        }
    } else {
        DownstreamError::Interrupted {
            service,
            sent,
            source: source.into(),
        }
    }
}
