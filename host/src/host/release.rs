//! A release, from its row in the journal to new requests. It takes the same way as a new component
//! file, see [`super::swap`], and has one more step: the journal says that it is live before it is.

mod preview;
mod reach;
mod refused;
mod signature;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::reach::{known_reach, reach_now, reach_of};
pub(super) use self::refused::{Refused, host};
use self::refused::{refused, store_step};
use super::bff_locks::BffLock;
use super::candidates::load_released;
use super::change::{Changes, blocking};
use super::error::ChangeError;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::releases::{
    Called, Kind, NewRelease, Outcome, Reach, Releases, Step, StoreError, reach,
};
use crate::sync;

/// How long a release that is proven waits for a lock on the journal.
const LOCKED: Duration = Duration::from_secs(5);

impl Changes {
    /// Proves a release whose row is written, and makes it live. How it ended is in the journal.
    pub(super) async fn release(&self, number: i64, release: NewRelease) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        let bff = release.bff.clone();
        if release.kind == Kind::Preview {
            let _lock = self.previewing.take(&bff).await;
            let proven = self.prove_and_show(&releases, number, &release).await;
            return match proven {
                Ok(()) => self.tidied().await,
                Err(refused) => self.refuse(&releases, number, &bff, refused).await,
            };
        }
        let _lock = self.bff_locks.take(&bff).await;
        let proven = match self.newer(&bff, number) {
            // Its author has sent another one, and compiling this one would only delay that.
            Some(newer) => Err(Refused::at(
                Step::Superseded,
                format!("release {newer} was ordered while this one waited"),
            )),
            None => self.prove_and_publish(&releases, number, &release).await,
        };
        self.ended(&bff, number);
        match proven {
            Ok(is_canary) => {
                let digest = &release.digest;
                match is_canary {
                    true => tracing::info!(bff, release = number, digest, "on trial"),
                    false => tracing::info!(bff, release = number, digest, "released"),
                }
                let keep = self.shared.snapshot.load().config.releases.keep;
                self.tidy(keep).await;
                // The code of the live component and of the one before it stays.
                self.keep(Vec::new()).await;
            }
            Err(refused) => self.refuse(&releases, number, &bff, refused).await,
        }
    }

    /// Records why a release ended without being live.
    async fn refuse(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        bff: &str,
        Refused {
            step,
            reason,
            growth,
        }: Refused,
    ) {
        let meanwhile = self.meanwhile(bff);
        tracing::error!(
            bff,
            release = number,
            step = step.name(),
            "the release is refused, {meanwhile}: {reason}"
        );
        let outcome = Outcome::Refused {
            step: step.name().to_owned(),
            reason,
            growth,
        };
        let (store, noting) = (releases.clone(), outcome.clone());
        let noted = blocking(move || store.finish(number, &noting)).await;
        if let Ok(Err(error)) = noted {
            self.unrecorded.put_refusal(number, outcome);
            self.unrecorded.again();
            tracing::warn!(
                bff,
                release = number,
                "the refusal is not recorded yet: {error}"
            );
        }
    }

    /// Records that a release waits.
    pub(super) fn waits(&self, bff: &str, number: i64) {
        let mut newest = sync::lock(&self.newest);
        let newest = newest.entry(bff.to_owned()).or_default();
        *newest = number.max(*newest);
    }

    /// Forgets a release that has ended. A later one of a new journal may have a lower number.
    fn ended(&self, bff: &str, number: i64) {
        let mut newest = sync::lock(&self.newest);
        if newest.get(bff) == Some(&number) {
            newest.remove(bff);
        }
    }

    /// A release of the BFF that was ordered after this one.
    fn newer(&self, bff: &str, number: i64) -> Option<i64> {
        let newest = sync::lock(&self.newest).get(bff).copied();
        newest.filter(|newest| *newest > number)
    }

    /// Returns whether it is on trial.
    async fn prove_and_publish(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
    ) -> Result<bool, Refused> {
        let (loaded, calls) = self.prove(releases, number, release).await?;
        let reach_now = reach_now(releases, release, &loaded, calls).await?;
        if release.kind == Kind::Deploy {
            self.consent(releases, release, &reach_now).await?;
        }
        let expect_live = release.expect_live.clone();
        let canary = self.new_canary(releases, release).await?;
        let is_canary = canary.is_some();
        let outcome = match canary {
            Some(canary) => Outcome::Canary {
                expect_live,
                reach: reach_now,
                canary,
            },
            None => Outcome::Live {
                expect_live,
                reach: reach_now,
            },
        };
        let _lock = self
            .commit_release(releases, number, release, outcome)
            .await?;
        if is_canary {
            let begun = self.reconcile(releases, &release.bff, Some(loaded)).await;
            if !begun {
                releases.tell_again();
            }
        } else {
            self.publish(&release.bff, loaded).await?;
        }
        reach("published");
        Ok(is_canary)
    }

    /// Records that a release is live, or on trial. Returns the lock under which it is published.
    /// While another program holds a lock on the journal, rollbacks have their turns in between.
    async fn commit_release(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
        outcome: Outcome,
    ) -> Result<BffLock, Refused> {
        let begun = Instant::now();
        loop {
            let lock = self.committing.take(&release.bff).await;
            let (store, unrecorded) = (releases.clone(), self.unrecorded.clone());
            let (bff, outcome) = (release.bff.clone(), outcome.clone());
            let committing = blocking(move || {
                // A rollback that is not in the journal came after this release was begun.
                unrecorded.record(&store, &bff)?;
                store.finish(number, &outcome)
            });
            match committing.await.map_err(host)? {
                Ok(()) => return Ok(lock),
                Err(StoreError::Locked { .. }) if begun.elapsed() < LOCKED => {}
                Err(error) => return Err(Refused::at(store_step(&error), error.to_string())),
            }
        }
    }

    /// Loads and tests the component. Under the settings of the configuration that is live at the
    /// end: a reload meanwhile begins the test again.
    async fn prove(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
    ) -> Result<(Arc<Loaded>, Option<Called>), Refused> {
        let mut known = None;
        loop {
            let (bff, services) = self.bff(&release.bff).map_err(|error| refused(&error))?;
            self.prove_signature(releases, number, release, &bff)
                .await?;
            let live = bff.current().map(|it| it.loaded().clone());
            let loaded = self.load(releases, release, known.take().or(live)).await;
            reach("loaded");
            // What was live before has answered clients: a service that fails now is no reason to
            // stay with a worse one.
            let asks = release.kind == Kind::Deploy;
            let attempt = self.tested(&bff, &services, None, loaded, asks).await;
            match (&attempt.outcome, &attempt.loaded) {
                (Ok(_), Some(loaded)) => {
                    let loaded = loaded.clone();
                    if self.is_live(&release.bff, &bff) {
                        reach("proven");
                        return Ok((loaded, attempt.calls));
                    }
                    known = Some(loaded);
                }
                _ => match self.conclude(&release.bff, &bff, attempt) {
                    Ok(Err(error)) => return Err(refused(&error)),
                    Ok(Ok(_)) => return Err(host(ChangeError::Panic)),
                    Err(loaded) => known = loaded,
                },
            }
        }
    }

    /// Loads the component of a release; `known` is taken again if it is the same.
    async fn load(
        &self,
        releases: &Arc<Releases>,
        release: &NewRelease,
        known: Option<Arc<Loaded>>,
    ) -> Result<Arc<Loaded>, LoadError> {
        let (store, builder) = (releases.clone(), self.builder.clone());
        let (name, digest) = (release.bff.clone(), release.digest.clone());
        let loading = blocking(move || {
            // What runs says nothing of the file that a restart finds.
            store.check(&digest, builder.loader.max_size())?;
            load_released(&store, &builder, &name, &digest, known)
        });
        loading.await.unwrap_or(Err(LoadError::CompilerPanic))
    }

    /// Refuses a component that reaches further than what is live, unless the operator has
    /// consented to that.
    async fn consent(
        &self,
        releases: &Arc<Releases>,
        release: &NewRelease,
        to: &Reach,
    ) -> Result<(), Refused> {
        let (bff, _) = self.bff(&release.bff).map_err(|error| refused(&error))?;
        // Nothing is compared with the first release: the operator has granted what is granted.
        if bff.is_carried() {
            return Ok(());
        }
        let running = bff.current().map(|it| it.loaded().clone());
        // What is live may be damaged, and not run. The journal has its reach still.
        let live = match &running {
            Some(loaded) => Some(loaded.digest.clone()),
            None => live_in(releases, &release.bff).await?,
        };
        let Some(live) = live.filter(|live| *live != release.digest) else {
            return Ok(());
        };
        // An older host wrote no reach, and a damaged row has none.
        let known = known_reach(releases, &release.bff, &live).await?;
        let Some(from) = known.or_else(|| Some(reach_of(running.as_deref()?, None))) else {
            return Ok(());
        };
        let difference = from.difference(&live, to, &release.digest);
        let consented = release.consent.as_deref() == Some(&*difference.consent);
        if difference.grows.is_empty() || consented {
            return Ok(());
        }
        let (growth, consent) = (difference.growth(), &difference.consent);
        Err(Refused {
            step: Step::Consent,
            reason: format!(
                "bff.{}: it reaches further than what is live: {growth}; the operator may release \
                 it with consent \"{consent}\"",
                release.bff
            ),
            growth: Some(Box::new((to.clone(), difference))),
        })
    }

    /// Publishes a component that the journal says is live. Nothing of it can fail: a reload
    /// meanwhile leads to a version under its settings.
    pub(super) async fn publish(&self, name: &str, loaded: Arc<Loaded>) -> Result<(), Refused> {
        loop {
            let (bff, services) = self.bff(name).map_err(|error| refused(&error))?;
            if bff.settings().component.is_some() {
                return Err(refused(&ChangeError::Unknown(name.to_owned())));
            }
            let attempt = self.tested(&bff, &services, None, Ok(loaded.clone()), false);
            if self.conclude(name, &bff, attempt.await).is_ok() {
                return Ok(());
            }
        }
    }

    /// Removes what is too old, after an order.
    pub(super) async fn tidied(&self) {
        let keep = self.shared.snapshot.load().config.releases.keep;
        self.tidy(keep).await;
    }

    /// Removes what is too old.
    pub(super) async fn tidy(&self, keep: usize) {
        if let Some(releases) = self.releases.clone() {
            // It logs its failure, and the next release tries again.
            let _ = blocking(move || releases.tidy(keep)).await;
        }
    }
}

/// The component that is live, as the journal has it.
pub(super) async fn live_in(
    releases: &Arc<Releases>,
    bff: &str,
) -> Result<Option<String>, Refused> {
    let (store, bff) = (releases.clone(), bff.to_owned());
    let reading = blocking(move || store.live().map(|mut live| live.remove(&bff))).await;
    let live = reading.map_err(host)?;
    let live = live.map_err(|error| Refused::at(store_step(&error), error.to_string()))?;
    Ok(live.and_then(Result::ok).map(|live| live.digest))
}
