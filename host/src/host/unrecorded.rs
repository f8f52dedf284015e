//! What happened and the journal could not take: rollbacks that are live, refusals, and the ends of
//! trials.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, oneshot};

use crate::releases::{Appended, CanaryChange, NewRelease, Outcome, Release, Releases, StoreError};
use crate::sync;

/// Rollbacks of one BFF that are kept. Of more, the oldest ones get no row.
const MOST: usize = 100;

/// What the journal does not have.
#[derive(Default)]
pub(super) struct Unrecorded {
    /// By BFF, the oldest first.
    rollbacks: Mutex<BTreeMap<String, VecDeque<Rollback>>>,
    /// By the number of the release. There are no more than may be under way.
    refusals: Mutex<BTreeMap<i64, Outcome>>,
    /// By BFF.
    ends: Mutex<BTreeMap<String, TrialEnd>>,
    /// Why the journal did not take what runs of a BFF, the last time.
    failures: Mutex<BTreeMap<String, StoreError>>,
    /// Held while rollbacks are recorded: each has its row in the order of their times.
    recording: Mutex<()>,
    /// Notified when something was not recorded.
    left: Notify,
}

/// How the trial of a release ended, and when.
pub(super) type TrialEnd = (i64, CanaryChange, SystemTime);

/// A rollback that is live.
struct Rollback {
    release: NewRelease,
    /// When it was begun to be recorded.
    since: SystemTime,
    /// Is told the number.
    recorded: oneshot::Sender<i64>,
}

impl Unrecorded {
    /// Whether a rollback of a BFF is live and not recorded.
    pub(super) fn has_rollback(&self, bff: &str) -> bool {
        sync::lock(&self.rollbacks).contains_key(bff)
    }

    /// The rollback of a BFF that an order with this key has begun.
    pub(super) fn rollback(&self, bff: &str, key: &(String, String)) -> Option<NewRelease> {
        let rollbacks = sync::lock(&self.rollbacks);
        let mut rollbacks = rollbacks.get(bff)?.iter().map(|it| &it.release);
        rollbacks.find(|it| it.key.as_ref() == Some(key)).cloned()
    }

    /// Refuses a key that another order of a BFF had, which the journal cannot say yet.
    ///
    /// # Errors
    ///
    /// That it is used again.
    pub(super) fn check_key(
        &self,
        bff: &str,
        key: Option<&(String, String)>,
    ) -> Result<(), StoreError> {
        let is_other = |used: Option<&(String, String)>| {
            let both = used.zip(key);
            both.is_some_and(|(used, key)| used.0 == key.0 && used.1 != key.1)
        };
        let of_rollback = {
            let rollbacks = sync::lock(&self.rollbacks);
            let mut of_bff = rollbacks.get(bff).into_iter().flatten();
            of_bff.any(|it| is_other(it.release.key.as_ref()))
        };
        let ends = sync::lock(&self.ends);
        let order = ends.get(bff).and_then(|(_, end, _)| end.order());
        match of_rollback || is_other(order.and_then(|order| order.key.as_ref())) {
            true => Err(StoreError::KeyReused),
            false => Ok(()),
        }
    }

    /// Keeps a rollback that is live. `since` is when it was begun to be recorded: whether it was,
    /// is not known. Returns what its number comes from.
    pub(super) fn put(&self, release: NewRelease, since: SystemTime) -> oneshot::Receiver<i64> {
        let bff = release.bff.clone();
        let (recorded, number) = oneshot::channel();
        let release = NewRelease {
            // It is live already, whatever the journal says.
            expect_live: None,
            // A journal that answers too late may have it: no key of an order begins like this.
            key: Some(release.key.unwrap_or_else(|| {
                let own = format!(" {:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
                (own, String::new())
            })),
            ..release
        };
        let mut rollbacks = sync::lock(&self.rollbacks);
        let of_bff = rollbacks.entry(bff).or_default();
        of_bff.push_back(Rollback {
            release,
            since,
            recorded,
        });
        if of_bff.len() > MOST {
            of_bff.pop_front();
        }
        number
    }

    /// Records why the journal did not take what runs of a BFF.
    pub(super) fn failed(&self, bff: &str, why: &StoreError) {
        sync::lock(&self.failures).insert(bff.to_owned(), why.clone());
    }

    /// The BFFs of which something else runs than the journal says, each with the reason.
    pub(super) fn reasons(&self) -> BTreeMap<String, StoreError> {
        let mut reasons = sync::lock(&self.failures).clone();
        let (rollbacks, ends) = (sync::lock(&self.rollbacks), sync::lock(&self.ends));
        reasons.retain(|bff, _| rollbacks.contains_key(bff) || ends.contains_key(bff));
        reasons
    }

    /// Why the journal did not take what runs of a BFF.
    pub(super) fn reason(&self, bff: &str) -> Option<StoreError> {
        self.reasons().remove(bff)
    }

    /// Has it recorded as soon as the journal can be written.
    pub(super) fn again(&self) {
        self.left.notify_one();
    }

    /// Waits for [`Self::again`].
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    /// Whether the end of a trial of a BFF is not recorded.
    pub(super) fn has_end(&self, bff: &str) -> bool {
        sync::lock(&self.ends).contains_key(bff)
    }

    /// Keeps the refusal of a release.
    pub(super) fn put_refusal(&self, release: i64, outcome: Outcome) {
        sync::lock(&self.refusals).insert(release, outcome);
    }

    /// Keeps the end of a trial, which the journal did not take for this reason.
    pub(super) fn put_end(&self, bff: &str, end: TrialEnd, why: &StoreError) {
        sync::lock(&self.ends).insert(bff.to_owned(), end);
        self.failed(bff, why);
    }

    /// Whether an order of this key has ended the trial of a BFF.
    pub(super) fn ended_by(&self, bff: &str, key: Option<&(String, String)>) -> bool {
        let ends = sync::lock(&self.ends);
        let order = ends.get(bff).and_then(|(_, end, _)| end.order());
        key.is_some() && order.is_some_and(|order| order.key.as_ref() == key)
    }

    /// Whether the trial of a release has ended: by itself, or because a rollback is live.
    pub(super) fn has_ended(&self, bff: &str, release: i64) -> bool {
        let is_it = {
            let ends = sync::lock(&self.ends);
            ends.get(bff).is_some_and(|(ended, ..)| *ended == release)
        };
        is_it || self.has_rollback(bff)
    }

    /// Writes the refusals and the ends of trials, and the rollbacks of a BFF.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written still.
    pub(super) fn record(&self, releases: &Releases, bff: &str) -> Result<(), StoreError> {
        let recorded = self.try_record(releases, bff);
        match &recorded {
            Ok(()) => drop(sync::lock(&self.failures).remove(bff)),
            Err(why) => self.failed(bff, why),
        }
        recorded
    }

    fn try_record(&self, releases: &Releases, bff: &str) -> Result<(), StoreError> {
        self.record_refusals(releases)?;
        self.record_ends(releases)?;
        let _alone = sync::lock(&self.recording);
        while let Some((release, since)) = self.oldest(bff) {
            let number = record_one(releases, &release, since)?;
            let done = {
                let mut rollbacks = sync::lock(&self.rollbacks);
                let of_bff = rollbacks.get_mut(bff);
                // It may be the one that there was no more room for.
                let is_it = |it: &mut Rollback| it.release.key == release.key;
                let done = of_bff.and_then(|it| it.pop_front_if(is_it));
                rollbacks.retain(|_, left| !left.is_empty());
                done
            };
            if let Some(done) = done {
                // Who ordered it may wait no more.
                let _ = done.recorded.send(number);
            }
            let digest = release.digest;
            tracing::info!(bff, release = number, digest, "the rollback is recorded");
        }
        Ok(())
    }

    fn oldest(&self, bff: &str) -> Option<(NewRelease, SystemTime)> {
        let rollbacks = sync::lock(&self.rollbacks);
        let oldest = rollbacks.get(bff)?.front()?;
        Some((oldest.release.clone(), oldest.since))
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
        for (bff, (release, end, at)) in ends {
            match releases.change_canary(&bff, Some(release), &end, at) {
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
        let mut bffs: BTreeSet<String> = sync::lock(&self.rollbacks).keys().cloned().collect();
        bffs.extend(sync::lock(&self.ends).keys().cloned());
        let refusals = self.record_refusals(releases).is_ok();
        let ends = self.record_ends(releases).is_ok();
        let recorded = bffs.iter().map(|bff| self.record(releases, bff).is_ok());
        recorded.fold(refusals & ends, |all, it| all & it)
    }
}

/// Records a rollback. Returns its number.
fn record_one(
    releases: &Releases,
    release: &NewRelease,
    since: SystemTime,
) -> Result<i64, StoreError> {
    match releases.record(release, since) {
        Ok(Appended::New(number)) => return Ok(number),
        Ok(Appended::Known(number)) if is_since(releases, number, since)? => return Ok(number),
        Ok(Appended::Known(_)) | Err(StoreError::KeyReused) => {}
        Err(error) => return Err(error),
    }
    // Its key is that of an older order, which could not be read when it came.
    let other = NewRelease {
        key: None,
        ..release.clone()
    };
    let (Appended::New(number) | Appended::Known(number)) = releases.record(&other, since)?;
    Ok(number)
}

/// Whether a release was begun at this time or later: an answer of the journal that came too late
/// may have been lost.
fn is_since(releases: &Releases, number: i64, since: SystemTime) -> Result<bool, StoreError> {
    // The journal has milliseconds.
    let begun = |release: Release| release.begun.checked_add(Duration::from_millis(1));
    let begun = releases.get(number)?.and_then(begun);
    Ok(begun.is_some_and(|begun| begun > since))
}
