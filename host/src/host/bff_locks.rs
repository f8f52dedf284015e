//! A lock per BFF for its changes, so that slow work for one BFF, above all compiling, delays no
//! change of another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::sync;

/// The right to change a BFF, released on drop.
pub(super) type BffLock = OwnedMutexGuard<()>;

/// The locks of the BFFs, by name.
#[derive(Default)]
pub(super) struct BffLocks(Mutex<BTreeMap<String, Arc<Lock<()>>>>);

impl BffLocks {
    /// Waits until no other change of the BFF is under way.
    pub(super) async fn take(&self, bff: &str) -> BffLock {
        let lock = self.locks().entry(bff.to_owned()).or_default().clone();
        lock.lock_owned().await
    }

    /// Waits until no other change of these BFFs is under way. They come in the order of their
    /// names: two callers that want the same ones never wait for each other.
    pub(super) async fn take_all(&self, bffs: &[String]) -> Vec<BffLock> {
        let mut bff_locks = Vec::with_capacity(bffs.len());
        for bff in bffs {
            bff_locks.push(self.take(bff).await);
        }
        bff_locks
    }

    /// Forgets the BFFs that are gone, unless one is being changed.
    pub(super) fn retain(&self, live: impl Fn(&str) -> bool) {
        self.locks()
            .retain(|bff, lock| live(bff) || Arc::strong_count(lock) > 1);
    }

    fn locks(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Lock<()>>>> {
        sync::lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_turn_of_one_bff_is_waited_for_by_those_who_want_it() {
        let bff_locks = BffLocks::default();
        let page = bff_locks.take("page").await;
        assert!(bff_locks.take("other").now_or_never().is_some());
        assert!(bff_locks.take("page").now_or_never().is_none());
        let both = ["other".to_owned(), "page".to_owned()];
        assert!(bff_locks.take_all(&both).now_or_never().is_none());
        // A caller that gave up holds nothing.
        assert!(bff_locks.take("other").now_or_never().is_some());
        bff_locks.retain(|_| false);
        assert!(bff_locks.take("page").now_or_never().is_none());
        drop(page);
        assert!(bff_locks.take_all(&both).now_or_never().is_some());
        bff_locks.retain(|_| false);
        assert!(bff_locks.locks().is_empty());
    }
}
