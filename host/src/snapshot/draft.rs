//! The first step of a snapshot: the content of the component files, valid or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SnapshotError;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::bff::look::Look;
use crate::config::Config;
use crate::downstream::Services;

/// A snapshot whose BFFs have no versions yet.
pub struct Draft {
    /// The configuration.
    pub config: Config,
    /// Its services, which are not active yet.
    pub services: Services,
    /// The candidate of each BFF of the configuration; none at first.
    pub candidates: BTreeMap<String, Candidate>,
}

/// The content of a BFF's file, or what is released to it.
#[derive(Clone)]
pub struct Candidate {
    /// Which content of the file this is; `None` when that is not known.
    pub look: Option<Look>,
    /// [`Bff::attempts`](crate::bff::swap::Bff::attempts) of the live BFF when the file was looked
    /// at.
    pub attempts: u64,
    /// Its component, or why it is refused. None, for a BFF that nothing was released to.
    pub file: Result<Option<Arc<Loaded>>, Refusal>,
    /// Replaces a component that is refused, where there is no live one.
    pub last_good: Option<Arc<Loaded>>,
}

/// Why a component is not published.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The reason.
    pub error: Arc<LoadError>,
    /// Whether the same component may be valid a moment later.
    pub again: bool,
}

impl Draft {
    /// The BFFs whose files are refused.
    pub fn refused(&self) -> impl Iterator<Item = (&String, &Refusal)> {
        let all = self.candidates.iter();
        all.filter_map(|(name, candidate)| Some((name, candidate.file.as_ref().err()?)))
    }

    /// For callers that want all BFFs or none.
    ///
    /// # Errors
    ///
    /// All components that are refused.
    pub fn all_good(&self) -> Result<(), SnapshotError> {
        let refused: Vec<_> = self
            .refused()
            .map(|(name, refusal)| (name.clone(), refusal.error.clone()))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(SnapshotError::Components(refused))
    }
}

impl Refusal {
    /// A permanent refusal.
    pub fn of(error: LoadError) -> Self {
        Self {
            error: Arc::new(error),
            again: false,
        }
    }
}
