//! Why a component is not pulled. No text has a credential, a token or the query of an address.

use std::time::Duration;

use thiserror::Error;

use super::manifest::ManifestError;
use super::reference::ReferenceError;

/// A component is not pulled.
#[derive(Debug, Error)]
pub enum PullError {
    /// Nothing can be meant by the reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The operator has named no such registry.
    #[error(
        "{host}: the host pulls from no registry of this name; the operator names it in a section \
         [releases.registry.NAME], with host = {host:?} and repositories"
    )]
    UnknownRegistry {
        /// The registry.
        host: String,
    },
    /// There is no such manifest, or this team may not pull it.
    #[error(
        "{reference}: there is no such manifest in the registry that you may release; compare it \
         with what the push has printed, and with releases.registry.{registry}.repositories"
    )]
    NotFound {
        /// What was to be pulled.
        reference: String,
        /// The section of the registry.
        registry: String,
    },
    /// The manifest is there, and the component is not.
    #[error(
        "{reference}: {host} has the manifest, and not its layer sha256:{digest}, which is the \
         component; push the component again"
    )]
    NoLayer {
        /// What was to be pulled.
        reference: String,
        /// The registry.
        host: String,
        /// The digest of the component.
        digest: String,
    },
    /// The manifest is none of a component.
    #[error("{reference}: {source}")]
    Manifest {
        /// What was to be pulled.
        reference: String,
        /// Why.
        source: ManifestError,
    },
    /// The component is too large.
    #[error(
        "{reference}: the component has {size}, more than engine.max-component-size ({most}); \
         make it smaller (strip it), or raise the limit"
    )]
    TooLarge {
        /// What was to be pulled.
        reference: String,
        /// Its size.
        size: String,
        /// The largest.
        most: String,
    },
    /// Other bytes were sent than those of the digest.
    #[error("{reference}: {host} has sent {what} in place of {wanted}; look at {host}")]
    OtherBytes {
        /// What was to be pulled.
        reference: String,
        /// Which host has sent them.
        host: String,
        /// What it has sent.
        what: String,
        /// What it was asked for.
        wanted: &'static str,
    },
    /// It took too long.
    #[error(
        "{host}: {what} did not come within {timeout}, the time of a pull; try again, or raise \
         releases.registry.{registry}.timeout"
    )]
    Late {
        /// Which host was asked last.
        host: String,
        /// What for.
        what: &'static str,
        /// The section of the registry.
        registry: String,
        /// The time.
        timeout: String,
    },
    /// The registry, or a host that it names, takes no requests for a while.
    #[error("{host}: {what}; try again in {} s", .wait.as_secs())]
    Busy {
        /// Which host.
        host: String,
        /// Why.
        what: String,
        /// How long: whole seconds, an hour at most.
        wait: Duration,
    },
    /// The registry, or a host that it names, gives none.
    #[error("{host}: {what}")]
    Failed {
        /// Which host.
        host: String,
        /// Why, and the way out.
        what: String,
    },
    /// The files of the registry's section cannot be used.
    #[error("releases.registry.{registry}: {what}")]
    Settings {
        /// The section.
        registry: String,
        /// Why, and the way out.
        what: String,
    },
}
