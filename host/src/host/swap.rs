//! A new version of one BFF, from its file to new requests. See [`super::change`] for concurrent
//! changes.

use std::sync::Arc;
use std::time::SystemTime;

use super::change::{Changes, blocking, result};
use super::error::ChangeError;
use super::smoke::smoke;
use crate::bff::error::LoadError;
use crate::bff::load::Loaded;
use crate::bff::look::Look;
use crate::bff::mark::Mark;
use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::downstream::Services;
use crate::releases::Called;
use crate::snapshot::Refusal;

/// The result of an attempt to swap a BFF, before it is live.
pub(super) struct Attempt {
    /// Which content of the file it is; none for what is released.
    look: Option<Look>,
    /// The component.
    pub(super) loaded: Option<Arc<Loaded>>,
    /// The version to publish, if it is another than the live one.
    pub(super) outcome: Result<Option<Arc<Version>>, ChangeError>,
    /// What it called in its smoke request, if one was made.
    pub(super) calls: Option<Called>,
}

impl Changes {
    /// Loads a BFF's component file and publishes it, if it is another than the live version.
    ///
    /// # Errors
    ///
    /// Why the file is refused, once for a file that is written on. The live version goes on, and
    /// the reason is shown in `/bffs`.
    pub async fn swap(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let _lock = self.bff_locks.take(name).await;
        let mut known = None;
        let done = loop {
            let (bff, services) = self.bff(name)?;
            let attempt = self.attempt(&bff, &services, known).await?;
            match self.conclude(name, &bff, attempt) {
                Ok(done) => break done?,
                // A reload has replaced what the attempt began with.
                Err(loaded) => known = loaded,
            }
        };
        let Some(version) = done else {
            return Ok(None);
        };
        self.keep(vec![(name.to_owned(), version.loaded().clone())])
            .await;
        Ok(Some(version.name().to_string()))
    }

    /// Reads a file again that may have changed undetected, and swaps the BFF if it did.
    ///
    /// # Errors
    ///
    /// As [`Self::swap`].
    pub(super) async fn compare(&self, name: &str) -> Result<Option<String>, ChangeError> {
        let lock = self.bff_locks.take(name).await;
        let (bff, _) = self.bff(name)?;
        let Some(path) = bff.settings().component.clone() else {
            return Ok(None);
        };
        let builder = self.builder.clone();
        let look = blocking(move || builder.loader.look(&path).0).await?;
        if bff.looked().is_some_and(|it| it.content == look.content) {
            bff.look_again(look);
            return Ok(None);
        }
        drop(lock);
        self.swap(name).await
    }

    /// Ends the compile of a BFF whose file has changed since, by any change.
    pub(super) fn supersede(&self, bff: &Bff, mark: &Mark) {
        let settings = bff.settings();
        if let Some(component) = &settings.component {
            let loader = &self.builder.loader;
            loader.supersede(&settings.name, component, mark);
        }
    }

    /// Whether a BFF is the live one of its name.
    pub(super) fn is_live(&self, name: &str, bff: &Arc<Bff>) -> bool {
        let snapshot = self.shared.snapshot.load();
        snapshot
            .bffs
            .get(name)
            .is_some_and(|live| Arc::ptr_eq(live, bff))
    }

    pub(super) fn bff(&self, name: &str) -> Result<(Arc<Bff>, Arc<Services>), ChangeError> {
        let snapshot = self.shared.snapshot.load();
        let bff = snapshot.bffs.get(name);
        let bff = bff.ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
        Ok((bff.clone(), snapshot.services.clone()))
    }

    /// `known` is the content of the file at the last read.
    async fn attempt(
        &self,
        bff: &Bff,
        services: &Services,
        known: Option<Arc<Loaded>>,
    ) -> Result<Attempt, ChangeError> {
        let current = bff.current();
        let known = known.or_else(|| current.as_ref().map(|current| current.loaded().clone()));
        let (builder, settings) = (self.builder.clone(), bff.settings().clone());
        let Some(path) = settings.component.clone() else {
            return Err(ChangeError::NoFileOf(settings.name.clone()));
        };
        let looked = bff.looked();
        let loading = blocking(move || {
            let loader = &builder.loader;
            loader.attempt(&settings.name, &path, known.as_ref(), looked.as_ref())
        });
        let (look, loaded) = match loading.await {
            Ok(loaded) => loaded,
            // The same file would end in the same way.
            Err(_) => (self.mark(bff).await?, Err(LoadError::CompilerPanic)),
        };
        Ok(self.tested(bff, services, Some(look), loaded, true).await)
    }

    /// The result of an attempt with what was loaded. `asks` is whether the smoke request is made.
    pub(super) async fn tested(
        &self,
        bff: &Bff,
        services: &Services,
        look: Option<Look>,
        loaded: Result<Arc<Loaded>, LoadError>,
        asks: bool,
    ) -> Attempt {
        let current = bff.current();
        let (loaded, tested) = match loaded {
            Err(error) => (None, Err(error.into())),
            Ok(loaded) => {
                let before = current.as_deref();
                let tested = self.smoke_test(bff, services, loaded.clone(), before, asks);
                (Some(loaded), tested.await)
            }
        };
        let (outcome, calls) = match tested {
            Ok((version, calls)) => (Ok(version), calls),
            Err(error) => (Err(error), None),
        };
        Attempt {
            look,
            loaded,
            outcome,
            calls,
        }
    }

    /// The file that could not be loaded.
    async fn mark(&self, bff: &Bff) -> Result<Look, ChangeError> {
        let path = bff.settings().component.clone();
        let mark = blocking(move || Mark::of(&path?)).await?;
        Ok(Look {
            mark,
            at: SystemTime::now(),
            content: None,
            has_grown: false,
        })
    }

    /// Makes a version of a component and the smoke request to it, unless it is the live one.
    /// `asks` is whether the request is made.
    async fn smoke_test(
        &self,
        bff: &Bff,
        services: &Services,
        loaded: Arc<Loaded>,
        before: Option<&Version>,
        asks: bool,
    ) -> Result<(Option<Arc<Version>>, Option<Called>), ChangeError> {
        if before.is_some_and(|before| before.loaded().digest == loaded.digest) {
            return Ok((None, None));
        }
        let (settings, metrics) = (bff.settings(), bff.metrics());
        let version = self
            .builder
            .version(settings, loaded, services, before, metrics);
        let version = Arc::new(version);
        if !asks {
            return Ok((Some(version), None));
        }
        let passed = smoke(&self.shared.runtime, &version, services, self.caller()).await;
        let calls = passed.map_err(|Refusal { error, again }| ChangeError::Smoke {
            bff: version.bff().to_string(),
            source: error,
            again,
        })?;
        Ok((Some(version), calls))
    }

    /// Publishes the result of an attempt, or records why it is refused. Returns what was loaded
    /// when the BFF was replaced meanwhile.
    #[expect(
        clippy::type_complexity,
        reason = "the result of the change in the result of the attempt"
    )]
    pub(super) fn conclude(
        &self,
        name: &str,
        bff: &Arc<Bff>,
        attempt: Attempt,
    ) -> Result<Result<Option<Arc<Version>>, ChangeError>, Option<Arc<Loaded>>> {
        let _publishing = self.publishing();
        let snapshot = self.shared.snapshot.load();
        let is_live = |live: &Arc<Bff>| Arc::ptr_eq(live, bff);
        if !snapshot.bffs.get(name).is_some_and(is_live) {
            return Err(attempt.loaded);
        }
        let mut is_known = false;
        match attempt.look.clone() {
            // The file may be about to be replaced.
            Some(look) if look.mark.is_none() && bff.current().is_some() => return Ok(Ok(None)),
            Some(look) => {
                is_known = look.has_grown && bff.is_refused();
                bff.look(look);
            }
            None => bff.tried(),
        }
        match attempt.outcome {
            Ok(Some(version)) => {
                bff.publish(version.clone());
                self.count(name, "published");
                Ok(Ok(Some(version)))
            }
            Ok(None) => {
                bff.accept();
                Ok(Ok(None))
            }
            Err(error) => {
                let again = error.is_tried_again();
                // A refused release is in the history, and what is live is what should be.
                if attempt.look.is_some() || bff.current().is_none() {
                    bff.refuse(error.to_string(), again);
                }
                if is_known {
                    tracing::debug!(bff = name, "the file has grown, and is refused: {error}");
                    return Ok(Ok(None));
                }
                self.count(name, result(again));
                Ok(Err(error))
            }
        }
    }
}
