//! Components of callers, from what they send or from a registry.

use std::iter;
use std::sync::Weak;

use super::change::{Changes, blocking};
use crate::oci::{PullError, Reference};
use crate::registry::{self, Pulled};
use crate::releases::{Caller, OrderError, Part, Releases, StoreError, Stored};

/// Whether a component is one that this caller has: what others have is nobody's business.
pub(super) fn sees(releases: &Releases, caller: &Caller, digest: &str) -> Result<bool, StoreError> {
    match caller.team() {
        Some(team) => releases.sees(team, digest),
        None => Ok(true),
    }
}

/// Stores a component from its parts as they come.
pub(super) fn store(
    releases: &Releases,
    digest: &str,
    parts: impl IntoIterator<Item = Part>,
    caller: &Caller,
) -> Result<Stored, OrderError> {
    let known = sees(releases, caller, digest)?;
    let stored = releases.store(digest, parts)?;
    // It may be what a damaged one is replaced with.
    releases.tell_again();
    let Some(team) = caller.team() else {
        return Ok(stored);
    };
    releases.show(team, digest)?;
    // Another team's component is new to this one.
    let is_new = stored.is_new || !known;
    Ok(Stored { is_new, ..stored })
}

/// Pulls a component, and stores it as if the caller had sent it. Returns its digest.
pub(super) async fn pull(
    changes: Weak<Changes>,
    reference: Reference,
    caller: Caller,
) -> Result<String, OrderError> {
    let config = {
        let changes = changes.upgrade().ok_or(OrderError::Stopping)?;
        changes.shared.snapshot.load().config.clone()
    };
    let registries = &config.releases.registries;
    let registry = registry::find(registries, &reference, caller.team())?;
    // A registry that is slow must not keep a stopped host's versions alive.
    let Pulled { digest, bytes } =
        registry::pull(registry, &reference, config.engine.max_component_size).await?;
    let changes = changes.upgrade().ok_or(OrderError::Stopping)?;
    let releases = changes.releases.clone().ok_or(OrderError::Stopping)?;
    let shown = reference.to_string();
    let storing = blocking(move || {
        let parts = iter::once(Part::Bytes(bytes)).chain(iter::once(Part::End));
        let stored = store(&releases, &digest, parts, &caller).map_err(|error| match error {
            OrderError::Store(StoreError::OtherDigest { found, .. }) => {
                let what = format!("bytes of the digest sha256:{found}");
                PullError::OtherBytes {
                    reference: shown.clone(),
                    what,
                }
                .into()
            }
            error => error,
        })?;
        let Stored { size, is_new } = stored;
        tracing::info!(
            reference = shown,
            digest,
            size,
            is_new,
            "a component is pulled"
        );
        Ok(digest)
    });
    storing.await.unwrap_or(Err(OrderError::Stopping))
}
