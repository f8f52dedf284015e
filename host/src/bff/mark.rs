//! Detects that the content of a file changed, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::file;

/// The resolution of file system clocks. Writes within one step have the same time.
pub const STEP: Duration = Duration::from_secs(2);

/// The system's metadata of a file's content.
///
/// The time of the last change (`ctime`) is among it: no program can set it, so that it shows a
/// file that was written in place with its old size and time, as `tar -x` and reproducible builds
/// do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    /// `None` for a file that is not there, or cannot be looked at. Blocks, see [`file::stat`].
    pub fn of(path: &Path) -> Option<Self> {
        Some(Self::from(&file::stat(path).ok()?))
    }

    /// Whether this is the same file, whatever its content.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether the file may have changed since `at` without a new mark, because it was changed
    /// within a step of its file system's clock before, or later than this machine's clock says.
    pub fn is_doubtful(&self, at: SystemTime) -> bool {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        let step = i64::try_from(STEP.as_secs()).unwrap_or(i64::MAX);
        self.changed.0 >= at.saturating_sub(step)
    }
}

impl From<&Metadata> for Mark {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_of_the_same_size_and_time_in_the_same_place_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.wasm");
        std::fs::write(&path, "one").unwrap();
        let time = File::open(&path).unwrap().metadata().unwrap().modified();
        let before = Mark::of(&path).unwrap();
        // The clock of the file system has to go on, which it does every few milliseconds.
        let after = loop {
            std::fs::write(&path, "two").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(*time.as_ref().unwrap()).unwrap();
            let after = Mark::of(&path).unwrap();
            if after.changed != before.changed {
                break after;
            }
        };
        assert_ne!(before, after);
        let changed = before.changed;
        assert_eq!(Mark { changed, ..after }, before);
    }

    #[test]
    fn what_changed_a_moment_ago_may_change_again_unseen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.wasm");
        std::fs::write(&path, "one").unwrap();
        let now = SystemTime::now();
        let mark = Mark::of(&path).unwrap();
        assert!(mark.is_doubtful(now));
        assert!(!mark.is_doubtful(now + 2 * STEP));
        // By a clock that was set back, it changes in the future.
        assert!(mark.is_doubtful(now - 1000 * STEP));
        assert!(mark.is_doubtful(UNIX_EPOCH - STEP));
    }
}
