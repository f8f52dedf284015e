//! Fetches tokens over a transport of its own, with the limits of a service without settings.

use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use tokio::time::Instant;

use super::error::ServiceError;
use crate::config::{self, Downstream, Endpoint, Timeouts, Tls};
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::policy::credentials::{Credentials, Fetch};
use crate::downstream::request::ServiceRequest;
use crate::downstream::transport::{Bounds, Course, TlsError, Transport};

/// The largest answer of a token endpoint, bytes.
const MAX_ANSWER: usize = 64 << 10;

/// The host's credentials for a service, and the transport of its tokens.
#[derive(Clone, Default)]
pub(super) struct ServiceCredentials {
    pub(super) of_service: Option<Arc<Credentials>>,
    tokens: Option<Arc<Transport>>,
}

impl ServiceCredentials {
    /// Prepares the credentials of a service.
    ///
    /// # Errors
    ///
    /// When a secret or a certificate cannot be used.
    pub(super) fn new(settings: &Downstream) -> Result<Self, ServiceError> {
        let Some(kind) = &settings.credentials else {
            return Ok(Self::default());
        };
        let tokens = match kind {
            config::Credentials::OAuth2(oauth2) => {
                transport(settings, oauth2).map_err(|source| ServiceError::Tls {
                    service: settings.name.clone(),
                    source: Box::new(source),
                })?
            }
            config::Credentials::Header { .. } => None,
        };
        let variable = |name: &str| std::env::var(name).ok();
        Credentials::new(&settings.name, kind, variable, fetch(tokens.clone()))
            .map(|credentials| Self {
                of_service: Some(credentials),
                tokens,
            })
            .map_err(|source| ServiceError::Credentials {
                service: settings.name.clone(),
                source,
            })
    }

    /// Maintains the connections to the token endpoint.
    pub(super) fn tick(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.tick(0);
        }
    }
}

/// `None` for a URL that names no host, which [`Credentials::new`] reports.
fn transport(
    service: &Downstream,
    oauth2: &config::OAuth2,
) -> Result<Option<Arc<Transport>>, TlsError> {
    let Some((endpoint, secure)) = endpoint(&oauth2.token_url) else {
        return Ok(None);
    };
    let mut settings = Downstream {
        name: service.name.clone(),
        endpoints: vec![endpoint],
        tls: secure.then_some(Tls {
            ca_file: oauth2.ca_file.clone(),
            client: None,
            server_name: None,
        }),
        ..Downstream::with_defaults(&service.name)
    };
    settings.policy.timeouts = Timeouts {
        connect: oauth2.timeout,
        first_byte: oauth2.timeout,
        between_bytes: oauth2.timeout,
        queue: oauth2.timeout,
        total: oauth2.timeout,
    };
    Ok(Some(Arc::new(Transport::new(&settings, 1, None)?)))
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

fn fetch(transport: Option<Arc<Transport>>) -> Fetch {
    Arc::new(move |request| {
        let transport = transport.clone();
        Box::pin(async move {
            let transport = transport.ok_or("the address names no host")?;
            #[expect(
                clippy::disallowed_methods,
                reason = "a token that is on its way serves all calls, whichever of them goes; there is one at a time"
            )]
            let task = tokio::spawn(async move { ask(&transport, request).await });
            task.await.unwrap_or_else(|error| Err(error.to_string()))
        })
    })
}

async fn ask(transport: &Transport, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
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
    let timeouts = transport.timeouts();
    let bounds = Bounds {
        started: now,
        end: &SharedDeadline::new(now + timeouts.total),
        queue: timeouts.queue,
        first_byte: timeouts.first_byte,
        timeouts,
        size: MAX_ANSWER,
    };
    let answer = transport
        .attempt(0, &request, bounds, &Course::default())
        .await
        .result;
    let answer = answer.map_err(|error| error.to_string())?;
    let mut response = Response::new(answer.body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}
