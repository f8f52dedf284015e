//! Why a change was refused.

use std::sync::Arc;

use thiserror::Error;

use super::lacking::{in_chain, in_load};
use crate::bff::error::LoadError;
use crate::config::ConfigError;
use crate::snapshot::SnapshotError;

/// A change was not made.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The host was started without a file.
    #[error("there is no configuration file to read again")]
    NoFile,
    /// The file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Components were refused, or a service cannot be called.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A component was refused.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// Its smoke request was not answered as it should.
    #[error("bff.{bff}: {source}")]
    Smoke {
        /// The BFF.
        bff: String,
        /// The answer that came instead.
        source: Arc<LoadError>,
        /// Whether the host or a service may have been the cause.
        again: bool,
    },
    /// There is no such BFF.
    #[error("there is no BFF {0:?}")]
    Unknown(String),
    /// The thread of the change failed.
    #[error("the change failed inside of the host")]
    Panic,
}

impl ChangeError {
    /// Whether the same change may succeed later: the host lacked a resource, or a service failed.
    pub(super) fn is_tried_again(&self) -> bool {
        match self {
            Self::Component(error) => in_load(error),
            Self::Smoke { again, .. } => *again,
            other => in_chain(other),
        }
    }
}
