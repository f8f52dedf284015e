//! Trials of releases on a host: they begin when a release is proven, go on as their gates decide,
//! and end live or rolled back.
//!
//! What the journal says holds: each change is committed there first, and [`Changes::reconcile`]
//! does what it says. The one exception is an end by a rule or by order, which nothing may delay:
//! the candidate gets no request from then on, and the journal is told when it can be written.

mod begin;
mod orders;
mod plan;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::timeout;

use super::change::{Changes, blocking};
use super::release::{Refused, host, live_in};
use crate::bff::trial::OnTrial;
use crate::canary::{Evidence, Rule, Verdict};
use crate::releases::{
    Appended, CanaryChange, Kind, NewCanary, NewRelease, Releases, Signing, Step, StoreError,
};

/// The interval of the gates' decisions. A rule that breaks is looked at at once.
const INTERVAL: Duration = Duration::from_millis(500);

/// Judges the trials until it is ended.
pub(super) async fn judge(changes: Arc<Changes>) {
    loop {
        // A timeout is the ordinary case.
        let _ = timeout(INTERVAL, changes.broken.notified()).await;
        changes.judge_all().await;
    }
}

impl Changes {
    /// How a release begins its trial. `None` if it is to be live at once, or nothing is live that
    /// it could be compared with.
    pub(super) async fn new_canary(
        &self,
        releases: &Arc<Releases>,
        release: &NewRelease,
    ) -> Result<Option<NewCanary>, Refused> {
        let Some(plan) = release.canary.clone() else {
            return Ok(None);
        };
        let live = live_in(releases, &release.bff).await?;
        let serves = self.bff(&release.bff).map_err(host)?.0.current().is_some();
        if !serves || live.is_none_or(|live| live == release.digest) {
            return Ok(None);
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| {
            Refused::at(
                Step::Host,
                StoreError::NoRandom(error.to_string()).to_string(),
            )
        })?;
        Ok(Some(NewCanary { plan, salt }))
    }

    /// Has the journal say what runs: the version beside which a release was on trial.
    async fn take_back(&self, releases: &Arc<Releases>, name: &str) {
        let running = self.bff(name).ok().and_then(|(bff, _)| bff.current());
        let Some(running) = running else {
            return;
        };
        let release = NewRelease {
            bff: name.to_owned(),
            digest: running.loaded().digest.clone(),
            kind: Kind::Rollback,
            message: Some("a rule broke while the release was promoted".to_owned()),
            source: None,
            expect_live: None,
            key: None,
            actor: "gate".to_owned(),
            token: None,
            consent: None,
            signing: Signing::default(),
            canary: None,
            again: false,
            preview: None,
        };
        tracing::error!(
            bff = name,
            digest = release.digest,
            "taken back: a rule broke"
        );
        drop(self.unrecorded.put(release, SystemTime::now()));
        let (store, unrecorded, bff) = (releases.clone(), self.unrecorded.clone(), name.to_owned());
        let recorded = blocking(move || unrecorded.record(&store, &bff)).await;
        if !matches!(recorded, Ok(Ok(()))) {
            self.unrecorded.again();
        }
    }

    /// Has all requests of a BFF get what is live.
    fn end_trial(&self, name: &str, release: i64) {
        let _publishing = self.publishing();
        if let Ok((bff, _)) = self.bff(name) {
            bff.end_trial(release);
        }
    }

    async fn judge_all(&self) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        let snapshot = self.shared.snapshot.load_full();
        let bffs = snapshot.bffs.iter();
        let on_trial = bffs.filter_map(|(name, bff)| Some((name.clone(), bff.on_trial()?)));
        let on_trial: Vec<_> = on_trial.collect();
        drop(snapshot);
        for (name, on_trial) in on_trial {
            self.judge_one(&releases, &name, &on_trial).await;
        }
    }

    async fn judge_one(&self, releases: &Arc<Releases>, name: &str, on_trial: &OnTrial) {
        let trial = &on_trial.trial;
        let release = trial.release();
        // Without the lock, an order or a rule could come between the decision and its commit.
        let _committing = self.committing.take(name).await;
        let is_it = |it: &OnTrial| Arc::ptr_eq(&it.trial, trial);
        let running = self.bff(name).ok().and_then(|(bff, _)| bff.on_trial());
        if !running.as_ref().is_some_and(is_it) {
            return;
        }
        let change = match trial.decide() {
            Verdict::Wait(_) | Verdict::Inconclusive(_) | Verdict::Paused => return,
            Verdict::Advance(percent) => {
                tracing::info!(bff = name, release, percent, "its share grows");
                CanaryChange::Advance {
                    from: trial.step(),
                    evidence: json!(trial.evidence()),
                }
            }
            Verdict::Promote => CanaryChange::Promote {
                reason: None,
                evidence: json!(trial.evidence()),
                order: None,
            },
            Verdict::Back(evidence) => self.back(name, &evidence),
        };
        if let CanaryChange::Back { reason, .. } = &change {
            tracing::error!(bff = name, release, "rolled back: {reason}");
            self.count(name, "rolled-back");
            self.end_now(releases, name, release, change).await;
            return;
        }
        let committed = self.commit(releases, name, Some(release), Some(on_trial), change);
        if let Err(error) = committed.await {
            tracing::warn!(bff = name, release, "its trial does not go on: {error}");
        }
    }

    fn back(&self, name: &str, evidence: &Evidence) -> CanaryChange {
        let flapping = match self.bff(name) {
            Ok((bff, _)) => bff.settings().canary.flapping,
            Err(_) => Duration::ZERO,
        };
        CanaryChange::Back {
            reason: evidence.to_string(),
            evidence: json!(evidence),
            holds: matches!(evidence.rule, Some(Rule::Test(_))),
            flapping: i64::try_from(flapping.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Ends a trial at once, and in the journal as soon as it can be written.
    async fn end_now(&self, releases: &Arc<Releases>, name: &str, release: i64, end: CanaryChange) {
        self.end_trial(name, release);
        let at = SystemTime::now();
        let (store, bff, noting) = (releases.clone(), name.to_owned(), end.clone());
        let noted = blocking(move || {
            store.change_canary(&bff, Some(release), &noting, at)?;
            let live = store.live().ok().and_then(|mut it| it.remove(&bff)?.ok());
            Ok::<_, StoreError>(live.and_then(|it| it.automation_off))
        });
        match noted.await {
            Ok(Ok(Some(why))) => {
                tracing::warn!(
                    bff = name,
                    "canaries keep their first share until tailor hold {name} --off: {why}"
                );
            }
            Ok(Err(error)) if error.is_of_host() => {
                tracing::error!(bff = name, release, "its end is not recorded yet: {error}");
                self.unrecorded.put_end(name, (release, end, at), &error);
                self.unrecorded.again();
            }
            _ => {}
        }
    }

    /// Commits a change of the trial of this release, and does what it says to the one that runs.
    /// One that does not run here yet begins as the journal says.
    async fn commit(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        release: Option<i64>,
        on_trial: Option<&OnTrial>,
        change: CanaryChange,
    ) -> Result<Appended, StoreError> {
        let (store, bff, noting) = (releases.clone(), name.to_owned(), change.clone());
        let (unrecorded, at) = (self.unrecorded.clone(), SystemTime::now());
        let committing = blocking(move || {
            if !noting.is_end() {
                // A rollback that is not in the journal came before.
                unrecorded.record(&store, &bff)?;
            }
            store.change_canary(&bff, release, &noting, at)
        });
        let committed = committing.await.map_err(|_| StoreError::Queue)??;
        let (Appended::New(release), Some(on_trial)) = (committed, on_trial) else {
            return Ok(committed);
        };
        match change {
            // A rule broke while it was committed. What was live serves all, and is live again.
            CanaryChange::Promote { order: None, .. } if on_trial.trial.is_over() => {
                self.end_trial(name, release);
                self.take_back(releases, name).await;
            }
            CanaryChange::Promote { .. } => {
                let loaded = on_trial.version.loaded().clone();
                // It fails for a BFF that a reload took away, or gave a file.
                let _ = self.publish(name, loaded).await;
                tracing::info!(bff = name, release, "promoted");
            }
            CanaryChange::Advance { from, .. } => {
                if on_trial.trial.step() == from {
                    on_trial.trial.advance();
                }
            }
            CanaryChange::Pause { reason, .. } => on_trial.trial.pause(reason.is_some()),
            CanaryChange::Back { .. } | CanaryChange::Abort { .. } => self.end_trial(name, release),
        }
        Ok(committed)
    }
}
