//! The last good components of each BFF on disk, so that a restart serves what was live when the
//! newest file is no good.
//!
//! `components/<sha256>.wasm` holds the bytes, `live/<bff>` the digests of the versions that were
//! live last, the newest first. Both are written beside and renamed into place, and are on the disk
//! before they have their names. Bytes are read back only when their digest is their name. What no
//! BFF of the configuration names any more is removed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::compiled::{hex, own_folder};
use super::error::LoadError;
use crate::file;

/// Versions that are kept of each BFF.
const KEPT: usize = 2;
/// Length of a digest in hexadecimal.
const DIGEST: usize = 64;
/// Bytes that are more than a note of versions has.
const MAX_NOTE: u64 = 4 << 10;

/// The folders of the last good components.
#[derive(Debug)]
pub struct Store {
    components: PathBuf,
    live: PathBuf,
    /// The last attempt to write failed, and the log says so.
    failing: AtomicBool,
    /// Held by who writes.
    writing: Mutex<()>,
}

impl Store {
    /// Uses (and makes, if needed) `components` and `live` in the data directory.
    ///
    /// # Errors
    ///
    /// When a folder can't be made, is another user's, or others can write to it.
    pub fn open(data_dir: &Path) -> Result<Self, LoadError> {
        Ok(Self {
            components: own_folder(data_dir, "components")?,
            live: own_folder(data_dir, "live")?,
            failing: AtomicBool::new(false),
            writing: Mutex::default(),
        })
    }

    /// The right to write, which one caller at a time has.
    pub fn alone(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digests of a BFF's versions that were live last, the newest first.
    pub fn was_live(&self, bff: &str) -> Vec<String> {
        let text = file::read_text(&self.live.join(bff), MAX_NOTE).unwrap_or_default();
        let digests = text.lines().filter(|digest| is_digest(digest));
        digests.take(KEPT).map(str::to_owned).collect()
    }

    /// Whether there are bytes of this digest and size. They may still be damaged.
    pub fn has(&self, digest: &str, size: usize) -> bool {
        file::length(&self.path(digest)).is_ok_and(|length| length == size as u64)
    }

    /// The bytes of this digest, at most `max`.
    ///
    /// # Errors
    ///
    /// When they are not there, too many, or others than they should be.
    pub fn read(&self, digest: &str, max: u64) -> io::Result<Vec<u8>> {
        let bytes = file::read(&self.path(digest), max)?.bytes;
        if hex(&bytes) != digest {
            return Err(io::Error::other("damaged: its digest is not its name"));
        }
        Ok(bytes)
    }

    /// Notes which component of a BFF is live. `bytes` are those of the component, if they may not
    /// be here yet.
    ///
    /// # Errors
    ///
    /// When the disk does not take it. What was noted before is still there then.
    pub fn note(&self, bff: &str, digest: &str, bytes: Option<&[u8]>) -> io::Result<()> {
        match bytes {
            Some(bytes) => write(&self.components, &self.path(digest), bytes)?,
            // Nothing may point to bytes that are not there.
            None if file::length(&self.path(digest)).is_err() => return Ok(()),
            None => {}
        }
        let before = self.was_live(bff);
        if before.first().is_some_and(|newest| newest == digest) {
            return Ok(());
        }
        let others = before.iter().filter(|other| *other != digest);
        let mut text = format!("{digest}\n");
        for other in others.take(KEPT - 1) {
            text.push_str(other);
            text.push('\n');
        }
        write(&self.live, &self.live.join(bff), text.as_bytes())
    }

    /// Removes what none of these BFFs names.
    ///
    /// # Errors
    ///
    /// When the folders can't be read, or a file can't be removed.
    pub fn collect<'a>(&self, bffs: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let bffs: BTreeSet<&str> = bffs.collect();
        let mut kept: BTreeSet<PathBuf> = BTreeSet::new();
        for bff in &bffs {
            let digests = self.was_live(bff);
            kept.extend(digests.iter().map(|digest| self.path(digest)));
        }
        remove(&self.live, |path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| bffs.contains(name))
        })?;
        remove(&self.components, |path| kept.contains(path))
    }

    /// Says once that nothing can be kept, and once that it can again.
    pub fn tell(&self, written: &io::Result<()>) {
        let failed = written.is_err();
        if self.failing.swap(failed, Ordering::Relaxed) == failed {
            return;
        }
        let path = self.components.display();
        match written {
            Err(error) => tracing::warn!(
                %path,
                %error,
                "components are not kept: a restart with a bad file has none to go back to; \
                 make room below engine.data-dir, and they are kept again by themselves"
            ),
            Ok(()) => tracing::info!(%path, "components are kept again"),
        }
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.components.join(format!("{digest}.wasm"))
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes a file whole or not at all, for its owner alone.
fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    // Temporary files are made with the mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The name itself is on the disk when the folder is.
    File::open(folder)?.sync_all()
}

/// Removes all files but those to keep. What is no file is not ours.
fn remove(folder: &Path, keep: impl Fn(&Path) -> bool) -> io::Result<()> {
    let mut result = Ok(());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_file() && !keep(&path) {
            result = result.and(fs::remove_file(&path));
        }
    }
    result
}

#[cfg(test)]
mod tests;
