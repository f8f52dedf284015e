//! Components that are released to a running host: their bytes, their history, and which of them is
//! live.
//!
//! The folder `releases` of the data directory has all of it: `<sha256>.wasm` for each component,
//! `journal.db` ([`sqlite`]) for what was released and what is live, and `live.json` with the last
//! good copy of what is live, for the day on which the journal cannot be read.
//!
//! A release goes one way: the bytes are on the disk, then its row, then the component is proven,
//! then one transaction moves the live pointer. That is the commit point: a host that ends before it
//! starts with the old version, and after it with the new one.
//!
//! All of it blocks: no event loop may call it. Nothing is opened before it is used, so that a host
//! without releases has no such folder.

mod error;
mod files;
mod journal;
mod kept;
mod order;
mod place;
mod points;
mod sqlite;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

pub use error::StoreError;
pub use files::is_digest;
pub use journal::{Appended, Journal, Kind, Live, LiveByBff, NewRelease, Outcome, Release, State};
pub use order::{Answer, Expected, Order, OrderError, Orders, Target};
pub(crate) use points::reach;

use crate::sync;
use files::Components;
use kept::LiveFile;
use sqlite::SqliteJournal;

/// The releases of a host.
pub struct Releases {
    journal: Box<dyn Journal>,
    components: Components,
    live_file: LiveFile,
    /// What the journal said last.
    known: Mutex<LiveByBff>,
}

impl Releases {
    /// The releases in a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            journal: Box::new(SqliteJournal::new(data_dir)),
            components: Components::new(data_dir),
            live_file: LiveFile::new(data_dir),
            known: Mutex::default(),
        }
    }

    /// What is live, by BFF, or why that cannot be said of one. A journal that cannot be read is
    /// logged, and the copy beside it is taken in its place.
    ///
    /// # Errors
    ///
    /// When the copy cannot be read either.
    pub fn live(&self) -> Result<LiveByBff, StoreError> {
        let live = match self.journal.live() {
            Ok(live) => live,
            Err(error) => {
                let live = self.live_file.read();
                let live = live.map_err(|copy| error.clone().without_copy(&copy))?;
                tracing::error!("{error}; what is live is taken from {}", kept::NAME);
                live
            }
        };
        self.known().clone_from(&live);
        Ok(live)
    }

    /// The components that a host needs for a restart and for a rollback, as far as they are known.
    pub fn needed(&self) -> BTreeSet<String> {
        let known = self.known();
        let digests = known
            .values()
            .filter_map(|live| live.as_ref().ok())
            .flat_map(|live| [Some(&live.digest), live.previous.as_ref()]);
        digests.flatten().cloned().collect()
    }

    /// The bytes of a component, at most `max`, compared with its digest.
    ///
    /// # Errors
    ///
    /// When they are not there, too many, or others than they should be.
    pub fn read(&self, digest: &str, max: u64) -> Result<Vec<u8>, StoreError> {
        self.components.read(digest, max)
    }

    /// Whether a component is there, which is then kept for the next hour.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn has(&self, digest: &str) -> Result<bool, StoreError> {
        self.components.has(digest)
    }

    /// Stores a component. Its bytes are on the disk at the end. `false` if they were there already.
    ///
    /// # Errors
    ///
    /// When they cannot be written. Nothing of them stays then.
    pub fn store(&self, digest: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let stored = self.components.store(digest, bytes);
        reach("component-written");
        stored
    }

    /// Records that a release has begun.
    ///
    /// # Errors
    ///
    /// When it may not begin, or cannot be recorded.
    pub fn append(&self, release: &NewRelease) -> Result<Appended, StoreError> {
        let appended = self.journal.append(release);
        reach("release-appended");
        appended
    }

    /// Records how a release ended. With [`Outcome::Live`], this is the commit point.
    ///
    /// # Errors
    ///
    /// When it cannot be recorded: what was live still is.
    pub fn finish(&self, release: i64, outcome: &Outcome) -> Result<(), StoreError> {
        self.journal.finish(release, outcome)?;
        if matches!(outcome, Outcome::Live { .. }) {
            reach("committed");
        }
        Ok(())
    }

    /// Copies what is live to the file beside the journal, and removes releases and components of
    /// which `keep` newer ones are there. A failure is logged: the next release tries again.
    pub fn tidy(&self, keep: usize) {
        let tidied = self.journal.live().and_then(|live| {
            self.live_file.write(&live)?;
            *self.known() = live;
            reach("live-file-written");
            let needed = self.journal.collect(keep)?;
            reach("rows-collected");
            self.components.sweep(&needed)
        });
        if let Err(error) = tidied {
            tracing::warn!("old releases are not removed: {error}");
        }
    }

    /// The releases of a BFF, the newest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn list(
        &self,
        bff: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        self.journal.list(bff, before, limit)
    }

    /// One release.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn get(&self, release: i64) -> Result<Option<Release>, StoreError> {
        self.journal.get(release)
    }

    /// Whether a component was live as a BFF, as far as the history goes back.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn was_live(&self, bff: &str, digest: &str) -> Result<bool, StoreError> {
        self.journal.was_live(bff, digest)
    }

    fn known(&self) -> MutexGuard<'_, LiveByBff> {
        sync::lock(&self.known)
    }
}
