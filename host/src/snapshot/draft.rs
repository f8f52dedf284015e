//! The first step of a snapshot: what the files of the components hold, good or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Snapshot, SnapshotError};
use crate::bff::error::LoadError;
use crate::bff::load::{Loaded, Loader};
use crate::bff::mark::Mark;
use crate::bff::swap::Bff;
use crate::config::Config;
use crate::downstream::Services;

/// A snapshot whose BFFs have no versions yet.
pub struct Draft {
    /// The configuration.
    pub config: Config,
    /// Its services, which are not active yet.
    pub services: Services,
    /// What there is for each BFF of the configuration.
    pub candidates: BTreeMap<String, Candidate>,
}

/// What the file of a BFF holds.
#[derive(Clone)]
pub struct Candidate {
    /// Which content of the file this is; `None` when there was no file.
    pub mark: Option<Mark>,
    /// Its component, or why it is refused.
    pub file: Result<Arc<Loaded>, Refusal>,
}

/// Why a component is not published.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The reason.
    pub error: Arc<LoadError>,
    /// Whether the same component may be good a moment later.
    pub again: bool,
}

impl Draft {
    /// The BFFs whose files are refused.
    pub fn refused(&self) -> impl Iterator<Item = (&String, &Refusal)> {
        let all = self.candidates.iter();
        all.filter_map(|(name, candidate)| Some((name, candidate.file.as_ref().err()?)))
    }

    /// For those who want all BFFs or none.
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

/// Loads all components; equal files only once. Several at once, since each compiles on one thread.
pub(super) fn load(
    loader: &Loader,
    config: &Config,
    previous: Option<&Snapshot>,
) -> BTreeMap<String, Candidate> {
    let mut users: BTreeMap<&Path, Vec<&String>> = BTreeMap::new();
    for (name, bff) in &config.bffs {
        users.entry(&bff.component).or_default().push(name);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let files: Vec<(&Path, Vec<&String>)> = users.into_iter().collect();
    let mut candidates = BTreeMap::new();
    for batch in files.chunks(threads) {
        let loaded = std::thread::scope(|scope| {
            let running: Vec<_> = batch
                .iter()
                .map(|(path, users)| {
                    let live = previous.and_then(|previous| previous.bffs.get(users[0]));
                    scope.spawn(move || candidate(loader, path, live.map(|live| &**live)))
                })
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| panicked()))
                .collect::<Vec<_>>()
        });
        for ((_, users), candidate) in batch.iter().zip(loaded) {
            candidates.extend(
                users
                    .iter()
                    .map(|name| ((*name).clone(), candidate.clone())),
            );
        }
    }
    candidates
}

fn candidate(loader: &Loader, path: &Path, live: Option<&Bff>) -> Candidate {
    // Looked at before it is read: if it is replaced meanwhile, it is seen to be another one.
    let mark = Mark::of(path);
    let known = live.and_then(Bff::current);
    let loaded = loader.load(path, known.as_ref().map(|known| known.loaded()));
    Candidate {
        mark,
        file: loaded.map_err(Refusal::of),
    }
}

fn panicked() -> Candidate {
    Candidate {
        mark: None,
        file: Err(Refusal::of(LoadError::CompilerPanic)),
    }
}

impl Refusal {
    /// A refusal for good.
    pub fn of(error: LoadError) -> Self {
        Self {
            error: Arc::new(error),
            again: false,
        }
    }
}
