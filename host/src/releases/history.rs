//! What the history tells, and the previews in it: a part of [`Releases`].

use tokio::sync::watch;

use super::Releases;
use super::error::StoreError;
use super::journal::{Event, NewRelease, Release};
use super::preview::Previews;
use super::reach::Reach;
use super::terms::Terms;

impl Releases {
    /// The releases of a BFF, the newest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn list(
        &self,
        bff: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        self.journal.list(bff, before, limit)
    }

    /// One release.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn get(&self, release: i64) -> Result<Option<Release>, StoreError> {
        self.journal.get(release)
    }

    /// Refuses a release that may not begin. Returns the one that the same order has begun before.
    ///
    /// # Errors
    ///
    /// What [`Self::append`] would refuse, as far as that is known, or that the journal cannot be
    /// written.
    pub fn may_begin(&self, terms: &Terms) -> Result<Option<Release>, StoreError> {
        let begun = self.journal.check(terms)?;
        let release = begun.map(|release| self.get(release)).transpose()?;
        Ok(release.flatten())
    }

    /// What the journal knows of a rollback before it is recorded: the release that the same order
    /// has begun before. It is not waited for.
    ///
    /// # Errors
    ///
    /// When something else is live than the order expects, or the journal does not answer.
    pub fn glance(&self, rollback: &NewRelease) -> Result<Option<i64>, StoreError> {
        self.journal.check(&Terms::from(rollback))
    }

    /// How far a component of a BFF reaches, as its last proof found out.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn reach_of(&self, bff: &str, digest: &str) -> Result<Option<Reach>, StoreError> {
        self.journal.reach(bff, digest)
    }

    /// The components of a BFF whose digests begin so, the newest first.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn find(&self, bff: &str, start: &str) -> Result<Vec<String>, StoreError> {
        self.journal.find(bff, start)
    }

    /// What happened to releases after the event of this number, the oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn events(&self, after: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.journal.events(after, limit)
    }

    /// The number of the newest event, 0 if there is none.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn newest_event(&self) -> Result<i64, StoreError> {
        self.journal.newest_event()
    }

    /// Changes after each event. Take it before you read events, and none is missed.
    pub fn happened(&self) -> watch::Receiver<()> {
        self.happened.subscribe()
    }

    /// Whether a component was live as a BFF, as far as the history goes back.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn was_live(&self, bff: &str, digest: &str) -> Result<bool, StoreError> {
        self.journal.was_live(bff, digest)
    }

    /// What can be shown of a BFF.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn previews(&self, bff: &str) -> Result<Previews, StoreError> {
        self.journal.previews(bff)
    }

    /// Ends a preview. Returns its release, if there was one of this name.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    pub fn end_preview(
        &self,
        bff: &str,
        name: &str,
        actor: &str,
    ) -> Result<Option<i64>, StoreError> {
        let ended = self.journal.end_preview(bff, name, actor)?;
        self.told();
        Ok(ended)
    }

    /// Ends the previews whose time is over.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    pub fn expire_previews(&self) -> Result<(), StoreError> {
        if self.journal.expire_previews()? {
            self.told();
        }
        Ok(())
    }
}
