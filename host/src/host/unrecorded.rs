//! What happened and the journal could not take: rollbacks that are live, refusals, and the ends of
//! trials.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::releases::{CanaryChange, NewRelease, Outcome, Releases, StoreError};
use crate::sync;

/// What the journal does not have.
#[derive(Default)]
pub(super) struct Unrecorded {
    /// By BFF.
    rollbacks: Mutex<BTreeMap<String, NewRelease>>,
    /// By the number of the release. There are no more than may be under way.
    refusals: Mutex<BTreeMap<i64, Outcome>>,
    /// By BFF: the release, and how its trial ended.
    ends: Mutex<BTreeMap<String, (i64, CanaryChange)>>,
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

    /// Keeps the end of a trial.
    pub(super) fn put_end(&self, bff: &str, release: i64, end: CanaryChange) {
        sync::lock(&self.ends).insert(bff.to_owned(), (release, end));
    }

    /// Whether an order of this key has ended the trial of a BFF.
    pub(super) fn ended_by(&self, bff: &str, key: Option<&(String, String)>) -> bool {
        let ends = sync::lock(&self.ends);
        let order = ends.get(bff).and_then(|(_, end)| end.order());
        key.is_some() && order.is_some_and(|order| order.key.as_ref() == key)
    }

    /// Whether the trial of a release has ended.
    pub(super) fn has_ended(&self, bff: &str, release: i64) -> bool {
        let ends = sync::lock(&self.ends);
        ends.get(bff).is_some_and(|(ended, _)| *ended == release)
    }

    /// Writes the refusals and the ends of trials, and the rollback of a BFF if there is one.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written still.
    pub(super) fn record(&self, releases: &Releases, bff: &str) -> Result<(), StoreError> {
        self.record_refusals(releases)?;
        self.record_ends(releases)?;
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

    fn record_ends(&self, releases: &Releases) -> Result<(), StoreError> {
        let ends = sync::lock(&self.ends).clone();
        for (bff, (release, end)) in ends {
            match releases.change_canary(&bff, Some(release), &end) {
                Err(error) if error.is_of_host() => return Err(error),
                // It ended in another way, too.
                Ok(_) | Err(_) => {}
            }
            sync::lock(&self.ends).remove(&bff);
        }
        Ok(())
    }

    /// Writes all of it. Returns whether nothing is left.
    pub(super) fn record_all(&self, releases: &Releases) -> bool {
        let bffs: Vec<String> = sync::lock(&self.rollbacks).keys().cloned().collect();
        let refusals = self.record_refusals(releases).is_ok();
        let ends = self.record_ends(releases).is_ok();
        let recorded = bffs.iter().map(|bff| self.record(releases, bff).is_ok());
        recorded.fold(refusals & ends, |all, it| all & it)
    }
}
