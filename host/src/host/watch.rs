//! Looks at the component files and swaps a BFF when its file has changed.
//!
//! By looking, not by a notification of the system: that works on every file system and through
//! every way of replacing a file (renaming, writing in place, switching a link), and a look at a
//! file costs a microsecond. A file that is still being written is left alone until two looks in a
//! row see the same. A version that was not loaded because the host was out of open files, memory
//! or room on a disk is tried again, after waits that grow.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::change::Changes;
use super::look::Looks;

/// What tells one content of a file from another without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Mark {
    /// `None` for a file that is not there, which is no change: it may be about to be replaced.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// What is known of a file.
struct Seen {
    /// The content that was loaded, or refused.
    settled: Option<Mark>,
    /// Another content, seen once.
    pending: Option<Mark>,
    /// When the settled content is tried again, because the host was out of something.
    again: Option<Again>,
}

/// A further attempt, and how long it was waited for.
#[derive(Clone, Copy)]
struct Again {
    due: Instant,
    wait: Duration,
}

/// The longest wait before a further attempt, unless looks at the file are further apart.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Seen {
    fn is_due(&self) -> bool {
        self.again.is_some_and(|again| again.due <= Instant::now())
    }

    /// Plans a further attempt, after twice the wait of the one before.
    fn try_again(&mut self, interval: Duration) {
        let wait = match self.again {
            Some(Again { wait, .. }) => wait.saturating_mul(2).min(LONGEST_WAIT),
            None => interval,
        };
        let wait = wait.max(interval);
        self.again = Some(Again {
            due: Instant::now() + wait,
            wait,
        });
    }
}

/// Watches until it is ended.
pub(super) async fn watch(changes: Arc<Changes>) {
    let mut files: HashMap<String, Seen> = HashMap::new();
    let mut looks = Looks::default();
    loop {
        let snapshot = changes.shared().snapshot.load_full();
        let interval = snapshot.config.engine.watch_interval;
        for (name, bff) in &snapshot.bffs {
            let path = bff.current().settings().component.clone();
            let Some(now) = looks.at(name, move || Mark::of(&path)).await else {
                continue;
            };
            let anew = settled_anew(&mut files, name, now);
            let Some(seen) = files.get_mut(name) else {
                continue;
            };
            if anew {
                seen.again = None;
            }
            if anew || (seen.is_due() && seen.pending.is_none()) {
                match swap(&changes, name).await {
                    Swapped::Done => seen.again = None,
                    Swapped::Postponed => seen.try_again(interval),
                }
            }
        }
        changes.tick();
        // Held through the pause, it would keep alive what a reload has replaced.
        drop(snapshot);
        tokio::time::sleep(interval).await;
    }
}

/// Whether the file has another content than before and is not being written any more.
fn settled_anew(files: &mut HashMap<String, Seen>, name: &str, now: Option<Mark>) -> bool {
    let Some(seen) = files.get_mut(name) else {
        // What was loaded at the start may have been replaced since: the first look counts as a
        // change, and a swap to the same content does nothing.
        files.insert(
            name.to_owned(),
            Seen {
                settled: None,
                pending: now,
                again: None,
            },
        );
        return false;
    };
    if now.is_none() || now == seen.settled {
        seen.pending = None;
        return false;
    }
    if now != seen.pending {
        seen.pending = now;
        return false;
    }
    seen.settled = now;
    true
}

/// How an attempt ended.
enum Swapped {
    /// There is nothing more to do.
    Done,
    /// The host was out of something.
    Postponed,
}

async fn swap(changes: &Changes, name: &str) -> Swapped {
    match changes.swap(name).await {
        Ok(Some(version)) => tracing::info!(bff = name, version, "new version is live"),
        Ok(None) => {}
        Err(error) if error.is_lacking() => {
            tracing::warn!(
                bff = name,
                "new version is not loaded and is tried again, the old one goes on: {error}"
            );
            return Swapped::Postponed;
        }
        Err(error) => tracing::error!(
            bff = name,
            "new version is refused, the old one goes on: {error}"
        ),
    }
    Swapped::Done
}
