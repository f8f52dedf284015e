//! Follows the journal: what another host of the same data directory has released is live here,
//! too, and a component that was damaged is taken when it is whole again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{sleep, timeout};

use super::canary::judge;
use super::candidates::load_released;
use super::change::{Changes, blocking};
use crate::bff::trial::OnTrial;
use crate::bff::version::Version;
use crate::releases::{Release, Releases, State};

/// How long is waited for a release to run that is committed.
const PUBLISHING: Duration = Duration::from_secs(1);
/// How often the previews are looked at whose time is over.
const EXPIRING: Duration = Duration::from_secs(10);

/// Follows it, and judges the trials that it has, until it is ended.
pub(super) async fn follow(changes: Arc<Changes>) {
    let linking = changes.link_all_previous();
    let judging = judge(changes.clone());
    let expiring = expire_previews(&changes);
    tokio::join!(linking, judging, follow_journal(&changes), expiring);
}

/// Ends the previews whose time is over.
async fn expire_previews(changes: &Changes) {
    loop {
        sleep(EXPIRING).await;
        let is_shown = {
            let snapshot = changes.shared().snapshot.load();
            snapshot.config.releases.preview.is_some()
        };
        if let Some(releases) = changes.releases.clone().filter(|_| is_shown) {
            // It is tried again, and no such preview is shown meanwhile.
            let _ = blocking(move || releases.expire_previews()).await;
        }
    }
}

async fn follow_journal(changes: &Changes) {
    loop {
        let interval = {
            let snapshot = changes.shared().snapshot.load();
            snapshot.config.engine.watch_interval
        };
        changes.follow().await;
        sleep(interval).await;
    }
}

impl Changes {
    /// Waits for a moment until a release runs here of which the journal says that it is live, or
    /// on trial: it is committed first. Who reads so has the next request answered by it.
    pub(super) async fn wait_until_it_runs(&self, release: &Release) {
        let bff = self.shared.snapshot.load().bffs.get(&release.bff).cloned();
        let Some(bff) = bff else { return };
        let runs = match release.state {
            State::Live => {
                let is_before = |it: OnTrial| it.trial.release() < release.number;
                let runs = |it: Arc<Version>| it.loaded().digest == release.digest;
                bff.current().is_some_and(runs) && !bff.on_trial().is_some_and(is_before)
            }
            State::Canary { .. } => bff
                .on_trial()
                .is_some_and(|it| it.trial.release() == release.number),
            _ => true,
        };
        if !runs {
            // It is published under the lock of its commit.
            let _ = timeout(PUBLISHING, self.committing.take(&release.bff)).await;
        }
    }

    /// Publishes what the journal says is live and does not run here.
    async fn follow(&self) {
        let snapshot = self.shared.snapshot.load_full();
        let mut bffs = snapshot.bffs.values();
        let takes_releases = bffs.any(|bff| bff.settings().component.is_none());
        drop(snapshot);
        let Some(releases) = self.releases.clone().filter(|_| takes_releases) else {
            return;
        };
        let asking = releases.clone();
        // A journal that cannot be read is told of elsewhere.
        let Ok(Ok(Some(live))) = blocking(move || asking.news()).await else {
            return;
        };
        for (name, live) in live {
            let Ok(live) = live else {
                continue;
            };
            let follows = self.follow_one(&releases, &name, &live.digest).await
                && self
                    .follow_canary(&releases, &name, live.canary.as_ref())
                    .await;
            if !follows {
                releases.tell_again();
            }
        }
        self.has_followed.store(true, Ordering::Relaxed);
    }

    /// `false` if it has to be looked at again: the BFF is being changed.
    async fn follow_one(&self, releases: &Arc<Releases>, name: &str, digest: &str) -> bool {
        let runs = |wanted: &str| match self.bff(name) {
            Ok((bff, _)) if bff.settings().component.is_none() => bff
                .current()
                .is_some_and(|current| current.loaded().digest == wanted),
            // It is none of those that are released to.
            _ => true,
        };
        if runs(digest) {
            return true;
        }
        if self.unrecorded.has_rollback(name) {
            return false;
        }
        let Some(_lock) = self.bff_locks.take(name).now_or_never() else {
            return false;
        };
        tracing::info!(bff = name, digest, "what another host released is loaded");
        let (store, builder) = (releases.clone(), self.builder.clone());
        let (bff, wanted) = (name.to_owned(), digest.to_owned());
        // A rollback waits for the lock for commits: no compile may hold that.
        let loading = blocking(move || load_released(&store, &builder, &bff, &wanted, None));
        let Ok(loaded) = loading.await else {
            return true;
        };
        let _committing = self.committing.take(name).await;
        if self.unrecorded.has_rollback(name) {
            return false;
        }
        let (store, bff) = (releases.clone(), name.to_owned());
        let looking = blocking(move || store.live().ok()?.remove(&bff)?.ok());
        match (looking.await, loaded) {
            (Ok(Some(live)), _) if runs(&live.digest) => true,
            // It has changed meanwhile.
            (Ok(Some(live)), _) if live.digest != digest => false,
            (Ok(Some(_)), Ok(loaded)) => {
                let published = self.publish(name, loaded).await.is_ok();
                if published {
                    tracing::info!(bff = name, digest, "what the journal says is live");
                }
                published
            }
            (Ok(Some(_)), Err(error)) => {
                tracing::error!(bff = name, digest, "what is live cannot be loaded: {error}");
                true
            }
            _ => true,
        }
    }
}
