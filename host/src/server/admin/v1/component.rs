//! Which component an order is about: one that is uploaded, or one in a registry.

use http::StatusCode;

use super::Pages;
use super::problem::V1Problem;
use super::upload::{self, check_digest};
use crate::oci::{PullError, Reference};
use crate::registry::{self, Pulled};
use crate::releases::{Caller, OrderError, Part, Release, Scope, StoreError, Stored};

/// A component, as an order names it.
pub(super) enum Named {
    /// By its digest.
    Digest(String),
    /// By the manifest of a registry.
    Oci(Reference),
}

/// The component that was named.
pub(super) enum Found {
    /// It is there.
    Digest(String),
    /// The order was executed before, by this release.
    Begun(Box<Release>),
}

impl Named {
    /// The component of an order with one of the two members.
    ///
    /// # Errors
    ///
    /// When it has none or both, or one that is wrong.
    pub(super) fn of(digest: Option<String>, oci: Option<String>) -> Result<Self, V1Problem> {
        match (digest, oci) {
            (Some(digest), None) => {
                check_digest(&digest)?;
                Ok(Self::Digest(digest))
            }
            (None, Some(text)) => {
                let reference = text.parse().map_err(PullError::Reference);
                Ok(Self::Oci(reference.map_err(OrderError::Pull)?))
            }
            _ => {
                let what = "the order has not one of digest and oci";
                let fix = "write the digest of an upload, or a reference to a registry";
                Err(V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix))
            }
        }
    }

    /// Where it comes from, as far as this says it.
    pub(super) fn source(&self) -> Option<String> {
        match self {
            Self::Digest(_) => None,
            Self::Oci(reference) => Some(reference.to_string()),
        }
    }

    /// Has the component be there. What may refuse it without a look at a registry comes first.
    ///
    /// # Errors
    ///
    /// When it is not pulled, or must not be.
    pub(super) async fn find(
        self,
        pages: &Pages,
        bff: &str,
        caller: &Caller,
        key: Option<&(String, String)>,
    ) -> Result<Found, V1Problem> {
        let reference = match self {
            Self::Digest(digest) => return Ok(Found::Digest(digest)),
            Self::Oci(reference) => reference,
        };
        if !caller.may(Scope::Upload) {
            let what = "the token has no scope upload, which a component of a registry needs";
            let fix = "use one that has it; the operator makes tokens";
            return Err(V1Problem::new(StatusCode::FORBIDDEN, "scope", what, fix));
        }
        let begun = pages.orders.begun(bff.to_owned(), key.cloned()).await?;
        if let Some(release) = begun {
            return Ok(Found::Begun(Box::new(release)));
        }
        Ok(Found::Digest(pull(pages, &reference, caller).await?))
    }
}

/// Pulls a component, and stores it as if the caller had sent it. Returns its digest.
async fn pull(pages: &Pages, reference: &Reference, caller: &Caller) -> Result<String, V1Problem> {
    let config = pages.shared.snapshot.load().config.clone();
    let registries = &config.releases.registries;
    let registry = registry::find(registries, reference, caller.team());
    let registry = registry.map_err(OrderError::Pull)?;
    let permit = pages.uploads.permit()?;
    let pulling = registry::pull(registry, reference, config.engine.max_component_size);
    let Pulled { digest, bytes } = pulling.await.map_err(OrderError::Pull)?;
    let (parts, storing) = upload::store(pages, &digest, caller.clone(), permit);
    for part in [Part::Bytes(bytes), Part::End] {
        // Why it is not taken, the store says.
        let _ = parts.send(part).await;
    }
    let stored = upload::stored(storing).await?;
    let Stored { size, is_new } = stored.map_err(|error| match error {
        OrderError::Store(StoreError::OtherDigest { found, .. }) => {
            OrderError::Pull(PullError::OtherBytes {
                reference: reference.to_string(),
                what: format!("bytes of the digest sha256:{found}"),
            })
        }
        error => error,
    })?;
    tracing::info!(%reference, digest, size, is_new, "a component is pulled");
    Ok(digest)
}
