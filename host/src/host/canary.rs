//! Trials of releases on a host: they begin when a release is proven, go on as their gates decide,
//! and end live or rolled back.
//!
//! What the journal says holds: each change is committed there first, and [`Changes::reconcile`]
//! does what it says. The one exception is an end by a rule or by order, which nothing may delay:
//! the candidate gets no request from then on, and the journal is told when it can be written.

mod orders;
mod plan;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::timeout;

use super::candidates::load_released;
use super::change::{Changes, blocking};
use super::lacking::in_load;
use super::release::{Refused, host, live_in};
use crate::bff::load::Loaded;
use crate::bff::swap::Bff;
use crate::bff::trial::{OnTrial, Start, Trial};
use crate::canary::{Evidence, Rule, Verdict};
use crate::releases::{
    Appended, Canary, CanaryChange, Kind, NewCanary, NewRelease, Releases, Signing, StoreError,
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
            Refused::at("host", StoreError::NoRandom(error.to_string()).to_string())
        })?;
        Ok(Some(NewCanary { plan, salt }))
    }

    /// Has a BFF's trial be as the journal says, after an event there.
    pub(super) async fn follow_canary(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        canary: Option<&Canary>,
    ) -> bool {
        let Ok((bff, _)) = self.bff(name) else {
            return true;
        };
        let is_so = match (bff.on_trial(), canary) {
            (None, None) => true,
            (Some(it), Some(canary)) => {
                it.trial.release() == canary.release
                    && it.trial.step() == canary.step
                    && it.trial.is_paused() == canary.paused.is_some()
            }
            _ => bff.settings().component.is_some(),
        };
        if is_so {
            return true;
        }
        let _committing = self.committing.take(name).await;
        self.reconcile(releases, name, None).await
    }

    /// Has a BFF's trial be as the journal says. The caller has the lock for commits. `loaded` is
    /// the candidate, if it is known. Returns whether it succeeded.
    pub(super) async fn reconcile(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        loaded: Option<Arc<Loaded>>,
    ) -> bool {
        let store = releases.clone();
        // Its copy knows of no trial.
        let Ok(Ok(mut live)) = blocking(move || store.recorded()).await else {
            return false;
        };
        let Some(Ok(live)) = live.remove(name) else {
            return true;
        };
        let Ok((bff, _)) = self.bff(name) else {
            return true;
        };
        match (bff.on_trial(), live.canary) {
            (None, None) => true,
            (Some(it), None) => {
                self.end_trial(name, it.trial.release());
                true
            }
            (Some(it), Some(canary)) if it.trial.release() == canary.release => {
                it.trial.pause(canary.paused.is_some());
                while it.trial.step() < canary.step && it.trial.advance() {}
                true
            }
            (_, Some(canary)) => {
                let is_over = self.unrecorded.has_ended(name, canary.release);
                is_over || self.begin_trial(releases, name, canary, loaded).await
            }
        }
    }

    async fn begin_trial(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        canary: Canary,
        loaded: Option<Arc<Loaded>>,
    ) -> bool {
        let loaded = match loaded.filter(|it| it.digest == canary.digest) {
            Some(loaded) => Ok(loaded),
            None => {
                let (store, builder) = (releases.clone(), self.builder.clone());
                let (bff, digest) = (name.to_owned(), canary.digest.clone());
                let loading =
                    blocking(move || load_released(&store, &builder, &bff, &digest, None));
                match loading.await {
                    Ok(loaded) => loaded,
                    Err(_) => return false,
                }
            }
        };
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) if in_load(&error) => return false,
            Err(error) => {
                let reason = format!("its component cannot be loaded: {error}");
                self.end_now(
                    releases,
                    name,
                    canary.release,
                    CanaryChange::Abort {
                        reason,
                        order: None,
                    },
                )
                .await;
                return true;
            }
        };
        let lasted = SystemTime::now().duration_since(canary.began);
        let start = Start {
            release: canary.release,
            plan: canary.plan,
            step: canary.step,
            salt: canary.salt,
            // The time for which a share is held does not count.
            lasted: match canary.paused {
                Some(_) => Duration::ZERO,
                None => lasted.unwrap_or_default(),
            },
            is_paused: canary.paused.is_some(),
        };
        let Ok(trial) = Trial::new(start, self.broken.clone()) else {
            return true;
        };
        let trial = Arc::new(trial);
        // A reload may replace the BFF meanwhile.
        while let Ok((bff, services)) = self.bff(name) {
            let stable = bff.current();
            let version = self.builder.version(
                bff.settings(),
                loaded.clone(),
                &services,
                stable.as_deref(),
                bff.metrics(),
            );
            let _publishing = self.publishing();
            if self.is_live(name, &bff) {
                bff.try_out(OnTrial {
                    version: Arc::new(version),
                    trial,
                });
                self.count(name, "canary");
                break;
            }
        }
        true
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
        let (store, recording) = (releases.clone(), release.clone());
        let recorded = blocking(move || store.record(&recording)).await;
        if !matches!(recorded, Ok(Ok(_))) {
            self.unrecorded.put(release);
            self.unkept().notify_one();
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
        if let Err(error) = self.commit(releases, name, on_trial, change).await {
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
        let (store, bff, noting) = (releases.clone(), name.to_owned(), end.clone());
        let noted = blocking(move || store.change_canary(&bff, Some(release), &noting)).await;
        if let Ok(Err(error)) = noted
            && error.is_of_host()
        {
            tracing::error!(bff = name, release, "its end is not recorded yet: {error}");
            self.unrecorded.put_end(name, release, end);
            self.unkept().notify_one();
        }
    }

    /// Commits a change, and does what it says.
    async fn commit(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        on_trial: &OnTrial,
        change: CanaryChange,
    ) -> Result<Appended, StoreError> {
        let release = on_trial.trial.release();
        let (store, bff, noting) = (releases.clone(), name.to_owned(), change.clone());
        let committing = blocking(move || store.change_canary(&bff, Some(release), &noting));
        let committed = committing.await.map_err(|_| StoreError::Queue)??;
        if let Appended::Known(_) = committed {
            return Ok(committed);
        }
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

    /// What is on trial. Just after a start, it is looked for in the journal.
    async fn on_trial(&self, releases: &Arc<Releases>, bff: &Bff, name: &str) -> Option<OnTrial> {
        let may_be = !self.has_followed.load(Ordering::Relaxed) || releases.knows_canary(name);
        if bff.on_trial().is_none() && may_be {
            self.reconcile(releases, name, None).await;
        }
        bff.on_trial()
    }
}
