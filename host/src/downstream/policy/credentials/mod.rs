//! Credentials: what the host proves itself to a service with. No guest ever sees them.
//!
//! A field with a fixed value ([`secret`]), or a token ([`tokens`]) of an authorization server
//! ([`oauth2`]). Either is one value that is
//! ready to be sent, read without a lock by each call and replaced as a whole. Values are marked as sensitive, which keeps them
//! out of `Debug` and out of HPACK's tables; errors, `Debug` and logs of this module hold none of them.

mod oauth2;
mod secret;
mod tokens;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;
use tokio::time::Instant;

use self::oauth2::Client;
use crate::config;
use secret::Held;
use tokens::Tokens;

/// Makes a request to a token endpoint and gives the whole answer, or says in words that hold no secret why there is none.
///
/// What it returns is polled by the calls that need a token. When a token is renewed ahead of its expiry nobody waits, and it is
/// polled once by a call now and then. So it should go on by itself once it was polled first (as a task of the worker does), and
/// must not lose an answer that came between two polls. It is given up after 10 seconds.
pub type Fetch = Arc<
    dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, String>>
        + Send
        + Sync,
>;

/// Why there are no credentials. Holds neither secrets nor what a token endpoint said, but names files and addresses,
/// so that the words are for the operator and not for guests.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// A variable of the environment is missing or no text.
    #[error("environment variable {0:?}: not set, or not text")]
    Variable(String),
    /// A secret is empty.
    #[error("{0}: empty")]
    Empty(String),
    /// A secret holds what no header field can: more than one line, or characters other than visible ASCII and spaces.
    #[error("{0}: holds a line break, a control or a non-ASCII character")]
    Illegal(String),
    /// A file can't be read.
    #[error("file {path:?}: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A token endpoint's address is none.
    #[error("token endpoint: not an absolute URL")]
    TokenUrl,
    /// The token endpoint gave no answer.
    #[error("token endpoint: no answer: {0}")]
    TokenFetch(String),
    /// The token endpoint answered with a status that RFC 6749 does not know.
    #[error("token endpoint: answered with status {0}")]
    TokenStatus(u16),
    /// The token endpoint refuses to give a token (RFC 6749 section 5.2).
    #[error("token endpoint: refused with {0}")]
    TokenRefused(&'static str),
    /// The token endpoint's answer is not one of RFC 6749 section 5.1 with a bearer token (RFC 6750).
    #[error("token endpoint: the answer holds no bearer token")]
    TokenMalformed,
}

/// Which credentials a call had, for [`Credentials::refused`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used(u64);

/// The credentials of one service, shared by all calls to it and all workers.
#[derive(Debug)]
pub struct Credentials(Kind);

#[derive(Debug)]
enum Kind {
    Header { name: HeaderName, value: Arc<Held> },
    OAuth2(Tokens),
}

impl Credentials {
    /// Reads what is there; a token is not fetched before the first call.
    ///
    /// `service` names the service in logs. `variable` reads the environment, `fetch` is used for token endpoints only.
    ///
    /// # Errors
    ///
    /// A secret can't be read, is empty or can't be sent, or a token endpoint's address is none.
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
                value: Arc::new(Held::new(service, secret, prefix, variable)?),
            },
            config::Credentials::OAuth2 {
                token_url,
                client_id,
                client_secret,
                scopes,
                // The certificates concern the connections that `fetch` makes.
                ca_file: _,
            } => {
                let secret = Held::new(service, client_secret, "", variable)?;
                let client = Client::new(token_url, client_id, secret, scopes, fetch)?;
                Kind::OAuth2(Tokens::new(service, client))
            }
        };
        Ok(Arc::new(Self(kind)))
    }

    /// Sets the field that proves who the host is, in place of any that is there.
    ///
    /// Waits only when there is no token that holds; the caller bounds that by its own deadline, and may hang up.
    ///
    /// # Errors
    ///
    /// There is no token, and the token endpoint gives none. After a failure it is asked again no sooner than a backoff allows,
    /// and calls before that fail at once.
    pub async fn apply(&self, headers: &mut HeaderMap) -> Result<Used, CredentialsError> {
        let now = Instant::now();
        match &self.0 {
            Kind::Header { name, value } => {
                if value.is_due(now) {
                    // Nobody waits: this call goes on with the value that was good a second ago.
                    drop(value.look());
                }
                let current = value.current();
                headers.insert(name, current.header.clone());
                Ok(Used(current.version))
            }
            Kind::OAuth2(tokens) => {
                if let Some(used) = tokens.apply_current(headers, now) {
                    return Ok(used);
                }
                tokens.apply_fetched(headers, now).await
            }
        }
    }

    /// Takes note that a service answered 401 to a call with these credentials, and renews them: a file is looked at again
    /// (once a second at most), a token fetched (once in 10 seconds at most). Other calls go on with what there is meanwhile.
    ///
    /// Returns whether a further attempt makes sense, because there are other credentials now than the call had. The caller
    /// bounds the wait by its own deadline.
    pub async fn refused(&self, used: Used) -> bool {
        let now = Instant::now();
        match &self.0 {
            Kind::Header { value, .. } => {
                if value.current().version == used.0 && value.is_due(now) {
                    // A look that ended early changed nothing, which the next line sees.
                    let _ = value.look().await;
                }
                value.current().version != used.0
            }
            Kind::OAuth2(tokens) => tokens.refused(used, now).await,
        }
    }
}

/// A text as a field value that is shown nowhere; `None` if it holds anything but visible ASCII, spaces and tabs.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    // Bytes past ASCII are legal in a field, but every program reads them in its own way.
    value.to_str().ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
