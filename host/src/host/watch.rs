//! Looks at the component files and swaps a BFF when its file has changed.
//!
//! By looking, not by a notification of the system: that works on every file system and through every way of replacing a
//! file (renaming, writing in place, switching a link), and a look at a file costs a microsecond. A file that is still being
//! written is left alone until two looks in a row see the same.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use super::change::Changes;

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
}

/// Watches until it is ended.
pub(super) async fn watch(changes: Arc<Changes>) {
    let mut files: HashMap<String, Seen> = HashMap::new();
    loop {
        let snapshot = changes.shared().snapshot.load_full();
        for (name, bff) in &snapshot.bffs {
            let path = bff.current().settings().component.clone();
            if settled_anew(&mut files, name, &path) {
                swap(&changes, name).await;
            }
        }
        changes.tick();
        let interval = snapshot.config.engine.watch_interval;
        // Held through the pause, it would keep alive what a reload has replaced.
        drop(snapshot);
        tokio::time::sleep(interval).await;
    }
}

/// Whether the file has another content than before and is not being written any more.
fn settled_anew(files: &mut HashMap<String, Seen>, name: &str, path: &Path) -> bool {
    let now = Mark::of(path);
    let Some(seen) = files.get_mut(name) else {
        // What was loaded at the start may have been replaced since: the first look counts as a change, and a swap to
        // the same content does nothing.
        files.insert(
            name.to_owned(),
            Seen {
                settled: None,
                pending: now,
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

async fn swap(changes: &Changes, name: &str) {
    match changes.swap(name).await {
        Ok(Some(version)) => tracing::info!(bff = name, version, "new version is live"),
        Ok(None) => {}
        Err(error) => tracing::error!(
            bff = name,
            "new version is refused, the old one goes on: {error}"
        ),
    }
}
