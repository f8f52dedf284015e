//! Shadows on a host: their beginning, and the task that runs candidates beside what is live. With
//! it goes the task that makes the texts of recorded requests: both run requests again.

use std::sync::Arc;

use serde_json::Value;

use super::candidates::load_released;
use super::change::{Changes, blocking};
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::recording::unrecorded;
use crate::releases::{OrderError, Releases, ShadowOrder};
use crate::server::code_of;
use crate::shadow::NewShadow;
use crate::snapshot::SharedState;

/// Releases of a BFF in which a component is looked for: more are not kept.
const MAX_RELEASES: usize = 1000;

/// Runs requests again, for recordings and for shadows, for ever.
pub(super) async fn run_again(shared: Arc<SharedState>) {
    let settings = || shared.snapshot.load().config.record.clone();
    let recording = shared.recordings.work(&shared.runtime, settings);
    let live = |name: &str| {
        let bff = shared.snapshot.load().bffs.get(name).cloned();
        let bff = bff.filter(|bff| bff.settings().component.is_none())?;
        bff.current().map(|it| it.loaded().digest.clone())
    };
    let shadowing = shared.shadows.work(&shared.runtime, code_of, live);
    tokio::join!(recording, shadowing);
}

impl Changes {
    /// Begins a shadow, and returns what is live, and its report. It takes requests once its
    /// component is loaded.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub(super) async fn begin_shadow(
        &self,
        order: &ShadowOrder,
    ) -> Result<(Arc<Loaded>, Value), OrderError> {
        let releases = self.releases.clone().ok_or(OrderError::Stopping)?;
        let bff = self.released_bff(&order.bff)?;
        let name = order.bff.clone();
        let cannot = |what: String| OrderError::Shadow {
            bff: name.clone(),
            what,
        };
        let (settings, workers) = {
            let snapshot = self.shared.snapshot.load();
            let config = &snapshot.config;
            (config.releases.shadow.clone(), config.server.workers.get())
        };
        let most = settings.max_duration;
        let lasts = order.lasts.unwrap_or(most.min(ShadowOrder::LASTS));
        if lasts > most {
            let most = humantime::format_duration(most);
            return Err(cannot(format!(
                "a shadow lasts for {most} at most; say a shorter time, or change \
                 releases.shadow.max-duration"
            )));
        }
        let live = bff.current().map(|it| it.loaded().clone());
        let live = live.ok_or_else(|| {
            cannot("nothing is live that it could be compared with; release something".to_owned())
        })?;
        self.check_proven(&releases, order).await?;
        comparable(&live).map_err(cannot)?;
        let began = self.shared.shadows.begin(NewShadow {
            bff: order.bff.clone(),
            candidate: order.digest.clone(),
            lasts,
            sample: order.sample.unwrap_or(settings.sample),
            settings,
            workers,
            metrics: bff.metrics().clone(),
            actor: order.caller.name().to_owned(),
            live: live.clone(),
        });
        let report = began.ok_or(OrderError::TooManyShadows)?;
        let (digest, bff) = (&order.digest, &order.bff);
        tracing::info!(bff, digest, "a shadow begins");
        Ok((live, report))
    }

    /// Loads the component of a shadow. Compiling takes as long as it takes.
    pub(super) async fn load_shadow(&self, order: ShadowOrder, live: Arc<Loaded>) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        let (builder, bff, digest) = (
            self.builder.clone(),
            order.bff.clone(),
            order.digest.clone(),
        );
        let loading =
            blocking(move || load_released(&releases, &builder, &bff, &digest, Some(live)));
        let loaded = loading.await.unwrap_or(Err(LoadError::CompilerPanic));
        let loaded = loaded.map_err(|error| format!("the component is not loaded: {error}"));
        let loaded = loaded.and_then(|it| comparable(&it).map(|()| it));
        let shadows = &self.shared.shadows;
        shadows.loaded(&order.bff, &order.digest, loaded);
    }

    /// Refuses a component that was not proven as this BFF.
    async fn check_proven(
        &self,
        releases: &Arc<Releases>,
        order: &ShadowOrder,
    ) -> Result<(), OrderError> {
        let (releases, bff) = (releases.clone(), order.bff.clone());
        let reading = blocking(move || releases.list(&bff, None, MAX_RELEASES)).await;
        let known = reading.map_err(|_| OrderError::Stopping)??;
        let mut known = known.iter();
        match known.any(|it| it.digest == order.digest && it.state.was_proven()) {
            true => Ok(()),
            false => Err(OrderError::Unproven {
                bff: order.bff.clone(),
                digest: order.digest.clone(),
            }),
        }
    }
}

/// Whether all that a component learns is on a tape.
fn comparable(loaded: &Arc<Loaded>) -> Result<(), String> {
    match unrecorded(loaded) {
        None => Ok(()),
        Some(import) => Err(format!(
            "a component imports {import}, and what that answers is not taped; compare with a canary"
        )),
    }
}
