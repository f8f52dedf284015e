//! A failure that has the same words wherever it is found out.

use crate::config::Registry;
use crate::oci::{PullError, Reference};

/// There is no such manifest for who asks.
pub(super) fn not_found(registry: &Registry, reference: &Reference) -> PullError {
    PullError::NotFound {
        reference: reference.to_string(),
        registry: registry.name.clone(),
    }
}
