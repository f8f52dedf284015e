//! One token of an authorization server: client credentials (RFC 6749 section 4.4), bearer (RFC
//! 6750).
//!
//! The server's error texts reach neither errors nor logs: it may repeat the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use ::oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenType};
use ::oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, RequestTokenError, Scope, StandardErrorResponse, TokenResponse, TokenUrl,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::time::timeout;

use super::secret::LiveSecret;
use super::types::{CredentialsError, Fetch, sensitive};
use crate::config::{self, ClientAuthentication};

/// Lifetime of a token whose answer has none, which RFC 6749 section 5.1 leaves open.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// The minimum lifetime of a token. A server with a shorter one would be called for each call.
const MIN_LIFETIME: Duration = Duration::from_secs(1);

/// A token is renewed at least this often, whatever its answer says.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The host's client at a token endpoint.
pub(super) struct Client {
    client:
        BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
    secret: Arc<LiveSecret>,
    scopes: Vec<Scope>,
    /// Sent unchanged: `audience` and the operator's parameters.
    parameters: Vec<(String, String)>,
    timeout: Duration,
    fetch: Fetch,
}

/// A granted token.
#[derive(Clone)]
pub(super) struct Grant {
    /// `Bearer` and the token, marked as sensitive.
    pub header: HeaderValue,
    /// Its lifetime, from the time of its request.
    pub lifetime: Duration,
}

/// A [`Fetch`] in the form of the crate. It keeps the status, which the crate's errors lack.
struct Transport {
    fetch: Fetch,
    status: Arc<AtomicU16>,
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = CredentialsError;
    type Future = BoxFuture<'static, Result<HttpResponse, CredentialsError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = (self.fetch)(request.map(Bytes::from));
        let status = self.status.clone();
        Box::pin(async move {
            let answer = answer.await.map_err(CredentialsError::TokenFetch)?;
            status.store(answer.status().as_u16(), Ordering::Relaxed);
            Ok(answer.map(Vec::from))
        })
    }
}

type Refusal = StandardErrorResponse<BasicErrorResponseType>;

impl Client {
    pub(super) fn new(
        settings: &config::OAuth2,
        secret: LiveSecret,
        fetch: Fetch,
    ) -> Result<Self, CredentialsError> {
        let token_url =
            TokenUrl::new(settings.token_url.clone()).map_err(|_| CredentialsError::TokenUrl)?;
        let authentication = match settings.authentication {
            ClientAuthentication::Basic => AuthType::BasicAuth,
            ClientAuthentication::Post => AuthType::RequestBody,
        };
        let audience = settings.audience.iter();
        let audience = audience.map(|audience| ("audience".to_owned(), audience.clone()));
        Ok(Self {
            client: BasicClient::new(ClientId::new(settings.client_id.clone()))
                .set_token_uri(token_url)
                .set_auth_type(authentication),
            secret: Arc::new(secret),
            scopes: settings.scopes.iter().cloned().map(Scope::new).collect(),
            parameters: audience.chain(settings.parameters.clone()).collect(),
            timeout: settings.timeout,
            fetch,
        })
    }

    /// Time limit for a whole answer. A waiting call has its own deadline.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks for a token once.
    pub(super) async fn grant(self: Arc<Self>) -> Result<Grant, CredentialsError> {
        timeout(self.timeout, self.ask())
            .await
            .unwrap_or_else(|_| Err(CredentialsError::TokenFetch("timed out".to_owned())))
    }

    async fn ask(&self) -> Result<Grant, CredentialsError> {
        // A token is requested rarely, and a refused secret is replaced in its file.
        if self.secret.can_change() {
            // While the file does not answer, the last good secret is used.
            let _ = timeout(self.timeout / 4, self.secret.look()).await;
        }
        let secret = self.secret.current().header.to_str().map(str::to_owned);
        let secret = secret.map_err(|_| CredentialsError::Illegal("client secret".to_owned()))?;
        let client = self
            .client
            .clone()
            .set_client_secret(ClientSecret::new(secret));
        let http = Transport {
            fetch: self.fetch.clone(),
            status: Arc::default(),
        };
        let mut request = client
            .exchange_client_credentials()
            .add_scopes(self.scopes.iter().cloned());
        for (name, value) in &self.parameters {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        let answer = request
            .request_async(&http)
            .await
            .map_err(|error| failure(error, http.status.load(Ordering::Relaxed)))?;
        // A client must not use a token of a type that it does not understand (RFC 6749 section
        // 7.1).
        let token = answer.access_token().secret();
        if *answer.token_type() != BasicTokenType::Bearer || token.is_empty() {
            return Err(CredentialsError::TokenMalformed);
        }
        let header =
            sensitive(&format!("Bearer {token}")).ok_or(CredentialsError::TokenMalformed)?;
        let lifetime = answer.expires_in().unwrap_or(DEFAULT_LIFETIME);
        Ok(Grant {
            header,
            lifetime: lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME),
        })
    }
}

/// The error, without any text of the server.
fn failure(error: RequestTokenError<CredentialsError, Refusal>, status: u16) -> CredentialsError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(refusal) => {
            CredentialsError::TokenRefused(match refusal.error() {
                BasicErrorResponseType::InvalidClient => "invalid_client",
                BasicErrorResponseType::InvalidGrant => "invalid_grant",
                BasicErrorResponseType::InvalidRequest => "invalid_request",
                BasicErrorResponseType::InvalidScope => "invalid_scope",
                BasicErrorResponseType::UnauthorizedClient => "unauthorized_client",
                BasicErrorResponseType::UnsupportedGrantType => "unsupported_grant_type",
                BasicErrorResponseType::Extension(_) => "an error of its own",
            })
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) if status != 200 => {
            CredentialsError::TokenStatus(status)
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            CredentialsError::TokenMalformed
        }
    }
}
