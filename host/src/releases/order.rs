//! Orders of operators, as the listener for them hands them to the host.

use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

use super::error::StoreError;
use super::journal::{Kind, Release};

/// A result that comes later.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, OrderError>> + Send>>;

/// Executes orders.
pub trait Orders: Send + Sync {
    /// Whether a component is there.
    fn has(&self, digest: String) -> Answer<bool>;

    /// Stores a component whose digest was compared. `false` if it was there already.
    fn store(&self, digest: String, bytes: bytes::Bytes) -> Answer<bool>;

    /// Begins a release, which goes on when this has its number.
    fn begin(&self, order: Order) -> Answer<Release>;

    /// The releases of a BFF, the newest first.
    fn list(&self, bff: String, before: Option<i64>, limit: usize) -> Answer<Vec<Release>>;

    /// One release of a BFF.
    fn get(&self, bff: String, release: i64) -> Answer<Release>;
}

/// A release to begin.
#[derive(Clone, Debug)]
pub struct Order {
    /// The BFF.
    pub bff: String,
    /// The component.
    pub target: Target,
    /// Why.
    pub kind: Kind,
    /// What the author says of it.
    pub message: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What must be live.
    pub expect_live: Expected,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
}

/// Which component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// That of this digest.
    Digest(String),
    /// The one that was live before the live one.
    Previous,
}

/// What must be live for an order to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything, or nothing.
    Any,
    /// Nothing.
    Nothing,
    /// The component of this digest.
    Digest(String),
}

/// An order was not executed.
#[derive(Debug, Error)]
pub enum OrderError {
    /// There is no such BFF, or it is served from a file.
    #[error(
        "there is no BFF {0:?} that takes releases; name one of those with releases = true in the \
         configuration"
    )]
    NoBff(String),
    /// There is no such release.
    #[error("bff.{bff}: there is no release {release}")]
    NoRelease {
        /// The BFF.
        bff: String,
        /// Its number.
        release: i64,
    },
    /// Nothing was live before.
    #[error("bff.{0}: no component was live before the live one; name a digest with \"to\"")]
    NoPrevious(String),
    /// The component was never live, so that going back to it would skip its proof.
    #[error("bff.{bff}: {digest} was never live; release it with POST /v1/bffs/{bff}/releases")]
    NeverLive {
        /// The BFF.
        bff: String,
        /// The component.
        digest: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host stops.
    #[error("the host stops; send the order to the next one")]
    Stopping,
}
