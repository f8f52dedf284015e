//! What happened and the journal could not take: rollbacks that are live, and refusals.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::releases::{NewRelease, Outcome, Releases, StoreError};
use crate::sync;

/// What the journal does not have.
#[derive(Default)]
pub(super) struct Unrecorded {
    /// By BFF.
    rollbacks: Mutex<BTreeMap<String, NewRelease>>,
    /// By the number of the release. There are no more than may be under way.
    refusals: Mutex<BTreeMap<i64, Outcome>>,
}

impl Unrecorded {
    /// The rollback of a BFF.
    pub(super) fn rollback(&self, bff: &str) -> Option<NewRelease> {
        sync::lock(&self.rollbacks).get(bff).cloned()
    }

    /// Keeps a rollback, in the place of an older one of its BFF.
    pub(super) fn put(&self, release: NewRelease) {
        sync::lock(&self.rollbacks).insert(release.bff.clone(), release);
    }

    /// Keeps the refusal of a release.
    pub(super) fn put_refusal(&self, release: i64, outcome: Outcome) {
        sync::lock(&self.refusals).insert(release, outcome);
    }

    /// Writes the refusals, and the rollback of a BFF if there is one.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written still.
    pub(super) fn record(&self, releases: &Releases, bff: &str) -> Result<(), StoreError> {
        self.record_refusals(releases)?;
        let Some(release) = self.rollback(bff) else {
            return Ok(());
        };
        // It is live already, whatever the journal says.
        let release = NewRelease {
            expect_live: None,
            ..release
        };
        releases.record(&release)?;
        sync::lock(&self.rollbacks).remove(bff);
        tracing::info!(bff, digest = release.digest, "the rollback is recorded");
        Ok(())
    }

    fn record_refusals(&self, releases: &Releases) -> Result<(), StoreError> {
        let refusals = sync::lock(&self.refusals).clone();
        for (release, outcome) in refusals {
            releases.finish(release, &outcome)?;
            sync::lock(&self.refusals).remove(&release);
        }
        Ok(())
    }

    /// Writes all of it. Returns whether nothing is left.
    pub(super) fn record_all(&self, releases: &Releases) -> bool {
        let bffs: Vec<String> = sync::lock(&self.rollbacks).keys().cloned().collect();
        let refusals = self.record_refusals(releases).is_ok();
        let recorded = bffs.iter().map(|bff| self.record(releases, bff).is_ok());
        recorded.fold(refusals, |all, it| all & it)
    }
}
