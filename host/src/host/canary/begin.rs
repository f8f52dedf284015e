//! How a trial begins on this host: when its release is proven here, and as the journal says after a
//! start, or where another host has begun it.
//!
//! A component is loaded, which may compile it, before the lock for commits is taken: a rollback
//! waits for that lock. What the journal says is looked at again under it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use crate::bff::load::Loaded;
use crate::bff::swap::Bff;
use crate::bff::trial::{OnTrial, Start, Trial};
use crate::host::candidates::load_released;
use crate::host::change::{Changes, blocking};
use crate::host::lacking::in_load;
use crate::releases::{Canary, CanaryChange, Releases};

impl Changes {
    /// Has a BFF's trial be as the journal says, after an event there.
    pub(in crate::host) async fn follow_canary(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        canary: Option<&Canary>,
    ) -> bool {
        if self.is_so(name, canary) {
            return true;
        }
        // A release of this host is committed a moment before it is on trial.
        drop(self.committing.take(name).await);
        if self.is_so(name, canary) {
            return true;
        }
        let is_missing = |canary: &&Canary| {
            let running = self.bff(name).ok().and_then(|(bff, _)| bff.on_trial());
            let runs = running.is_some_and(|it| it.trial.release() == canary.release);
            !runs && !self.unrecorded.has_ended(name, canary.release)
        };
        let candidate = match canary.filter(is_missing) {
            None => None,
            Some(canary) => match self.candidate(releases, name, canary).await {
                None => return false,
                loaded => loaded,
            },
        };
        let _committing = self.committing.take(name).await;
        self.reconcile(releases, name, candidate).await
    }

    fn is_so(&self, name: &str, canary: Option<&Canary>) -> bool {
        let Ok((bff, _)) = self.bff(name) else {
            return true;
        };
        match (bff.on_trial(), canary) {
            (None, None) => true,
            (Some(it), Some(canary)) => {
                it.trial.release() == canary.release
                    && it.trial.step() == canary.step
                    && it.trial.is_paused() == canary.paused.is_some()
            }
            _ => bff.settings().component.is_some(),
        }
    }

    /// Loads a component on trial, without the lock for commits. `None` if that fails. One that can
    /// never be loaded ends its trial.
    pub(super) async fn candidate(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        canary: &Canary,
    ) -> Option<Arc<Loaded>> {
        let release = canary.release;
        tracing::info!(bff = name, release, "what is on trial is loaded");
        let (store, builder) = (releases.clone(), self.builder.clone());
        let (bff, digest) = (name.to_owned(), canary.digest.clone());
        let loading = blocking(move || load_released(&store, &builder, &bff, &digest, None));
        match loading.await {
            Ok(Ok(loaded)) => Some(loaded),
            Ok(Err(error)) if !in_load(&error) => {
                let end = CanaryChange::Abort {
                    reason: format!("its component cannot be loaded: {error}"),
                    order: None,
                };
                let _committing = self.committing.take(name).await;
                self.end_now(releases, name, release, end).await;
                None
            }
            _ => None,
        }
    }

    /// Has a BFF's trial be as the journal says. The caller has the lock for commits. `loaded` is
    /// the candidate, if it is known: one that is needed and not known has to be loaded first.
    /// Returns whether it succeeded.
    pub(in crate::host) async fn reconcile(
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
            (_, Some(canary)) if self.unrecorded.has_ended(name, canary.release) => true,
            (_, Some(canary)) => match loaded.filter(|it| it.digest == canary.digest) {
                None => false,
                Some(loaded) => {
                    self.begin_trial(name, canary, &loaded);
                    true
                }
            },
        }
    }

    fn begin_trial(&self, name: &str, canary: Canary, loaded: &Arc<Loaded>) {
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
            return;
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
    }

    /// What the journal says is on trial, where nothing is here: just after a start, or where another
    /// host has begun it.
    pub(super) async fn awaited(
        &self,
        releases: &Arc<Releases>,
        bff: &Bff,
        name: &str,
    ) -> Option<Canary> {
        let may_be = !self.has_followed.load(Ordering::Relaxed) || releases.knows_canary(name);
        if bff.on_trial().is_some() || !may_be {
            return None;
        }
        let store = releases.clone();
        let mut live = blocking(move || store.recorded()).await.ok()?.ok()?;
        let canary = live.remove(name)?.ok()?.canary?;
        (!self.unrecorded.has_ended(name, canary.release)).then_some(canary)
    }
}
