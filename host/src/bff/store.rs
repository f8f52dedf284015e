//! The last good components of each BFF on disk, so that a restart can serve them when the newest
//! file is bad.
//!
//! `components/<sha256>.wasm` holds the bytes, `live/<bff>` the digests of the versions that were
//! live last, newest first. Both are written under temporary names, synced, and renamed into place.
//! Bytes are read back only when their digest matches their name. Components that no BFF of the
//! configuration names any more are removed.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::compiled::open_folder;
use super::error::LoadError;
use crate::digest::{hex, is_digest};
use crate::file::{OwnFolder, Untrusted};
use crate::sync;

/// Versions that are kept of each BFF.
const KEPT: usize = 2;
/// A size that no note of versions reaches, bytes.
const MAX_NOTE: u64 = 4 << 10;

/// The folders of the last good components.
#[derive(Debug)]
pub struct Store {
    components: OwnFolder,
    live: OwnFolder,
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
    /// When a folder cannot be made, or is not this user's alone.
    pub fn open(data_dir: &Path) -> Result<Self, LoadError> {
        Ok(Self {
            components: open_folder(data_dir, "components")?,
            live: open_folder(data_dir, "live")?,
            failing: AtomicBool::new(false),
            writing: Mutex::default(),
        })
    }

    /// The lock of those who write: one caller at a time.
    pub fn write_lock(&self) -> MutexGuard<'_, ()> {
        sync::lock(&self.writing)
    }

    /// The digests of a BFF's versions that were live last, the newest first.
    pub fn was_live(&self, bff: &str) -> Vec<String> {
        self.noted(bff).unwrap_or_else(|error| {
            tracing::warn!(bff, %error, "the note of the last good components is not used");
            Vec::new()
        })
    }

    /// The same; empty without a note.
    fn noted(&self, bff: &str) -> io::Result<Vec<String>> {
        let note = match self.live.read(bff, MAX_NOTE) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            note => note?,
        };
        let text = String::from_utf8_lossy(&note);
        let digests = text.lines().filter(|digest| is_digest(digest));
        Ok(digests.take(KEPT).map(str::to_owned).collect())
    }

    /// Whether there are bytes of this digest and size. They may still be damaged.
    pub fn has(&self, digest: &str, size: usize) -> bool {
        self.components
            .length(&name(digest))
            .is_ok_and(|length| length == size as u64)
    }

    /// The bytes of this digest, at most `max`.
    ///
    /// # Errors
    ///
    /// When they are not there, too many, or others than they should be.
    pub fn read(&self, digest: &str, max: u64) -> io::Result<Vec<u8>> {
        let bytes = self.components.read(&name(digest), max)?;
        if hex(&bytes) != digest {
            return Err(io::Error::other("damaged: its digest is not its name"));
        }
        Ok(bytes)
    }

    /// Records which component of a BFF is live. `bytes` are those of the component, if they may
    /// not be stored yet.
    ///
    /// # Errors
    ///
    /// When it cannot be written. The previous note is still there then.
    pub fn note(&self, bff: &str, digest: &str, bytes: Option<&[u8]>) -> io::Result<()> {
        match bytes {
            Some(bytes) => self.components.write(&name(digest), bytes)?,
            // Nothing may point to bytes that are not there.
            None if self.components.length(&name(digest)).is_err() => return Ok(()),
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
        self.live.write(bff, text.as_bytes())
    }

    /// Removes components that none of these BFFs names, and returns the digests of the others.
    ///
    /// # Errors
    ///
    /// When the folders cannot be read, or a file cannot be removed.
    pub fn collect<'a>(&self, bffs: impl Iterator<Item = &'a str>) -> io::Result<BTreeSet<String>> {
        let bffs: BTreeSet<&str> = bffs.collect();
        let mut digests = BTreeSet::new();
        for bff in &bffs {
            // What cannot be read may name what must not be removed.
            digests.extend(self.noted(bff)?);
        }
        let components: BTreeSet<String> = digests.iter().map(|digest| name(digest)).collect();
        remove(&self.live, |note| bffs.contains(note))?;
        remove(&self.components, |component| components.contains(component))?;
        Ok(digests)
    }

    /// Logs once that nothing can be kept, and once that it can again.
    pub fn report(&self, written: &io::Result<()>) {
        let failed = written.is_err();
        if self.failing.swap(failed, Ordering::Relaxed) == failed {
            return;
        }
        let path = self.components.path().display();
        match written {
            Err(error) => {
                let way_out = match Untrusted::is_in(error) {
                    true => "mend engine.data-dir",
                    false => "make room below engine.data-dir",
                };
                tracing::warn!(
                    %path,
                    %error,
                    "components are not kept: a restart with a bad file has none to go back to; \
                     {way_out}, and they are kept again by themselves"
                );
            }
            Ok(()) => tracing::info!(%path, "components are kept again"),
        }
    }
}

/// The name of a component's file.
fn name(digest: &str) -> String {
    format!("{digest}.wasm")
}

/// Removes all files but those to keep. Other entries stay.
fn remove(folder: &OwnFolder, keep: impl Fn(&str) -> bool) -> io::Result<()> {
    let names = folder.list()?.into_iter().map(|file| file.name);
    folder.remove(names.filter(|name| !keep(name)).collect())
}

#[cfg(test)]
mod tests;
