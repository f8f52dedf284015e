//! A release that is shown under a name, and is not live.

use std::sync::Arc;
use std::time::Duration;

use super::reach::reach_now;
use super::refused::{Refused, host, refused, store_step};
use crate::bff::load::Loaded;
use crate::config::show_duration;
use crate::host::change::{Changes, blocking};
use crate::host::error::ChangeError;
use crate::host::preview::settings::shown;
use crate::host::smoke::smoke;
use crate::preview::PreviewHost;
use crate::releases::{
    Called, NewPreview, NewRelease, Order, OrderError, Outcome, Releases, WantedPreview, reach,
};
use crate::snapshot::Refusal;

impl Changes {
    /// The preview of an order, if it is one for a preview.
    ///
    /// # Errors
    ///
    /// When the host shows none, or not so.
    pub(in crate::host) fn preview_of(
        &self,
        order: &Order,
    ) -> Result<Option<NewPreview>, OrderError> {
        let wanted = order.preview.as_ref();
        let preview = wanted.map(|wanted| self.preview_as(&order.bff, wanted));
        preview.transpose()
    }

    fn preview_as(&self, bff: &str, wanted: &WantedPreview) -> Result<NewPreview, OrderError> {
        let wrong = |what: String| OrderError::Preview {
            bff: bff.to_owned(),
            what,
        };
        let snapshot = self.shared.snapshot.load();
        let Some(settings) = &snapshot.config.releases.preview else {
            let what = "this host shows no previews; add [releases.preview] to its configuration";
            return Err(wrong(what.to_owned()));
        };
        let name = &wanted.name;
        if settings.site.is_some() && (PreviewHost { name, bff }.label().is_none()) {
            let what = format!("{name}--{bff} is too long for a host name; take a shorter name");
            return Err(wrong(what));
        }
        let lifetime = wanted.lifetime.unwrap_or(settings.lifetime);
        if lifetime > settings.max_lifetime {
            let max = show_duration(settings.max_lifetime);
            let what = format!(
                "expires_in is longer than releases.preview.max-lifetime; write {max} or less"
            );
            return Err(wrong(what));
        }
        // A clock that steps by less than that does not end it.
        let lifetime = lifetime.max(Duration::from_secs(1));
        Ok(NewPreview {
            name: name.clone(),
            lifetime,
            most: settings.names,
        })
    }

    /// Proves a release, and gives it its name.
    pub(super) async fn prove_and_show(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
    ) -> Result<(), Refused> {
        let Some(preview) = release.preview.clone() else {
            return Ok(());
        };
        let (loaded, calls) = self.load_and_ask(releases, number, release).await?;
        let reach = reach_now(releases, release, &loaded, calls).await?;
        let (store, name) = (releases.clone(), preview.name.clone());
        let outcome = Outcome::Preview { reach, preview };
        let committing = blocking(move || store.finish(number, &outcome));
        committing
            .await
            .map_err(host)?
            .map_err(|error| Refused::at(store_step(&error), error.to_string()))?;
        let (bff, digest) = (&release.bff, &release.digest);
        tracing::info!(bff, release = number, digest, preview = name, "previewed");
        Ok(())
    }

    /// Loads the component, and makes the smoke request as a preview would get it: with calls that
    /// change nothing, and beside the live version, of which it says nothing.
    async fn load_and_ask(
        &self,
        releases: &Arc<Releases>,
        number: i64,
        release: &NewRelease,
    ) -> Result<(Arc<Loaded>, Option<Called>), Refused> {
        let (bff, services) = self.bff(&release.bff).map_err(|error| refused(&error))?;
        self.prove_signature(releases, number, release, &bff)
            .await?;
        let live = bff.current().map(|it| it.loaded().clone());
        let loaded = self.load(releases, release, live).await;
        reach("loaded");
        let loaded = loaded.map_err(|error| refused(&error.into()))?;
        let config = self.shared.snapshot.load().config.clone();
        let settings = config.releases.preview.clone().unwrap_or_default();
        let settings = Arc::new(shown(&config, &settings, bff.settings()));
        let version = self
            .builder
            .unpublished(&settings, loaded.clone(), &services);
        let version = Arc::new(version);
        let asked = smoke(&self.shared.runtime, &version, &services, self.caller());
        let calls = asked.await.map_err(|Refusal { error, again }| {
            refused(&ChangeError::Smoke {
                bff: release.bff.clone(),
                source: error,
                again,
            })
        })?;
        reach("proven");
        Ok((loaded, calls))
    }
}
