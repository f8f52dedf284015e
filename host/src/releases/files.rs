//! The bytes of released components, in files named by their digests.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::error::StoreError;
use super::place::{FOLDER, folder};
use crate::digest::hex;
use crate::file::{OwnFolder, age};
use crate::sync;

/// The end of a component's file name.
const SUFFIX: &str = ".wasm";
/// How long a component stays that no release names: between an upload and its release.
const UNRELEASED: Duration = Duration::from_secs(3600);
/// Length of a digest in hexadecimal.
const DIGEST: usize = 64;

/// Whether this is a SHA-256 in hexadecimal, in small letters.
pub fn is_digest(text: &str) -> bool {
    text.len() == DIGEST && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The files.
pub(super) struct Components {
    data_dir: PathBuf,
    /// Held while a file is found or removed: what was found is not removed for an hour.
    using: Mutex<()>,
}

impl Components {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            using: Mutex::default(),
        }
    }

    /// The bytes of a component.
    pub(super) fn read(&self, digest: &str, max: u64) -> Result<Vec<u8>, StoreError> {
        let folder = self.folder()?;
        let bytes = folder.read(&name(digest), max);
        let bytes = bytes.map_err(|error| match error.kind() {
            ErrorKind::NotFound => StoreError::NoComponent(digest.to_owned()),
            _ => StoreError::of_file(&folder.path().join(name(digest)), &error),
        })?;
        super::reach("component-read");
        if hex(&bytes) != digest {
            return Err(StoreError::Damaged(digest.to_owned()));
        }
        Ok(bytes)
    }

    /// Whether a component is there. It is kept for the next hour then.
    pub(super) fn has(&self, digest: &str) -> Result<bool, StoreError> {
        let _using = self.using();
        let folder = self.folder()?;
        match folder.length(&name(digest)) {
            Ok(_) => {
                // On a disk that takes no writes, nothing is removed either.
                let _ = folder.touch(&name(digest));
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::of_file(
                &folder.path().join(name(digest)),
                &error,
            )),
        }
    }

    /// Stores bytes of this digest; `false` if they are there, whole.
    pub(super) fn store(&self, digest: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        let _using = self.using();
        let folder = self.folder()?;
        let file = name(digest);
        // A damaged file is replaced.
        let is_there = folder
            .read(&file, bytes.len() as u64)
            .is_ok_and(|there| there == bytes);
        if is_there && folder.touch(&file).is_ok() {
            return Ok(false);
        }
        let written = folder.write(&file, bytes);
        written.map_err(|error| StoreError::of_file(&folder.path().join(&file), &error))?;
        Ok(true)
    }

    /// Removes the components that are not needed, but those of the last hour.
    pub(super) fn sweep(&self, needed: &BTreeSet<String>) -> Result<(), StoreError> {
        let _using = self.using();
        let folder = self.folder()?;
        let failed = |error| StoreError::of_file(folder.path(), &error);
        let now = SystemTime::now();
        let files = folder.list().map_err(failed)?.into_iter();
        let unneeded = files.filter(|file| {
            let digest = file.name.strip_suffix(SUFFIX);
            let is_left = |digest: &&str| is_digest(digest) && !needed.contains(*digest);
            digest.filter(is_left).is_some() && age(file.used, now) > UNRELEASED
        });
        let unneeded = unneeded.map(|file| file.name).collect();
        folder.remove(unneeded).map_err(failed)
    }

    fn folder(&self) -> Result<OwnFolder, StoreError> {
        OwnFolder::open(&self.data_dir, FOLDER)
            .map_err(|error| StoreError::of_file(&folder(&self.data_dir), &error))
    }

    fn using(&self) -> MutexGuard<'_, ()> {
        sync::lock(&self.using)
    }
}

/// The name of a component's file.
fn name(digest: &str) -> String {
    format!("{digest}{SUFFIX}")
}
