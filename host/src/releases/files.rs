//! The bytes of released components, in files named by their digests.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::error::StoreError;
use super::place::{FOLDER, folder};
use crate::digest::{Digesting, hex, is_digest};
use crate::file::{OwnFolder, Unfinished, age};
use crate::sync;

/// The end of a component's file name.
const SUFFIX: &str = ".wasm";
/// What a component counts as where a team has many small ones, bytes.
const LEAST: u64 = 1 << 20;
/// How long a component stays that no release names: between an upload and its release.
pub(super) const UNRELEASED: Duration = Duration::from_secs(3600);
/// A part of a component that is stored.
pub enum Part {
    /// Its next bytes.
    Bytes(Bytes),
    /// There are no more. A component that ends without it came in part only.
    End,
}

/// A component that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its size, bytes.
    pub size: u64,
    /// Whether it was not there before.
    pub is_new: bool,
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
            ErrorKind::FileTooLarge => StoreError::TooLarge(digest.to_owned()),
            _ => StoreError::of_file(&folder.path().join(name(digest)), &error),
        })?;
        super::reach("component-read");
        if hex(&bytes) != digest {
            return Err(StoreError::Damaged(digest.to_owned()));
        }
        Ok(bytes)
    }

    /// Whether a component is there, whole: what is damaged has to be uploaded again. It is kept
    /// for the next hour then.
    pub(super) fn has(&self, digest: &str) -> Result<bool, StoreError> {
        let folder = self.folder()?;
        {
            let _using = self.using();
            // On a disk that takes no writes, nothing is removed either.
            let _ = folder.touch(&name(digest));
        }
        match folder.read_into(&name(digest), Digesting::default()) {
            Ok(found) => Ok(found.hex() == digest),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::of_file(
                &folder.path().join(name(digest)),
                &error,
            )),
        }
    }

    /// Bytes of these components, each counted as [`LEAST`] at least.
    pub(super) fn size(&self, digests: &[String]) -> Result<u64, StoreError> {
        let folder = self.folder()?;
        let length = |digest: &String| folder.length(&name(digest)).ok();
        // One that is gone takes no room.
        let sizes = digests.iter().filter_map(length);
        Ok(sizes.map(|size| size.max(LEAST)).sum())
    }

    /// Begins to store a component.
    pub(super) fn begin(&self) -> Result<Upload<'_>, StoreError> {
        let folder = self.folder()?;
        let file = folder.begin();
        let file = file.map_err(|error| StoreError::of_file(folder.path(), &error))?;
        Ok(Upload {
            components: self,
            folder,
            file,
            digest: Digesting::default(),
            size: 0,
        })
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

/// A component that is being stored. Dropped before it is finished, nothing of it stays.
pub(super) struct Upload<'a> {
    components: &'a Components,
    folder: OwnFolder,
    file: Unfinished,
    digest: Digesting,
    size: u64,
}

impl Upload<'_> {
    /// Takes more of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.digest.add(bytes);
        self.size += bytes.len() as u64;
        let written = self.file.write(bytes);
        written.map_err(|error| StoreError::of_file(self.folder.path(), &error))?;
        super::reach("component-begun");
        Ok(())
    }

    /// Compares it with its digest. Its bytes are on the disk then; a file of that name may have
    /// been damaged, and is replaced.
    pub(super) fn finish(self, digest: &str) -> Result<Stored, StoreError> {
        let found = self.digest.hex();
        if found != digest {
            let digest = digest.to_owned();
            return Err(StoreError::OtherDigest { found, digest });
        }
        let _using = self.components.using();
        let file = name(digest);
        let is_new = self.folder.length(&file).is_err();
        super::reach("component-unnamed");
        let written = self.file.finish(&file);
        written.map_err(|error| StoreError::of_file(&self.folder.path().join(&file), &error))?;
        Ok(Stored {
            size: self.size,
            is_new,
        })
    }
}
