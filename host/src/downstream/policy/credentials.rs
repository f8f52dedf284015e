//! Credentials that the host sends to a service. No guest ever sees them.
//!
//! A field with a fixed value ([`secret`]), or a token ([`tokens`]) of an authorization server
//! ([`oauth2`]). Either is one value that is ready to be sent, read without a lock by each call and
//! replaced as a whole. Values are marked as sensitive, which keeps them out of `Debug` and out of
//! HPACK's tables; errors, `Debug` and logs of this module hold none of them.

mod oauth2;
mod secret;
mod tokens;
mod types;

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use tokio::time::Instant;

use self::oauth2::Client;
use crate::config;
use secret::LiveSecret;
use tokens::Tokens;

pub use types::{CredentialsError, Fetch, UsedCredentials};

/// The credentials of one service, shared by all calls to it and all workers.
#[derive(Debug)]
pub struct Credentials(Kind);

#[derive(Debug)]
enum Kind {
    Header {
        name: HeaderName,
        value: Arc<LiveSecret>,
    },
    OAuth2(Box<Tokens>),
}

impl Credentials {
    /// Reads secrets; a token is not fetched before the first call.
    ///
    /// `service` names the service in logs. `variable` reads the environment, `fetch` is used for
    /// token endpoints only.
    ///
    /// # Errors
    ///
    /// A secret cannot be read, is empty or cannot be sent, or a token endpoint's address is not a
    /// URL.
    pub fn new(
        service: &str,
        settings: &config::Credentials,
        variable: impl Fn(&str) -> Option<String>,
        fetch: Fetch,
    ) -> Result<Arc<Self>, CredentialsError> {
        let kind = match settings {
            config::Credentials::Header {
                name,
                prefix,
                secret,
            } => Kind::Header {
                name: name.clone(),
                value: Arc::new(LiveSecret::new(service, secret, prefix, variable)?),
            },
            config::Credentials::OAuth2(oauth2) => {
                let secret = LiveSecret::new(service, &oauth2.client_secret, "", variable)?;
                let client = Client::new(oauth2, secret, fetch)?;
                Kind::OAuth2(Box::new(Tokens::new(service, client)))
            }
        };
        Ok(Arc::new(Self(kind)))
    }

    /// Sets the field with the credentials, replacing any other value.
    ///
    /// Waits only without a valid token; the caller bounds that by its own deadline, and may drop
    /// the future.
    ///
    /// # Errors
    ///
    /// There is no token, and the token endpoint gives none. After a failure it is called again no
    /// sooner than a backoff allows, and calls before that fail at once.
    pub async fn apply(
        &self,
        headers: &mut HeaderMap,
    ) -> Result<UsedCredentials, CredentialsError> {
        let now = Instant::now();
        match &self.0 {
            Kind::Header { name, value } => {
                if value.is_due(now) {
                    // No call waits: this one goes on with the value that was good a second ago.
                    drop(value.look());
                }
                let current = value.current();
                headers.insert(name, current.header.clone());
                Ok(UsedCredentials(current.version))
            }
            Kind::OAuth2(tokens) => {
                if let Some(used) = tokens.apply_current(headers, now) {
                    return Ok(used);
                }
                tokens.apply_fetched(headers, now).await
            }
        }
    }

    /// Records that a service answered 401 to a call with these credentials, and renews them: a
    /// file is looked at again (once per second at most), a token fetched (once in 10 seconds at
    /// most). Other calls use the current ones meanwhile.
    ///
    /// Returns whether a further attempt makes sense, because the credentials are newer than those
    /// of the call. The caller bounds the wait by its own deadline.
    pub async fn refused(&self, used: UsedCredentials) -> bool {
        let now = Instant::now();
        match &self.0 {
            Kind::Header { value, .. } => {
                if value.current().version == used.0 && value.is_due(now) {
                    // A cancelled look changed nothing, which the next line detects.
                    let _ = value.look().await;
                }
                value.current().version != used.0
            }
            Kind::OAuth2(tokens) => tokens.refused(used, now).await,
        }
    }
}

#[cfg(test)]
mod tests;
