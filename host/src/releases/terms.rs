//! What a release has to fit to begin.

use super::preview::NewPreview;

/// What the journal looks at before a release begins.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The BFF.
    pub bff: String,
    /// Why.
    pub kind: Kind,
    /// SHA-256 of the component, in hexadecimal. `None` until it is known: the manifest of a
    /// registry says it.
    pub digest: Option<String>,
    /// It was rolled back by a rule, and is to be tried again.
    pub again: bool,
    /// What must be live: a digest, or `None` within for nothing. Absent if anything may be.
    pub expect_live: Option<Option<String>>,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
    /// Of [`Kind::Preview`]: what it is shown as.
    pub preview: Option<NewPreview>,
}

/// The kind of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A component that was not live before, or is to be live again after a proof.
    Deploy,
    /// One that was live before.
    Rollback,
    /// One that is shown, and is not live.
    Preview,
}

impl Kind {
    /// Its name in the journal and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Preview => "preview",
        }
    }
}
