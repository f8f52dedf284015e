//! A release, from its row in the journal to new requests. It takes the same way as a new component
//! file, see [`super::swap`], and has one more step: the journal says that it is live before it is.

use std::sync::Arc;

use super::candidates::load_released;
use super::change::{Changes, blocking};
use super::error::ChangeError;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::releases::{Kind, NewRelease, Outcome, Releases, StoreError, reach};

/// Why a release ended without being live: the step, and the reason.
struct Refused(&'static str, String);

impl Changes {
    /// Proves a release whose row is written, and makes it live. How it ended is in the journal.
    pub(super) async fn release(&self, number: i64, release: NewRelease) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        let bff = release.bff.clone();
        let _lock = self.bff_locks.take(&bff).await;
        match self.prove_and_publish(&releases, number, &release).await {
            Ok(()) => {
                tracing::info!(bff, release = number, digest = release.digest, "released");
                let keep = self.shared.snapshot.load().config.releases.keep;
                self.tidy(keep).await;
                // The code of the live component and of the one before it stays.
                self.keep(Vec::new()).await;
            }
            Err(Refused(step, reason)) => {
                let meanwhile = self.meanwhile(&bff);
                tracing::error!(
                    bff,
                    release = number,
                    step,
                    "the release is refused, {meanwhile}: {reason}"
                );
                let outcome = Outcome::Refused {
                    step: step.to_owned(),
                    reason,
                };
                let noted = blocking(move || releases.finish(number, &outcome)).await;
                if let Ok(Err(error)) = noted {
                    tracing::warn!(
                        bff,
                        release = number,
                        "the refusal is not recorded: {error}"
                    );
                }
            }
        }
    }

    async fn prove_and_publish(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
    ) -> Result<(), Refused> {
        let loaded = self.prove(releases, release).await?;
        let outcome = Outcome::Live {
            expect_live: release.expect_live.clone(),
        };
        let committing = releases.clone();
        blocking(move || committing.finish(number, &outcome))
            .await
            .map_err(host)?
            .map_err(|error| Refused(store_step(&error), error.to_string()))?;
        self.publish(&release.bff, loaded).await?;
        reach("published");
        Ok(())
    }

    /// Loads and tests the component. Under the settings of the configuration that is live at the
    /// end: a reload meanwhile begins the test again.
    async fn prove(
        &self,
        releases: &Arc<Releases>,
        release: &NewRelease,
    ) -> Result<Arc<Loaded>, Refused> {
        let mut known = None;
        loop {
            let (bff, services) = self.bff(&release.bff).map_err(|error| refused(&error))?;
            let live = bff.current().map(|it| it.loaded().clone());
            let (store, builder) = (releases.clone(), self.builder.clone());
            let (name, digest) = (release.bff.clone(), release.digest.clone());
            let known_now = known.take().or(live);
            let loading =
                blocking(move || load_released(&store, &builder, &name, &digest, known_now));
            let loaded = loading.await.unwrap_or(Err(LoadError::CompilerPanic));
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
                        return Ok(loaded);
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

    /// Publishes a component that the journal says is live. Nothing of it can fail: a reload
    /// meanwhile leads to a version under its settings.
    async fn publish(&self, name: &str, loaded: Arc<Loaded>) -> Result<(), Refused> {
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

    /// Removes what is too old.
    pub(super) async fn tidy(&self, keep: usize) {
        if let Some(releases) = self.releases.clone() {
            // It logs its failure, and the next release tries again.
            let _ = blocking(move || releases.tidy(keep)).await;
        }
    }
}

fn refused(error: &ChangeError) -> Refused {
    let step = match error {
        ChangeError::Component(error) => step(error),
        ChangeError::Smoke { .. } => "smoke",
        ChangeError::Unknown(_) => "config",
        _ => "host",
    };
    Refused(step, error.to_string())
}

fn host(error: ChangeError) -> Refused {
    Refused("host", error.to_string())
}

/// The step at which a component is refused.
fn step(error: &LoadError) -> &'static str {
    match error {
        LoadError::TooLarge { .. } => "size",
        LoadError::NotAComponent(_) => "form",
        LoadError::Unfit(_) | LoadError::Link(_) => "world",
        LoadError::Compile(_) | LoadError::CompilerPanic | LoadError::Compiler(_) => "compile",
        LoadError::Smoke(_) => "smoke",
        LoadError::Released(error) => store_step(error),
        LoadError::Unreadable { .. } | LoadError::Unsettled { .. } | LoadError::DataDir(_) => {
            "store"
        }
    }
}

fn store_step(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } => "expect-live",
        StoreError::NoComponent(_) | StoreError::Damaged(_) => "digest",
        _ => "store",
    }
}
