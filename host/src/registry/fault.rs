//! Failures that have the same words wherever they are found out.

use crate::config::{Registry, show_duration};
use crate::oci::{PullError, Reference};

/// There is no such manifest for who asks.
pub(super) fn not_found(registry: &Registry, reference: &Reference) -> PullError {
    PullError::NotFound {
        reference: reference.to_string(),
        registry: registry.name.clone(),
    }
}

/// The time of a pull is over.
pub(super) fn late(registry: &Registry) -> PullError {
    PullError::Late {
        host: registry.host.clone(),
        registry: registry.name.clone(),
        timeout: show_duration(registry.timeout),
    }
}
