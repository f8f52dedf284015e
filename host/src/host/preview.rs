//! The versions of previews: found in the journal, loaded when they are asked for, and kept in
//! memory for as long as they are.
//!
//! A client may send any number of texts as tokens and as names. What the journal says is therefore
//! kept for a second, so that such requests cost it a few questions a second.

pub(super) mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use self::settings::shown;
use super::bff_locks::BffLocks;
use super::candidates::load_released;
use crate::bff::load::Loaded;
use crate::bff::swap::Bff;
use crate::bff::version::Version;
use crate::config;
use crate::file::TIMEOUT;
use crate::releases::{self, Caller, Releases, Scope, StoreError, Token, TokenError};
use crate::snapshot::{Builder, Later, PreviewError, PreviewOf, Previews};
use crate::sync;

/// How long what the journal says is taken for true.
const FRESH: Duration = Duration::from_secs(1);
/// How long it is taken for true that a token or a name is not known: it may be new.
const UNKNOWN: Duration = Duration::from_millis(100);
/// How long what it said before is taken where it does not answer.
const STALE: Duration = Duration::from_secs(60);
/// The pause after which a component that could not be loaded is loaded again.
const AGAIN: Duration = Duration::from_secs(10);
/// The pause after which it is recorded again that a token is used.
const NOTED: Duration = Duration::from_secs(60);

/// The previews of a host.
pub(super) struct HostPreviews(Arc<Inner>);

struct Inner {
    releases: Arc<Releases>,
    builder: Arc<Builder>,
    /// Where files are read and components are compiled.
    event_loop: Handle,
    listings: Mutex<HashMap<String, Listing>>,
    /// The last used one is the last.
    versions: Mutex<Vec<Entry>>,
    /// One question of the journal at a time.
    asking: tokio::sync::Mutex<()>,
    /// One version of a BFF at a time.
    loading: BffLocks,
    /// The components that could not be loaded, and when that was.
    failed: Mutex<Vec<(String, Instant)>>,
    /// When it was recorded last that a token is used.
    noted: Mutex<HashMap<String, Instant>>,
}

/// What can be shown of a BFF, as the journal said.
struct Listing {
    read: Instant,
    /// Has changed if this host has recorded something since.
    happened: watch::Receiver<()>,
    previews: Result<Arc<releases::Previews>, StoreError>,
}

impl Listing {
    /// Whether a preview may have begun or ended here since.
    fn is_outdated(&self) -> bool {
        self.happened.has_changed().unwrap_or_default()
    }
}

/// A version in memory.
struct Entry {
    version: Arc<Version>,
    /// The settings that it was made under.
    settings: Arc<config::Bff>,
    used: Instant,
}

impl HostPreviews {
    /// To be called on the event loop on whose threads files are read.
    pub(super) fn shared(releases: &Arc<Releases>, builder: &Arc<Builder>) -> Arc<dyn Previews> {
        let inner = Inner {
            releases: releases.clone(),
            builder: builder.clone(),
            event_loop: Handle::current(),
            listings: Mutex::default(),
            versions: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            loading: BffLocks::default(),
            failed: Mutex::default(),
            noted: Mutex::default(),
        };
        Arc::new(Self(Arc::new(inner)))
    }
}

impl Previews for HostPreviews {
    fn admit(&self, token: Option<String>, bff: String) -> Later<()> {
        let inner = self.0.clone();
        Box::pin(async move {
            let text = token.ok_or(TokenError::Missing)?;
            let token = inner.token(&text).await?;
            inner.note_use(&token);
            let caller = Caller::Token(token);
            match caller.knows(&bff) && caller.may(Scope::Preview) {
                true => Ok(()),
                false => Err(PreviewError::Scope),
            }
        })
    }

    fn version(&self, of: PreviewOf, name: String) -> Later<Arc<Version>> {
        let inner = self.0.clone();
        Box::pin(async move { inner.version(&of, &name).await })
    }

    fn forget(&self, unused: Duration) {
        let mut versions = sync::lock(&self.0.versions);
        versions.retain(|it| it.used.elapsed() < unused);
    }
}

impl Inner {
    /// The token of a text.
    async fn token(&self, text: &str) -> Result<Token, PreviewError> {
        let recognize = |within| self.releases.recognize(text, within);
        match recognize(FRESH) {
            Some(Err(TokenError::Unknown)) | None => {}
            Some(known) => return Ok(known?),
        }
        let Some(_one) = turn(&self.asking, || recognize(STALE).is_some()).await? else {
            return recognize(STALE)
                .unwrap_or(Err(TokenError::Unknown))
                .map_err(Into::into);
        };
        // Somebody else may have asked meanwhile.
        if let Some(known) = recognize(UNKNOWN) {
            return Ok(known?);
        }
        let releases = self.releases.clone();
        let reading = self
            .event_loop
            .spawn_blocking(move || releases.read_tokens());
        let read = reading.await.map_err(|_| PreviewError::Load)?;
        match recognize(STALE) {
            Some(known) => Ok(known?),
            None => Err(PreviewError::Store(read.err().unwrap_or(StoreError::Queue))),
        }
    }

    /// Records that a token is used, beside the request: a disk that takes no writes is no reason
    /// to show nothing.
    fn note_use(&self, token: &Token) {
        if token.is_used_this_hour() {
            return;
        }
        let mut noted = sync::lock(&self.noted);
        noted.retain(|_, at| at.elapsed() < NOTED);
        if noted.insert(token.id.clone(), Instant::now()).is_some() {
            return;
        }
        let (releases, id) = (self.releases.clone(), token.id.clone());
        // Nobody waits for it, and a failure makes no difference here.
        drop(self.event_loop.spawn_blocking(move || releases.used(&id)));
    }

    async fn version(&self, of: &PreviewOf, preview: &str) -> Result<Arc<Version>, PreviewError> {
        let name = &of.bff.settings().name;
        let unknown = || PreviewError::Unknown {
            bff: name.clone(),
            name: preview.to_owned(),
        };
        // One with a file has no releases.
        if of.bff.settings().component.is_some() {
            return Err(unknown());
        }
        let mut listing = self.listing(name, FRESH).await?;
        if listing.find(preview, SystemTime::now()).is_none() {
            listing = self.listing(name, UNKNOWN).await?;
        }
        let digest = listing.find(preview, SystemTime::now());
        let digest = digest.ok_or_else(unknown)?;
        if let Some(version) = self.known(&of.bff, digest) {
            return Ok(version);
        }
        let Some(settings) = &of.config.releases.preview else {
            return Err(unknown());
        };
        let loading = self.load(of, settings, digest);
        let loaded = timeout(settings.load_timeout, loading).await;
        loaded.unwrap_or(Err(PreviewError::Slow))
    }

    /// What can be shown of a BFF. An older answer is better than none.
    async fn listing(
        &self,
        bff: &str,
        within: Duration,
    ) -> Result<Arc<releases::Previews>, PreviewError> {
        let fresh = |it: &Listing| it.read.elapsed() <= within && !it.is_outdated();
        let older = |it: &Listing| it.read.elapsed() <= STALE;
        if let Some(fresh) = self.listed(bff, fresh) {
            return fresh;
        }
        let Some(_one) = turn(&self.asking, || self.listed(bff, older).is_some()).await? else {
            return self.listed(bff, older).unwrap_or(Err(PreviewError::Slow));
        };
        if let Some(fresh) = self.listed(bff, fresh) {
            return fresh;
        }
        let (releases, name) = (self.releases.clone(), bff.to_owned());
        let happened = self.releases.happened();
        let asking = self
            .event_loop
            .spawn_blocking(move || releases.previews(&name));
        let previews = asking.await.map_err(|_| PreviewError::Load)?.map(Arc::new);
        if let Err(error) = &previews {
            tracing::error!(bff, "the previews cannot be read: {error}");
        }
        // Only BFFs of the configuration get here, so that there are not more of them.
        let mut listings = sync::lock(&self.listings);
        let before = listings.remove(bff).and_then(|it| it.previews.ok());
        let previews = match (previews, before) {
            (Err(_), Some(before)) => Ok(before),
            (previews, _) => previews,
        };
        let listing = Listing {
            read: Instant::now(),
            happened,
            previews: previews.clone(),
        };
        listings.insert(bff.to_owned(), listing);
        previews.map_err(PreviewError::Store)
    }

    fn listed(
        &self,
        bff: &str,
        is_good: impl Fn(&Listing) -> bool,
    ) -> Option<Result<Arc<releases::Previews>, PreviewError>> {
        let listings = sync::lock(&self.listings);
        let listing = listings.get(bff).filter(|it| is_good(it))?;
        Some(listing.previews.clone().map_err(PreviewError::Store))
    }

    /// The version, if it is in memory.
    fn known(&self, bff: &Bff, digest: &str) -> Option<Arc<Version>> {
        let mut versions = sync::lock(&self.versions);
        let is_it = |it: &Entry| {
            Arc::ptr_eq(&it.settings, bff.settings()) && it.version.loaded().digest == digest
        };
        let found = versions.iter().position(is_it)?;
        let mut entry = versions.remove(found);
        entry.used = Instant::now();
        let version = entry.version.clone();
        versions.push(entry);
        Some(version)
    }

    /// Loads a version, one at a time. It goes on when nobody waits for it any more.
    async fn load(
        &self,
        PreviewOf {
            bff,
            services,
            config,
        }: &PreviewOf,
        settings: &config::Preview,
        digest: &str,
    ) -> Result<Arc<Version>, PreviewError> {
        let name = &bff.settings().name;
        let turn = self.loading.take(name).await;
        if let Some(version) = self.known(bff, digest) {
            return Ok(version);
        }
        if self.has_failed(digest) {
            return Err(PreviewError::Load);
        }
        let known = self.linked(bff, digest);
        let (releases, builder) = (self.releases.clone(), self.builder.clone());
        let (bff_name, wanted) = (name.clone(), digest.to_owned());
        let loading = self.event_loop.spawn_blocking(move || {
            let loaded = load_released(&releases, &builder, &bff_name, &wanted, known);
            drop(turn);
            loaded
        });
        let loaded = match loading.await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => {
                tracing::error!(bff = name, digest, "a preview cannot be loaded: {error}");
                let mut failed = sync::lock(&self.failed);
                failed.push((digest.to_owned(), Instant::now()));
                return Err(PreviewError::Load);
            }
            Err(_) => return Err(PreviewError::Load),
        };
        let shown = Arc::new(shown(config, settings, bff.settings()));
        let version = Arc::new(self.builder.unpublished(&shown, loaded, services));
        let mut versions = sync::lock(&self.versions);
        versions.push(Entry {
            version: version.clone(),
            settings: bff.settings().clone(),
            used: Instant::now(),
        });
        let more = versions.len().saturating_sub(settings.max_loaded);
        versions.drain(..more);
        Ok(version)
    }

    /// Whether a component could not be loaded a moment ago.
    fn has_failed(&self, digest: &str) -> bool {
        let mut failed = sync::lock(&self.failed);
        failed.retain(|(_, at)| at.elapsed() < AGAIN);
        failed.iter().any(|(it, _)| it == digest)
    }

    /// The component, if it is linked for something else.
    fn linked(&self, bff: &Bff, digest: &str) -> Option<Arc<Loaded>> {
        let of = |version: Arc<Version>| version.loaded().clone();
        let on_trial = bff.on_trial().map(|it| it.version);
        let linked = [
            bff.current().map(of),
            bff.previous(),
            on_trial.map(of),
            self.loaded(digest),
        ];
        let mut linked = linked.into_iter().flatten();
        linked.find(|it| it.digest == digest)
    }

    /// The component of a version under settings that are no longer live.
    fn loaded(&self, digest: &str) -> Option<Arc<Loaded>> {
        let versions = sync::lock(&self.versions);
        let mut loaded = versions.iter().map(|it| it.version.loaded());
        loaded.find(|it| it.digest == digest).cloned()
    }
}

/// The right to ask the journal; `None` where it does not answer who has that, and an older answer
/// will do. That is waited for first: a token may be revoked since.
async fn turn(
    asking: &tokio::sync::Mutex<()>,
    has_older: impl Fn() -> bool,
) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, PreviewError> {
    let wait = if has_older() { FRESH } else { TIMEOUT };
    match timeout(wait, asking.lock()).await {
        Ok(turn) => Ok(Some(turn)),
        Err(_) if has_older() => Ok(None),
        Err(_) => Err(PreviewError::Slow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_older_answer_is_taken_only_where_the_journal_does_not_answer() {
        let asking = tokio::sync::Mutex::new(());
        let answers = async {
            let turn = asking.lock().await;
            tokio::time::sleep(FRESH / 2).await;
            drop(turn);
        };
        let waits = async {
            let turn = turn(&asking, || true).await;
            assert!(turn.expect("there is an older answer").is_some());
        };
        tokio::join!(answers, waits);
        let _never = asking.lock().await;
        let older = turn(&asking, || true).await;
        assert!(older.expect("there is an older answer").is_none());
        let none = turn(&asking, || false).await;
        assert!(matches!(none, Err(PreviewError::Slow)));
    }
}
