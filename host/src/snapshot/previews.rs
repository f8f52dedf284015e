//! Versions that are not live, for those who have a token.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::config::Config;
use crate::downstream::Services;
use crate::releases::{StoreError, TokenError};

/// A result that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = Result<T, PreviewError>> + Send>>;

/// Finds the versions of previews, and loads them.
pub trait Previews: Send + Sync {
    /// Whether the holder of a token may see previews of a BFF.
    fn admit(&self, token: Option<String>, bff: String) -> Later<()>;

    /// The version of a preview: of this name, or of a digest that begins so. It has permits of its
    /// own.
    fn version(&self, of: PreviewOf, name: String) -> Later<Arc<Version>>;

    /// Lets versions go that nobody has asked for in this time.
    fn forget(&self, unused: Duration);
}

/// What a preview is of, as it is live.
pub struct PreviewOf {
    /// The BFF.
    pub bff: Arc<Bff>,
    /// Its services.
    pub services: Arc<Services>,
    /// The configuration of both.
    pub config: Arc<Config>,
}

/// Why a preview is not shown.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// Who asks has no valid token.
    #[error("{}", of_token(.0))]
    Token(#[from] TokenError),
    /// The token is for something else.
    #[error("the token has no scope preview for this BFF; ask the operator for one that has")]
    Scope,
    /// There is no such preview.
    #[error(
        "bff.{bff}: there is no preview {name:?}, or its time is over; `tailor previews {bff}` \
         lists them"
    )]
    Unknown {
        /// The BFF.
        bff: String,
        /// The name.
        name: String,
    },
    /// The store.
    #[error("the previews cannot be read; the host's log says why")]
    Store(#[source] StoreError),
    /// The component cannot be loaded.
    #[error("the version cannot be loaded; the host's log says why")]
    Load,
    /// It takes too long to load it.
    #[error("the version is not loaded yet; ask again")]
    Slow,
}

/// Clients of previews send a token in other ways than those of the admin listener.
fn of_token(error: &TokenError) -> String {
    match error {
        TokenError::Missing => "there is no token; send it in tailor-token, or type it in as the \
                                password"
            .to_owned(),
        error => error.to_string(),
    }
}
