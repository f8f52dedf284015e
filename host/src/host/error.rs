//! Why a host was not started, and why a change was refused.

use std::sync::Arc;

use thiserror::Error;

use super::lacking::{in_chain, in_load};
use crate::bff::error::{EngineError, LoadError};
use crate::config::ConfigError;
use crate::server::{ListenerTlsError, ServerError};
use crate::snapshot::SnapshotError;

/// The host could not be started.
#[derive(Debug, Error)]
pub enum HostError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No data directory.
    #[error(transparent)]
    DataDir(LoadError),
    /// Components were refused, or a service cannot be called.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// No thread for changes.
    #[error("control thread: {0}; the system has no more threads or open files")]
    Control(std::io::Error),
    /// A socket for a listener that is not configured.
    #[error(
        "a socket for operators was handed over (LISTEN_FDS), and there is no [admin] in the \
         configuration; add it, or pass one socket"
    )]
    NoAdmin,
    /// No certificate for the admin listener.
    #[error("admin.tls: {0}")]
    AdminTls(#[from] ListenerTlsError),
    /// No listener.
    #[error(transparent)]
    Server(#[from] ServerError),
}

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
    /// It has no file that could be read again.
    #[error("bff.{0}: has no component file; release a component to it")]
    NoFileOf(String),
    /// It takes away what a live release calls.
    #[error(
        "bff.{bff}: its live release {release} calls {calls}, which the new file does not grant; \
         grant it, or release a component first that does without, or start the host again, which \
         takes it away at once"
    )]
    Granted {
        /// The BFF.
        bff: String,
        /// The version that is live.
        release: String,
        /// The calls, `GET activity, POST goals`.
        calls: String,
    },
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
