//! Folders of the data directory, and their files: this user's alone, each time that they are used.
//!
//! What lies in them runs with the host's rights, or is served to clients. So every use walks the
//! whole path to the folder again ([`trust`](super::trust)), and a file is opened by the folder's
//! descriptor: only when it is a regular file of this user's that no other user can write to and
//! that has no other name. A file is written beside its place, synced and renamed: after a loss of
//! power there is the whole old one or the whole new one.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT, flock, openat, renameat, statat, unlinkat, utimensat,
};

use super::trust::{Untrusted, open_own, open_own_in, own};
use super::{TIMEOUT, bounded, read_all, regular};

/// The start of the names of files that are being written.
const UNFINISHED: &str = ".unfinished-";
/// How long a file may be written. Another host may do so in the same folder.
const WRITING: Duration = Duration::from_secs(3600);

/// A folder in the data directory.
#[derive(Clone, Debug)]
pub struct OwnFolder {
    path: PathBuf,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length, bytes.
    pub size: u64,
    /// When it was written or touched last.
    pub used: SystemTime,
}

impl OwnFolder {
    /// The folder of this name in the data directory. Both are made if needed, for this user alone,
    /// and so is what is missing above them.
    ///
    /// # Errors
    ///
    /// When one cannot be made, or is not this user's alone, see [`Untrusted`].
    pub fn open(data_dir: &Path, name: &str) -> io::Result<Self> {
        let folder = Self {
            path: data_dir.join(name),
        };
        folder.bounded("", |folder| folder.descriptor().map(drop))?;
        Ok(folder)
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of a file, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or as [`super::read`].
    pub fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let file = name.to_owned();
        self.bounded(name, move |folder| {
            let (file, _) = folder.file(&file)?;
            read_all(file, limit)
        })
    }

    /// Hands the bytes of a file on, part by part.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_into<W: Write + Send + 'static>(&self, name: &str, mut to: W) -> io::Result<W> {
        let file = name.to_owned();
        self.bounded(name, move |folder| {
            io::copy(&mut folder.file(&file)?.0, &mut to)?;
            Ok(to)
        })
    }

    /// The length of a file that could be read, bytes.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn length(&self, name: &str) -> io::Result<u64> {
        let file = name.to_owned();
        self.bounded(name, move |folder| Ok(folder.file(&file)?.1.len()))
    }

    /// Writes a file atomically, and syncs it.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says. The old file is still there.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (file, content) = (name.to_owned(), content.to_vec());
        self.bounded(name, move |folder| {
            let mut unfinished = folder.begin()?;
            unfinished.write(&content)?;
            unfinished.finish(&file)
        })
    }

    /// Begins a file whose content comes bit by bit. There is no time limit but the caller's.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says.
    pub fn begin(&self) -> io::Result<Unfinished> {
        let folder = self.descriptor()?;
        let (temporary, writer) = unfinished(&folder)?;
        Ok(Unfinished {
            folder,
            temporary,
            writer,
            is_done: false,
        })
    }

    /// Locks a file of this name, which is made if needed, for as long as the result lives. `None`
    /// if another process holds the lock.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says.
    pub fn lock(&self, name: &str) -> io::Result<Option<File>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(self.descriptor()?, name, flags, Mode::RUSR | Mode::WUSR)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(File::from(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes an empty file of this name for this user alone, if there is none.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says.
    pub fn make(&self, name: &str) -> io::Result<()> {
        let file = name.to_owned();
        self.bounded(name, move |folder| {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(folder.descriptor()?, file, flags, Mode::RUSR | Mode::WUSR)?;
            Ok(())
        })
    }

    /// Records that a file was used now.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says.
    pub fn touch(&self, name: &str) -> io::Result<()> {
        let file = name.to_owned();
        self.bounded(name, move |folder| {
            let part = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
            let times = Timestamps {
                last_access: part(UTIME_OMIT),
                last_modification: part(UTIME_NOW),
            };
            let folder = folder.descriptor()?;
            Ok(utimensat(
                &folder,
                &*file,
                &times,
                AtFlags::SYMLINK_NOFOLLOW,
            )?)
        })
    }

    /// The regular files, but those that are being written.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or what the system says.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        self.bounded("", |folder| {
            let mut files = folder.files(&folder.descriptor()?)?;
            files.retain(|file| !file.name.starts_with(UNFINISHED));
            Ok(files)
        })
    }

    /// Removes files of these names, and unfinished files of a stopped host.
    ///
    /// # Errors
    ///
    /// [`Untrusted`], or the first that the system says; the others are removed all the same.
    pub fn remove(&self, names: Vec<String>) -> io::Result<()> {
        self.bounded("", move |folder| {
            let descriptor = folder.descriptor()?;
            let left = folder.files(&descriptor)?.into_iter();
            let left = left.filter(|file| file.name.starts_with(UNFINISHED) && is_left(file));
            let names = names.into_iter().chain(left.map(|file| file.name));
            let remove = |name: String| match unlinkat(&descriptor, &*name, AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            };
            names.map(remove).fold(Ok(()), io::Result::and)
        })
    }

    /// Does something with a file, or with the folder if there is no name, within the time that
    /// file systems have.
    fn bounded<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let folder = self.clone();
        bounded(&self.path.join(name), TIMEOUT, move |_| work(&folder))
    }

    /// The folder, checked from the root on.
    fn descriptor(&self) -> io::Result<OwnedFd> {
        let data_dir = self.path.parent().unwrap_or(Path::new("/"));
        open_own_in(&open_own(data_dir)?, &self.path)
    }

    /// Opens a file that is this user's alone.
    fn file(&self, name: &str) -> io::Result<(File, Metadata)> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(self.descriptor()?, name, flags, Mode::empty())?);
        let metadata = file.metadata()?;
        regular(&metadata)?;
        let path = self.path.join(name);
        own(&path, metadata.uid(), metadata.mode(), "600")?;
        if metadata.nlink() != 1 {
            return Err(Untrusted::Linked { path }.into());
        }
        Ok((file, metadata))
    }

    /// The regular files of the folder, which was opened as `folder`.
    fn files(&self, folder: &OwnedFd) -> io::Result<Vec<Entry>> {
        let mut files = Vec::new();
        for entry in Dir::new(readable(folder)?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            // All names that are written here are text.
            let Some(name) = name.to_str() else { continue };
            let stat = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Another host removes files, too.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
                files.push(Entry {
                    name: name.to_owned(),
                    size: u64::try_from(stat.st_size).unwrap_or(0),
                    used: used(&stat),
                });
            }
        }
        Ok(files)
    }
}

/// A file that is being written beside its place. Dropped before it is finished, it is removed.
#[derive(Debug)]
pub struct Unfinished {
    folder: OwnedFd,
    temporary: String,
    writer: File,
    is_done: bool,
}

impl Unfinished {
    /// Writes more of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write(&mut self, content: &[u8]) -> io::Result<()> {
        self.writer.write_all(content)
    }

    /// Syncs it and gives it its name, in the place of an older file.
    ///
    /// # Errors
    ///
    /// What the system says. The old file is still there.
    pub fn finish(mut self, name: &str) -> io::Result<()> {
        self.writer.sync_all()?;
        renameat(&self.folder, &*self.temporary, &self.folder, name)?;
        self.is_done = true;
        // The name itself is on the disk once the folder is synced.
        File::from(readable(&self.folder)?).sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_done {
            // The error to report is the one before.
            let _ = unlinkat(&self.folder, &*self.temporary, AtFlags::empty());
        }
    }
}

/// A folder that was opened to look at it, opened to be read.
fn readable(folder: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(folder, ".", flags, Mode::empty())?)
}

/// A new file for its owner alone, under a name that nothing reads.
fn unfinished(folder: &OwnedFd) -> io::Result<(String, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        match openat(folder, &*name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok((name, File::from(file))),
            // From a stopped host with this process id; they are few.
            Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether no writer of the file is left.
fn is_left(file: &Entry) -> bool {
    age(file.used, SystemTime::now()) > WRITING
}

/// The time since then. None when the clock was set back meanwhile.
pub fn age(used: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(used).unwrap_or_default()
}

fn used(stat: &Stat) -> SystemTime {
    let seconds = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
    SystemTime::UNIX_EPOCH
        .checked_add(seconds)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
