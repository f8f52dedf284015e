//! A service whose settings cannot be applied.

use thiserror::Error;

use crate::downstream::policy::credentials::CredentialsError;
use crate::downstream::transport::TlsError;

/// A service that cannot be called as the operator wants it.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Its certificates.
    #[error("downstream.{service}.tls: {source}")]
    Tls {
        /// The service.
        service: String,
        /// What is wrong with them.
        source: Box<TlsError>,
    },
    /// Its credentials.
    #[error("downstream.{service}.credentials: {source}")]
    Credentials {
        /// The service.
        service: String,
        /// What is wrong with them.
        source: CredentialsError,
    },
}
