//! What happened and the journal could not take: rollbacks that are live, refusals, and the ends of
//! trials.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use crate::releases::{Appended, CanaryChange, NewRelease, Outcome, Release, Releases, StoreError};
use crate::sync;

/// What the journal does not have.
#[derive(Default)]
pub(super) struct Unrecorded {
    /// By BFF.
    rollbacks: Mutex<BTreeMap<String, Rollback>>,
    /// By the number of the release. There are no more than may be under way.
    refusals: Mutex<BTreeMap<i64, Outcome>>,
    /// By BFF: the release, and how its trial ended.
    ends: Mutex<BTreeMap<String, (i64, CanaryChange)>>,
}

/// A rollback that is live.
#[derive(Clone)]
struct Rollback {
    release: NewRelease,
    /// When it was begun to be recorded.
    since: SystemTime,
}

impl Unrecorded {
    /// The rollback of a BFF.
    pub(super) fn rollback(&self, bff: &str) -> Option<NewRelease> {
        let rollbacks = sync::lock(&self.rollbacks);
        rollbacks.get(bff).map(|it| it.release.clone())
    }

    /// Keeps a rollback, in the place of an older one of its BFF. `since` is when it was begun to be
    /// recorded: whether it was, is not known.
    pub(super) fn put(&self, release: NewRelease, since: SystemTime) {
        let bff = release.bff.clone();
        sync::lock(&self.rollbacks).insert(bff, Rollback { release, since });
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
        let rollback = sync::lock(&self.rollbacks).get(bff).cloned();
        let Some(Rollback { release, since }) = rollback else {
            return Ok(());
        };
        // It is live already, whatever the journal says.
        let release = NewRelease {
            expect_live: None,
            ..release
        };
        let is_recorded = match releases.record(&release) {
            Ok(Appended::New(_)) => true,
            Ok(Appended::Known(number)) => is_since(releases, number, since)?,
            Err(StoreError::KeyReused) => false,
            Err(error) => return Err(error),
        };
        if !is_recorded {
            // Its key is that of an older order, which could not be read when it came.
            releases.record(&NewRelease {
                key: None,
                ..release.clone()
            })?;
        }
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

/// Whether a release was begun at this time or later: an answer of the journal that came too late may
/// have been lost.
fn is_since(releases: &Releases, number: i64, since: SystemTime) -> Result<bool, StoreError> {
    // The journal has milliseconds.
    let begun = |release: Release| release.begun.checked_add(Duration::from_millis(1));
    let begun = releases.get(number)?.and_then(begun);
    Ok(begun.is_some_and(|begun| begun > since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;
    use crate::releases::{Kind, Outcome, Reach, Signing};

    fn release(kind: Kind, text: &str, key: Option<&str>) -> NewRelease {
        NewRelease {
            bff: "page".to_owned(),
            digest: hex(text.as_bytes()),
            kind,
            message: None,
            source: None,
            expect_live: None,
            key: key.map(|it| (it.to_owned(), "request".to_owned())),
            actor: "local".to_owned(),
            token: None,
            consent: None,
            signing: Signing::default(),
            canary: None,
            again: false,
            preview: None,
        }
    }

    /// A journal in which a component is live.
    fn deploy(releases: &Releases, text: &str) {
        let Appended::New(number) = releases
            .append(&release(Kind::Deploy, text, None))
            .expect("it begins")
        else {
            panic!("it has no key");
        };
        let live = Outcome::Live {
            expect_live: None,
            reach: Reach::default(),
        };
        releases.finish(number, &live).expect("it is live");
    }

    fn live(releases: &Releases) -> String {
        let live = releases.recorded().expect("it is read").remove("page");
        live.expect("one is live").expect("its row is well").digest
    }

    #[test]
    fn a_rollback_with_the_key_of_an_older_order_is_recorded() {
        let dir = tempfile::tempdir().expect("a folder");
        let releases = Releases::new(dir.path());
        let unrecorded = Unrecorded::default();
        let since = SystemTime::now();
        for (text, key, request) in [("one", "job", "request"), ("three", "job", "other")] {
            deploy(&releases, text);
            deploy(&releases, "two");
            if text == "one" {
                let older = release(Kind::Rollback, text, Some(key));
                releases.record(&older).expect("it is recorded");
                deploy(&releases, "two");
            }
            // What the key was used for could not be read.
            let mut back = release(Kind::Rollback, text, Some(key));
            back.key = Some((key.to_owned(), request.to_owned()));
            unrecorded.put(back, since + Duration::from_secs(60));
            unrecorded.record(&releases, "page").expect("it is written");
            assert_eq!(live(&releases), hex(text.as_bytes()));
            assert!(unrecorded.rollback("page").is_none());
        }
    }

    #[test]
    fn a_rollback_whose_answer_was_lost_undoes_nothing_that_came_after_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let releases = Releases::new(dir.path());
        let unrecorded = Unrecorded::default();
        deploy(&releases, "one");
        deploy(&releases, "two");
        let since = SystemTime::now();
        let back = release(Kind::Rollback, "one", Some("job"));
        releases.record(&back).expect("it is recorded");
        unrecorded.put(back, since);
        deploy(&releases, "three");
        unrecorded.record(&releases, "page").expect("it is known");
        assert_eq!(live(&releases), hex(b"three"));
        assert!(unrecorded.rollback("page").is_none());
    }
}
