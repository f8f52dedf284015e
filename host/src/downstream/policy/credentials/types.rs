//! What the kinds of credentials share.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use thiserror::Error;

/// Makes a request to a token endpoint and returns the whole answer, or an error text without
/// secrets.
///
/// The calls that need a token poll the future. When a token is renewed ahead of its expiry no call
/// waits, and a call polls it once now and then. So it should progress by itself after the first
/// poll (as a task of the worker does), and must not lose an answer between two polls. It is
/// dropped at the operator's timeout.
pub type Fetch = Arc<
    dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, String>>
        + Send
        + Sync,
>;

/// Why there are no credentials. Has neither secrets nor texts of a token endpoint, but names files
/// and addresses: it is for the operator, not for guests.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// A variable of the environment is missing or no text.
    #[error("environment variable {0:?}: not set, or not text")]
    Variable(String),
    /// A secret is empty.
    #[error("{0}: empty")]
    Empty(String),
    /// A secret holds what no header field can: more than one line, or characters other than
    /// visible ASCII and spaces.
    #[error("{0}: holds a line break, a control or a non-ASCII character")]
    Illegal(String),
    /// A file cannot be read.
    #[error("file {path:?}: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A token endpoint's address is not a URL.
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
    /// The token endpoint's answer is not one of RFC 6749 section 5.1 with a bearer token (RFC
    /// 6750).
    #[error("token endpoint: the answer holds no bearer token")]
    TokenMalformed,
}

impl CredentialsError {
    /// What the operator can do, for the log.
    pub(super) fn way_out(&self) -> &'static str {
        match self {
            Self::Variable(_) | Self::Empty(_) | Self::Illegal(_) | Self::File { .. } => {
                "mend the secret; a file is read again when it changes"
            }
            Self::TokenUrl => "write an absolute URL in oauth2-token-url",
            Self::TokenFetch(_) => {
                "see that oauth2-token-url can be reached from here, or raise token-timeout"
            }
            Self::TokenStatus(500..) => "the token endpoint is in trouble; it is asked again",
            Self::TokenStatus(_) | Self::TokenMalformed => {
                "see that oauth2-token-url is the token endpoint, not a page of the same server"
            }
            Self::TokenRefused("invalid_client") => {
                "check client-id, the client secret and client-authentication"
            }
            Self::TokenRefused("invalid_scope") => "check scopes",
            Self::TokenRefused("unauthorized_client" | "unsupported_grant_type") => {
                "allow this client the grant client_credentials at the authorization server"
            }
            Self::TokenRefused(_) => "check scopes, audience and token-parameters",
        }
    }
}

/// Which credentials a call had, for [`Credentials::refused`](super::Credentials::refused).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedCredentials(pub(super) u64);

/// A text as a sensitive field value; `None` if it holds anything but visible ASCII, spaces and
/// tabs.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    // Bytes past ASCII are legal in a field, but programs read them differently.
    value.to_str().ok()?;
    value.set_sensitive(true);
    Some(value)
}
