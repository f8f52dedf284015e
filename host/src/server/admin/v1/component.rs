//! Which component an order is about: one that is uploaded, or one in a registry.

use http::StatusCode;

use super::Pages;
use super::problem::V1Problem;
use super::upload::check_digest;
use crate::oci::{PullError, Reference};
use crate::releases::{Caller, OrderError, Release, Scope};

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
        let _permit = pages.uploads.permit()?;
        let digest = pages.orders.pull(reference, caller.clone()).await?;
        Ok(Found::Digest(digest))
    }
}
