//! Orders of operators about releases: short ones are executed at once, and a release goes on after
//! its answer, on the thread for changes.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;

use super::change::Changes;
use super::control::Control;
use crate::releases::{
    Answer, Appended, Expected, Kind, NewRelease, Order, OrderError, Orders, Release, Releases,
    StoreError, Target,
};

/// Executes orders.
pub(super) struct ReleaseOrders {
    /// The listener must not keep a stopped host's versions alive.
    changes: Weak<Changes>,
    /// The event loop of changes.
    event_loop: Handle,
}

impl ReleaseOrders {
    pub(super) fn new(changes: &Arc<Changes>, control: &Control) -> Self {
        Self {
            changes: Arc::downgrade(changes),
            event_loop: control.event_loop().clone(),
        }
    }

    fn changes(&self) -> Result<(Arc<Changes>, Arc<Releases>), OrderError> {
        let changes = self.changes.upgrade().ok_or(OrderError::Stopping)?;
        let releases = changes.releases.clone().ok_or(OrderError::Stopping)?;
        Ok((changes, releases))
    }

    /// Does something with the store of releases.
    fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Releases) -> Result<T, OrderError> + Send + 'static,
    ) -> Answer<T> {
        let found = self.changes();
        Box::pin(async move {
            let (_, releases) = found?;
            let working = tokio::task::spawn_blocking(move || work(&releases));
            working.await.unwrap_or(Err(OrderError::Stopping))
        })
    }

    /// The same, for a BFF that is released to.
    fn of_bff<T: Send + 'static>(
        &self,
        bff: String,
        work: impl FnOnce(&Releases, &str) -> Result<T, OrderError> + Send + 'static,
    ) -> Answer<T> {
        let known = self
            .changes()
            .is_ok_and(|(it, _)| takes_releases(&it, &bff));
        if !known {
            return Box::pin(async { Err(OrderError::NoBff(bff)) });
        }
        self.with_store(move |releases| work(releases, &bff))
    }
}

fn takes_releases(changes: &Changes, bff: &str) -> bool {
    let snapshot = changes.shared.snapshot.load();
    let bff = snapshot.bffs.get(bff);
    bff.is_some_and(|bff| bff.settings().component.is_none())
}

impl Orders for ReleaseOrders {
    fn has(&self, digest: String) -> Answer<bool> {
        self.with_store(move |releases| Ok(releases.has(&digest)?))
    }

    fn store(&self, digest: String, bytes: bytes::Bytes) -> Answer<bool> {
        self.with_store(move |releases| Ok(releases.store(&digest, &bytes)?))
    }

    fn begin(&self, order: Order) -> Answer<Release> {
        let found = self.changes();
        let event_loop = self.event_loop.clone();
        let begun = self.of_bff(order.bff.clone(), move |releases, _| begin(releases, order));
        Box::pin(async move {
            let (release, new) = begun.await?;
            if let Some(new) = new {
                let (changes, _) = found?;
                let number = release.number;
                event_loop.spawn(async move { changes.release(number, new).await });
            }
            Ok(release)
        })
    }

    fn list(&self, bff: String, before: Option<i64>, limit: usize) -> Answer<Vec<Release>> {
        self.of_bff(bff, move |releases, bff| {
            Ok(releases.list(bff, before, limit)?)
        })
    }

    fn get(&self, bff: String, release: i64) -> Answer<Release> {
        self.of_bff(bff, move |releases, bff| {
            let found = releases.get(release)?.filter(|found| found.bff == bff);
            found.ok_or_else(|| OrderError::NoRelease {
                bff: bff.to_owned(),
                release,
            })
        })
    }
}

/// Writes the row of a release. Returns it, and the release if it is new.
fn begin(releases: &Releases, order: Order) -> Result<(Release, Option<NewRelease>), OrderError> {
    let bff = order.bff;
    let live = match releases.live()?.remove(&bff) {
        Some(Ok(live)) => Some(live),
        // A release is what mends it.
        Some(Err(_)) | None => None,
    };
    let digest = match order.target {
        Target::Digest(digest) => digest,
        Target::Previous => {
            let previous = live.and_then(|live| live.previous);
            previous.ok_or_else(|| OrderError::NoPrevious(bff.clone()))?
        }
    };
    if order.kind == Kind::Rollback && !releases.was_live(&bff, &digest)? {
        return Err(OrderError::NeverLive { bff, digest });
    }
    if !releases.has(&digest)? {
        return Err(StoreError::NoComponent(digest).into());
    }
    let new = NewRelease {
        bff,
        digest,
        kind: order.kind,
        message: order.message,
        source: order.source,
        expect_live: match order.expect_live {
            Expected::Any => None,
            Expected::Nothing => Some(None),
            Expected::Digest(digest) => Some(Some(digest)),
        },
        key: order.key,
    };
    let (number, new) = match releases.append(&new)? {
        Appended::New(number) => (number, Some(new)),
        Appended::Known(number) => (number, None),
    };
    let release = releases.get(number)?;
    let bff = new.as_ref().map(|new| new.bff.clone()).unwrap_or_default();
    let release = release.ok_or(OrderError::NoRelease {
        bff,
        release: number,
    })?;
    Ok((release, new))
}
