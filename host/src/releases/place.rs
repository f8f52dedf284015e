//! Where the store is.

use std::path::{Path, PathBuf};

/// The folder of the data directory.
pub(super) const FOLDER: &str = "releases";

/// The store of a data directory.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER)
}
