//! A server that the host itself asks, for no call of a guest: an endpoint for tokens, for example.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use tokio::time::Instant;

use super::deadline::SharedDeadline;
use super::error::Cause;
use super::request::ServiceRequest;
use super::transport::{Bounds, Course, TlsError, Transport};
use crate::config::{Downstream, Endpoint, Timeouts, Tls};

/// How a server is reached that the host itself asks.
pub struct OriginSettings<'a> {
    /// What it is called in logs.
    pub name: &'a str,
    /// Any address on it. Its scheme says whether it is asked over TLS.
    pub url: &'a str,
    /// The authorities that its certificate may be of; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// Time for an answer, from the connection to its last byte.
    pub timeout: Duration,
    /// The largest answer, bytes.
    pub max_answer: usize,
}

/// A server that the host itself asks, over a transport of its own with the limits of a service
/// without settings. Follows no redirects, and sends nothing twice.
#[derive(Clone)]
pub struct Origin {
    transport: Arc<Transport>,
    max_answer: usize,
}

impl Origin {
    /// Prepares the transport, which connects when it is asked first. `None` for an address that
    /// names no host.
    ///
    /// # Errors
    ///
    /// When a certificate cannot be used.
    pub fn new(settings: OriginSettings<'_>) -> Result<Option<Self>, TlsError> {
        let Some((endpoint, secure)) = endpoint(settings.url) else {
            return Ok(None);
        };
        let mut service = Downstream {
            endpoints: vec![endpoint],
            tls: secure.then_some(Tls {
                ca_file: settings.ca_file,
                client: None,
                server_name: None,
            }),
            ..Downstream::with_defaults(settings.name)
        };
        let timeout = settings.timeout;
        service.policy.timeouts = Timeouts {
            connect: timeout,
            first_byte: timeout,
            between_bytes: timeout,
            queue: timeout,
            total: timeout,
        };
        Ok(Some(Self {
            transport: Arc::new(Transport::new(&service, 1, None)?),
            max_answer: settings.max_answer,
        }))
    }

    /// Maintains the connections.
    pub fn tick(&self) {
        self.transport.tick(0);
    }

    /// Asks for one thing. Of the address only path and query are looked at.
    ///
    /// # Errors
    ///
    /// Why there is no whole answer, as text that has nothing of it.
    pub async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let end = Instant::now() + self.transport.timeouts().total;
        let answer = self.ask_within(request, end, self.max_answer).await;
        answer.map_err(|cause| cause.to_string())
    }

    /// The same, until this time at the latest, for an answer of this size in place of the largest.
    ///
    /// # Errors
    ///
    /// Why there is no whole answer.
    pub async fn ask_within(
        &self,
        request: Request<Bytes>,
        end: Instant,
        size: usize,
    ) -> Result<Response<Bytes>, Cause> {
        let (parts, body) = request.into_parts();
        let mut headers = parts.headers;
        headers.remove(HOST);
        let path = parts.uri.path_and_query();
        let request = ServiceRequest {
            method: parts.method,
            target: path.cloned().map(Uri::from).unwrap_or_default(),
            headers,
            body,
        };
        let now = Instant::now();
        let timeouts = self.transport.timeouts();
        let bounds = Bounds {
            started: now,
            end: &SharedDeadline::new(end.min(now + timeouts.total)),
            queue: timeouts.queue,
            first_byte: timeouts.first_byte,
            timeouts,
            size,
        };
        let answer = self
            .transport
            .attempt(0, &request, bounds, &Course::default())
            .await
            .result?;
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

fn endpoint(url: &str) -> Option<(Endpoint, bool)> {
    let url: Uri = url.parse().ok()?;
    let secure = *url.scheme()? == Scheme::HTTPS;
    let authority = url.authority()?;
    let endpoint = Endpoint {
        socket: None,
        srv: false,
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority
            .port_u16()
            .unwrap_or(if secure { 443 } else { 80 }),
        authority: authority.as_str().parse().ok()?,
    };
    Some((endpoint, secure))
}
