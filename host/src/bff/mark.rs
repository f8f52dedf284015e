//! What tells one content of a file from another without reading it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What the system says of a file's content.
///
/// The time of the last change (`ctime`) is among it: no program can set it, so that it tells of a
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
    /// `None` for a file that is not there, or can't be looked at.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}
