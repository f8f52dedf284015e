//! Components that are released to a running host: their bytes, their history, and which of them is
//! live.
//!
//! The folder `releases` of the data directory has all of it: `<sha256>.wasm` for each component,
//! `journal.db` ([`sqlite`]) for what was released and what is live, and `live.json` with the last
//! good copy of what is live, for the day on which the journal cannot be read.
//!
//! A release goes one way: the bytes are on the disk, then its row, then the component is proven,
//! then one transaction moves the live pointer. That is the commit point: a host that ends before
//! it starts with the old version, and after it with the new one.
//!
//! All of it blocks: no event loop may call it. Nothing is opened before it is used, so that a host
//! without releases has no such folder.

mod access;
mod error;
mod files;
mod history;
mod journal;
mod kept;
mod new_token;
mod order;
mod place;
mod points;
mod preview;
mod reach;
mod signed;
mod signing;
mod sqlite;
mod terms;
mod token;
mod trial;
mod way_out;
mod who;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

pub use access::{Access, Act, Caller, Exchange, Rights, Scope, Token, TokenError};
pub use error::StoreError;
pub use files::{Part, Stored};
pub use journal::{Appended, Event, Journal, Live, LiveByBff, NewRelease, Outcome, Release, State};
pub use new_token::{NewToken, NewTokenError, WrittenToken};
pub use order::{
    Answer, Begun, CanaryAct, CanaryOrder, Expected, FirstShare, Order, OrderError, Orders, Target,
    WantedPreview,
};
pub(crate) use points::reach;
pub use preview::{NewPreview, Preview, Previews};
pub use reach::{Called, Changed, Reach, ReachDifference};
pub use signing::Signing;
pub use terms::{Kind, Terms};
pub use token::token_id;
pub use trial::{Canary, CanaryChange, NewCanary, Ordered, ShadowOrder};
pub use way_out::{Step, parted, way_out};

use crate::sync;
use files::Components;
use kept::LiveFile;
use sqlite::SqliteJournal;

/// Pause after which a journal that failed is read again.
const AGAIN: Duration = Duration::from_secs(10);

/// The releases of a host.
pub struct Releases {
    journal: Arc<dyn Journal>,
    access: Arc<dyn Access>,
    components: Components,
    live_file: LiveFile,
    /// What the journal said last.
    known: Mutex<LiveByBff>,
    /// The tokens that were read last, for the day that they cannot be.
    tokens: Mutex<who::KnownTokens>,
    /// The event up to which [`Self::news`] has told.
    seen: AtomicI64,
    /// Why the journal could not be read the last time, and when. It is logged once.
    trouble: Mutex<Option<(StoreError, Instant)>>,
    tidying: Mutex<()>,
    /// Changes after each event.
    happened: watch::Sender<()>,
}

impl Releases {
    /// The releases in a data directory.
    pub fn new(data_dir: &Path) -> Self {
        let journal = Arc::new(SqliteJournal::new(data_dir));
        Self {
            access: journal.clone(),
            journal,
            components: Components::new(data_dir),
            live_file: LiveFile::new(data_dir),
            known: Mutex::default(),
            tokens: Mutex::default(),
            seen: AtomicI64::new(-1),
            trouble: Mutex::default(),
            tidying: Mutex::default(),
            happened: watch::Sender::new(()),
        }
    }

    /// What is live, by BFF, or why that cannot be said of one. A journal that cannot be read is
    /// logged, and the copy beside it is taken in its place.
    ///
    /// # Errors
    ///
    /// When the copy cannot be read either.
    pub fn live(&self) -> Result<LiveByBff, StoreError> {
        let live = match self.read_live() {
            Ok(live) => live,
            Err(error) => {
                let live = self.live_file.read();
                live.map_err(|copy| error.without_copy(&copy))?
            }
        };
        self.known().clone_from(&live);
        Ok(live)
    }

    /// What is live, as the journal alone says.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn recorded(&self) -> Result<LiveByBff, StoreError> {
        self.journal.live()
    }

    /// Whether a release of a BFF was on trial when this was read the last time.
    pub fn knows_canary(&self, bff: &str) -> bool {
        let known = self.known();
        let live = known.get(bff).and_then(|live| live.as_ref().ok());
        live.is_some_and(|live| live.canary.is_some())
    }

    /// What the journal says is live. A journal that has just failed is not asked again at once: a
    /// lock is waited for, and there may be many BFFs.
    fn read_live(&self) -> Result<LiveByBff, StoreError> {
        let before = sync::lock(&self.trouble).clone();
        if let Some((error, at)) = &before
            && at.elapsed() < AGAIN
        {
            return Err(error.clone());
        }
        // Not under the lock, which pages of health take.
        let live = self.journal.live();
        let trouble = live.as_ref().err().map(|it| (it.clone(), Instant::now()));
        if let (None, Some((error, _))) = (&before, &trouble) {
            tracing::error!("{error}; what is live is taken from {}", kept::NAME);
        }
        *sync::lock(&self.trouble) = trouble;
        live
    }

    /// Why the journal cannot be read, if it could not the last time.
    pub fn trouble(&self) -> Option<StoreError> {
        let trouble = sync::lock(&self.trouble);
        trouble.as_ref().map(|(error, _)| error.clone())
    }

    /// The components that a host needs for a restart and for a rollback, as far as they are known.
    pub fn needed(&self) -> BTreeSet<String> {
        let known = self.known();
        let digests = known
            .values()
            .filter_map(|live| live.as_ref().ok())
            .flat_map(|live| {
                let candidate = live.canary.as_ref().map(|it| &it.digest);
                [Some(&live.digest), live.previous.as_ref(), candidate]
            });
        digests.flatten().cloned().collect()
    }

    /// The bytes of a component, at most `max`, compared with its digest.
    ///
    /// # Errors
    ///
    /// When they are not there, too many, or others than they should be.
    pub fn read(&self, digest: &str, max: u64) -> Result<Vec<u8>, StoreError> {
        self.components.read(digest, max)
    }

    /// Compares the bytes of a component with its digest.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn check(&self, digest: &str, max: u64) -> Result<(), StoreError> {
        self.components.read(digest, max).map(drop)
    }

    /// What is live, if something has happened since this was asked the last time, by this host or
    /// another one.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn news(&self) -> Result<Option<LiveByBff>, StoreError> {
        let newest = self.journal.newest_event()?;
        if self.seen.load(Ordering::Relaxed) == newest && self.trouble().is_none() {
            return Ok(None);
        }
        let live = self.journal.live()?;
        // The page of health asks nobody, and there may be no order for long.
        *sync::lock(&self.trouble) = None;
        self.seen.store(newest, Ordering::Relaxed);
        Ok(Some(live))
    }

    /// Has [`Self::news`] tell what is live once more.
    pub fn tell_again(&self) {
        self.seen.store(-1, Ordering::Relaxed);
    }

    /// Whether a component is there, which is then kept for the next hour.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn has(&self, digest: &str) -> Result<bool, StoreError> {
        self.components.has(digest)
    }

    /// Stores a component, from its parts as they come. It is on the disk at the end.
    ///
    /// # Errors
    ///
    /// When it cannot be written, has another digest, or does not come whole. Nothing of it stays
    /// then.
    pub fn store(
        &self,
        digest: &str,
        parts: impl IntoIterator<Item = Part>,
    ) -> Result<Stored, StoreError> {
        let mut upload = self.components.begin()?;
        for part in parts {
            match part {
                Part::Bytes(bytes) => upload.write(&bytes)?,
                Part::End => {
                    let stored = upload.finish(digest)?;
                    reach("component-written");
                    return Ok(stored);
                }
            }
        }
        Err(StoreError::Cut)
    }

    /// Records that a release has begun.
    ///
    /// # Errors
    ///
    /// When it may not begin, or cannot be recorded.
    pub fn append(&self, release: &NewRelease) -> Result<Appended, StoreError> {
        let appended = self.journal.append(release);
        self.told();
        reach("release-appended");
        appended
    }

    /// Records a release that needs no proof, and is live since this time.
    ///
    /// # Errors
    ///
    /// When the order conflicts with what is live, or cannot be recorded: what was live still is.
    pub fn record(&self, release: &NewRelease, at: SystemTime) -> Result<Appended, StoreError> {
        let recorded = self.journal.record(release, at)?;
        self.told();
        reach("committed");
        Ok(recorded)
    }

    /// Records how a release ended. With [`Outcome::Live`], this is the commit point.
    ///
    /// # Errors
    ///
    /// When it cannot be recorded: what was live still is.
    pub fn finish(&self, release: i64, outcome: &Outcome) -> Result<(), StoreError> {
        self.journal.finish(release, outcome)?;
        self.told();
        if matches!(outcome, Outcome::Live { .. }) {
            reach("committed");
        }
        Ok(())
    }

    /// Records a change of the trial of a BFF, of this release if one is named. An end has the time
    /// `at`, at which it happened. With [`CanaryChange::Promote`], this is the commit point.
    ///
    /// # Errors
    ///
    /// When there is no such trial, or the change cannot be recorded.
    pub fn change_canary(
        &self,
        bff: &str,
        release: Option<i64>,
        change: &CanaryChange,
        at: SystemTime,
    ) -> Result<Appended, StoreError> {
        let changed = self.journal.change_canary(bff, release, change, at)?;
        self.told();
        if matches!(change, CanaryChange::Promote { .. }) {
            reach("committed");
        }
        Ok(changed)
    }

    /// Copies what is live to the file beside the journal, and removes releases and components of
    /// which `keep` newer ones are there. A failure is logged: the next release tries again.
    pub fn tidy(&self, keep: usize) {
        // Of two at once, the one that read first may write last.
        let _alone = sync::lock(&self.tidying);
        let tidied = self.journal.live().and_then(|live| {
            self.live_file.write(&live)?;
            *self.known() = live;
            reach("live-file-written");
            let needed = self.journal.collect(keep)?;
            reach("rows-collected");
            self.components.sweep(&needed)
        });
        if let Err(error) = tidied {
            tracing::warn!("old releases are not removed: {error}");
        }
    }

    /// Has those know who wait for events.
    fn told(&self) {
        self.happened.send_replace(());
    }

    fn known(&self) -> MutexGuard<'_, LiveByBff> {
        sync::lock(&self.known)
    }
}
