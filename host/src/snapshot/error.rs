//! Why there is no snapshot.

use std::sync::Arc;

use thiserror::Error;

use crate::bff::error::LoadError;
use crate::downstream::ServiceError;

/// A snapshot could not be built.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The BFFs whose components were refused, all of them.
    #[error("{}", .0.iter().map(|(bff, error)| format!("bff.{bff}: {error}")).collect::<Vec<_>>().join("\n"))]
    Components(Vec<(String, Arc<LoadError>)>),
    /// A service that cannot be called as the operator wants it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}
