//! The short way back: the component that was live before is still linked, so that a rollback reads
//! and compiles nothing, waits for no proof, and needs no disk.
//!
//! It does not wait for the BFF's lock, which a release holds while it is proven. What a release
//! and a rollback publish is ordered by a lock of its own, [`Changes::committing`]. A release that
//! was begun before the rollback is refused at its commit.
//!
//! It is live before it is recorded: a lock on the journal or a full disk keeps no client on a bad
//! version. All else of a BFF is recorded after the rollbacks that came before it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::candidates::load_released;
use super::change::{Changes, blocking};
use crate::bff::swap::Bff;
use crate::file::TIMEOUT;
use crate::releases::{Begun, NewRelease, Order, OrderError, Releases, StoreError, Target};
use crate::snapshot::Snapshot;

/// How long an answer waits for a disk that is slow, once the rollback is live. A lock is waited for
/// less long.
const RECORDED: Duration = Duration::from_secs(5);

impl Changes {
    /// Goes back to the component that was live before, if it is the order's and linked still. With
    /// `None`, the order has to take the long way.
    ///
    /// # Errors
    ///
    /// Why the order is refused. The live version goes on.
    pub(super) async fn roll_back(
        &self,
        order: &Order,
        target: &Target,
    ) -> Result<Option<Begun>, OrderError> {
        let Some(releases) = self.releases.clone() else {
            return Ok(None);
        };
        let name = &order.bff;
        let lock = timeout(TIMEOUT, self.committing.take(name)).await;
        let lock = lock.map_err(|_| slow())?;
        self.unrecorded.check_key(name, order.key.as_ref())?;
        if let Some(done) = self.is_done(order) {
            drop(lock);
            return Ok(Some(self.done(&releases, order, done).await?));
        }
        let bff = self.released_bff(name)?;
        let linked = bff.previous().filter(|it| match target {
            Target::Previous => true,
            Target::Digest(digest) => it.digest == *digest,
        });
        let digest = linked.as_ref().map(|it| it.digest.clone());
        let release = NewRelease::of(order, digest.unwrap_or_default());
        if let Some(number) = self.known(&releases, &bff, &release).await? {
            return Ok(Some(recorded(&releases, name, number).await?));
        }
        let Some(linked) = linked else {
            return Ok(None);
        };
        let published = self.publish(name, linked.clone()).await;
        published.map_err(|_| OrderError::NoBff(name.clone()))?;
        let number = self.unrecorded.put(release, SystemTime::now());
        drop(lock);
        let digest = &linked.digest;
        let begun = match self.record(&releases, name, number).await {
            Ok(number) => {
                tracing::info!(bff = name, release = number, digest, "rolled back");
                recorded(&releases, name, number).await?
            }
            Err(why) => {
                tracing::error!(
                    bff = name,
                    digest,
                    "rolled back, and a restart forgets that until it is recorded: {why}"
                );
                Begun::Unrecorded {
                    bff: name.clone(),
                    digest: digest.clone(),
                    why,
                }
            }
        };
        Ok(Some(begun))
    }

    /// The release that the same order has begun before. Where the journal does not say it at once,
    /// what the order expects to be live is compared with what is.
    async fn known(
        &self,
        releases: &Arc<Releases>,
        bff: &Bff,
        release: &NewRelease,
    ) -> Result<Option<i64>, OrderError> {
        let (store, mut asked) = (releases.clone(), release.clone());
        // The journal does not have what is live.
        let is_behind = self.unrecorded.has_rollback(&release.bff);
        if is_behind {
            asked.expect_live = None;
        }
        let known = blocking(move || store.glance(&asked)).await;
        match known.map_err(|_| OrderError::Stopping)? {
            Ok(Some(number)) => Ok(Some(number)),
            Ok(None) if !is_behind => Ok(None),
            Err(why) if !why.is_of_host() => Err(why.into()),
            Ok(None) | Err(_) => {
                check(bff, release)?;
                Ok(None)
            }
        }
    }

    /// Records a rollback that is live, and those before it. Returns its number.
    async fn record(
        &self,
        releases: &Arc<Releases>,
        name: &str,
        mut number: oneshot::Receiver<i64>,
    ) -> Result<i64, StoreError> {
        let (store, unrecorded, bff) = (releases.clone(), self.unrecorded.clone(), name.to_owned());
        let recording = blocking(move || unrecorded.record(&store, &bff));
        let recorded = timeout(RECORDED, recording).await;
        if let Ok(number) = number.try_recv() {
            return Ok(number);
        }
        self.unrecorded.again();
        match recorded {
            Ok(Ok(Err(why))) => Err(why),
            _ => {
                let why = slow();
                self.unrecorded.failed(name, &why);
                Err(why)
            }
        }
    }

    /// The answer to an order that is sent again before it is recorded, which is tried once more.
    async fn done(
        &self,
        releases: &Arc<Releases>,
        order: &Order,
        done: Begun,
    ) -> Result<Begun, OrderError> {
        let (store, unrecorded) = (releases.clone(), self.unrecorded.clone());
        let mut asked = NewRelease::of(order, String::new());
        asked.expect_live = None;
        let recording = blocking(move || {
            unrecorded.record(&store, &asked.bff)?;
            store.glance(&asked)
        });
        match timeout(RECORDED, recording).await {
            Ok(Ok(Ok(Some(number)))) => recorded(releases, &order.bff, number).await,
            _ => Ok(done),
        }
    }

    /// The result of the same order, which came before and is not in the journal.
    fn is_done(&self, order: &Order) -> Option<Begun> {
        let before = self.unrecorded.rollback(&order.bff, order.key.as_ref()?)?;
        let why = self.unrecorded.reason(&order.bff);
        Some(Begun::Unrecorded {
            bff: before.bff,
            digest: before.digest,
            why: why.unwrap_or(StoreError::Unrecorded),
        })
    }

    pub(super) fn released_bff(&self, name: &str) -> Result<Arc<Bff>, OrderError> {
        let found = self.bff(name).ok().map(|(bff, _)| bff);
        let found = found.filter(|bff| bff.settings().component.is_none());
        found.ok_or_else(|| OrderError::NoBff(name.to_owned()))
    }

    /// Writes to the journal what it does not have. Returns whether it has all of it now.
    pub(super) async fn record_left(&self) -> bool {
        let Some(releases) = self.releases.clone() else {
            return true;
        };
        let unrecorded = self.unrecorded.clone();
        let recorded = blocking(move || unrecorded.record_all(&releases)).await;
        recorded.unwrap_or(false)
    }

    /// Links the components that were live before, after a start.
    pub(super) async fn link_all_previous(&self) {
        let snapshot = self.shared.snapshot.load_full();
        let bffs = snapshot.bffs.iter();
        let bffs = bffs.filter(|(_, bff)| bff.settings().component.is_none());
        let names = bffs.map(|(name, _)| name.clone()).collect();
        drop(snapshot);
        self.link(names).await;
    }

    /// The same after a reload, for the BFFs that had a file and are released to.
    pub(super) async fn link_previous(&self, live: &Snapshot, next: &Snapshot) {
        let has_file = |snapshot: &Snapshot, name: &str| {
            let bff = snapshot.bffs.get(name);
            bff.is_some_and(|bff| bff.settings().component.is_some())
        };
        let names = next.bffs.keys();
        let had_files = names.filter(|it| has_file(live, it) && !has_file(next, it));
        self.link(had_files.cloned().collect()).await;
    }

    async fn link(&self, names: Vec<String>) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        for name in names {
            let (releases, builder, bff) = (releases.clone(), self.builder.clone(), name.clone());
            let loading = blocking(move || {
                let live = releases.live().ok()?.remove(&bff)?.ok()?;
                load_released(&releases, &builder, &bff, &live.previous?, None).ok()
            });
            // A rollback takes the long way then, and says what is wrong.
            if let (Ok(Some(loaded)), Ok((bff, _))) = (loading.await, self.bff(&name)) {
                bff.remember(loaded);
            }
        }
    }

    /// Lets go what was live before, and is kept for long enough.
    pub(super) fn forget_previous(&self) {
        let snapshot = self.shared.snapshot.load();
        let after = snapshot.config.releases.keep_linked;
        for bff in snapshot.bffs.values() {
            bff.forget_previous(after);
        }
        if let (Some(previews), Some(settings)) =
            (&self.shared.previews, &snapshot.config.releases.preview)
        {
            previews.forget(settings.keep_loaded);
        }
    }
}

fn slow() -> StoreError {
    StoreError::Slow {
        place: "engine.data-dir".to_owned(),
    }
}

/// A release that the journal has.
pub(super) async fn recorded(
    releases: &Arc<Releases>,
    bff: &str,
    number: i64,
) -> Result<Begun, OrderError> {
    let store = releases.clone();
    let reading = blocking(move || store.get(number)).await;
    let release = reading.map_err(|_| OrderError::Stopping)??;
    let release = release.ok_or_else(|| OrderError::NoRelease {
        bff: bff.to_owned(),
        release: number,
    })?;
    Ok(Begun::Recorded(Box::new(release)))
}

/// Compares what an order expects to be live with what is, where the journal cannot.
fn check(bff: &Bff, release: &NewRelease) -> Result<(), StoreError> {
    let live = bff.current().map(|it| it.loaded().digest.clone());
    match &release.expect_live {
        Some(expected) if *expected != live => {
            let what = format!("{} is live", live.as_deref().unwrap_or("none"));
            let (bff, live) = (&release.bff, live.as_deref());
            Err(StoreError::other_is_live(bff, what, live))
        }
        _ => Ok(()),
    }
}

impl NewRelease {
    /// The release of an order, with all requests at once.
    pub(super) fn of(order: &Order, digest: String) -> Self {
        Self {
            bff: order.bff.clone(),
            digest,
            kind: order.kind,
            message: order.message.clone(),
            source: order.source.clone(),
            expect_live: order.expect_live.in_journal(),
            key: order.key.clone(),
            actor: order.caller.name().to_owned(),
            token: order.caller.token().map(str::to_owned),
            consent: order.consent.clone(),
            canary: None,
            again: order.again,
            signing: order.signing.clone(),
            preview: None,
        }
    }
}
