//! The short way back: the component that was live before is still linked, so that a rollback reads
//! and compiles nothing, waits for no proof, and needs no disk.
//!
//! It does not wait for the BFF's lock, which a release holds while it is proven. What a release
//! and a rollback commit and publish is ordered by a lock of its own, [`Changes::committing`]: what
//! is live is what the journal says. A release that was begun before the rollback is refused at its
//! commit.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::timeout;

use super::candidates::load_released;
use super::change::{Changes, blocking};
use crate::bff::swap::Bff;
use crate::file::TIMEOUT;
use crate::releases::{
    Appended, Begun, NewRelease, Order, OrderError, Releases, StoreError, Target,
};

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
        let _lock = lock.map_err(|_| StoreError::Slow {
            place: "engine.data-dir".to_owned(),
        })?;
        if let Some(done) = self.is_done(order) {
            return Ok(Some(done));
        }
        let bff = self.released_bff(name)?;
        let linked = bff.previous().filter(|it| match target {
            Target::Previous => true,
            Target::Digest(digest) => it.digest == *digest,
        });
        let Some(linked) = linked else {
            return Ok(None);
        };
        let release = NewRelease::of(order, linked.digest.clone());
        let begun = self.record(&releases, &bff, release).await?;
        let (number, is_new) = match &begun {
            Recorded::Known(number) => (Some(*number), false),
            Recorded::New(number) => (Some(*number), true),
            Recorded::Not(_) => (None, true),
        };
        if is_new {
            let published = self.publish(name, linked.clone()).await;
            published.map_err(|_| OrderError::NoBff(name.clone()))?;
            let digest = &linked.digest;
            tracing::info!(bff = name, release = number, digest, "rolled back");
        }
        match begun {
            Recorded::Known(number) | Recorded::New(number) => {
                let reading = blocking(move || releases.get(number)).await;
                let release = reading.map_err(|_| OrderError::Stopping)??;
                let release = release.ok_or_else(|| OrderError::NoRelease {
                    bff: name.clone(),
                    release: number,
                })?;
                Ok(Some(Begun::Recorded(Box::new(release))))
            }
            Recorded::Not(why) => Ok(Some(Begun::Unrecorded {
                bff: name.clone(),
                digest: linked.digest.clone(),
                why,
            })),
        }
    }

    /// Records a rollback. A journal that cannot be written does not keep it from being live.
    async fn record(
        &self,
        releases: &Arc<Releases>,
        bff: &Bff,
        release: NewRelease,
    ) -> Result<Recorded, OrderError> {
        let (releases, unrecorded) = (releases.clone(), self.unrecorded.clone());
        let (recording, since) = (release.clone(), SystemTime::now());
        let recorded = blocking(move || {
            unrecorded.record(&releases, &recording.bff)?;
            releases.record(&recording)
        });
        match recorded.await.map_err(|_| OrderError::Stopping)? {
            Ok(Appended::New(number)) => Ok(Recorded::New(number)),
            Ok(Appended::Known(number)) => Ok(Recorded::Known(number)),
            Err(why) if why.is_of_host() => {
                check(bff, &release)?;
                tracing::error!(
                    bff = release.bff,
                    digest = release.digest,
                    "rolled back, and a restart forgets that until it is recorded: {why}"
                );
                self.unrecorded.put(release, since);
                self.unkept().notify_one();
                Ok(Recorded::Not(why))
            }
            Err(why) => Err(why.into()),
        }
    }

    /// The result of the same order, which came before and is not in the journal.
    fn is_done(&self, order: &Order) -> Option<Begun> {
        let before = self.unrecorded.rollback(&order.bff)?;
        (order.key.is_some() && before.key == order.key).then_some(Begun::Unrecorded {
            bff: before.bff,
            digest: before.digest,
            why: StoreError::Unrecorded,
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
    pub(super) async fn link_previous(&self) {
        let Some(releases) = self.releases.clone() else {
            return;
        };
        let snapshot = self.shared.snapshot.load_full();
        let bffs = snapshot.bffs.iter();
        let bffs = bffs.filter(|(_, bff)| bff.settings().component.is_none());
        let names: Vec<String> = bffs.map(|(name, _)| name.clone()).collect();
        drop(snapshot);
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

/// What became of a rollback's row.
enum Recorded {
    New(i64),
    Known(i64),
    Not(StoreError),
}

/// Compares what an order expects to be live with what is, where the journal cannot.
fn check(bff: &Bff, release: &NewRelease) -> Result<(), StoreError> {
    let live = bff.current().map(|it| it.loaded().digest.clone());
    match &release.expect_live {
        Some(expected) if *expected != live => {
            let live = live.unwrap_or_else(|| "none".to_owned());
            Err(StoreError::Conflict {
                bff: release.bff.clone(),
                what: format!("{live} is live"),
                live,
            })
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
