//! Fetches tokens from an origin of their own.

use std::sync::Arc;

use super::error::ServiceError;
use crate::config::{self, Downstream};
use crate::downstream::origin::{Origin, OriginSettings};
use crate::downstream::policy::credentials::{Credentials, Fetch};
use crate::downstream::transport::TlsError;

/// The largest answer of a token endpoint, bytes.
const MAX_ANSWER: usize = 64 << 10;

/// The host's credentials for a service, and the origin of its tokens.
#[derive(Clone, Default)]
pub(super) struct ServiceCredentials {
    pub(super) of_service: Option<Arc<Credentials>>,
    tokens: Option<Origin>,
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
                origin(settings, oauth2).map_err(|source| ServiceError::Tls {
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
            tokens.tick();
        }
    }
}

/// `None` for a URL that names no host, which [`Credentials::new`] reports.
fn origin(service: &Downstream, oauth2: &config::OAuth2) -> Result<Option<Origin>, TlsError> {
    Origin::new(OriginSettings {
        name: &service.name,
        url: &oauth2.token_url,
        ca_file: oauth2.ca_file.clone(),
        timeout: oauth2.timeout,
        max_answer: MAX_ANSWER,
    })
}

fn fetch(origin: Option<Origin>) -> Fetch {
    Arc::new(move |request| {
        let origin = origin.clone();
        Box::pin(async move {
            let origin = origin.ok_or("the address names no host")?;
            #[expect(
                clippy::disallowed_methods,
                reason = "a token that is on its way serves all calls, whichever of them goes; there is one at a time"
            )]
            let task = tokio::spawn(async move { origin.ask(request).await });
            task.await.unwrap_or_else(|error| Err(error.to_string()))
        })
    })
}
