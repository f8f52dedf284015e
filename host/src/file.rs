//! Reading of named files: configuration, components, fixtures, secrets, certificates.
//!
//! Such a name may lead to a pipe without a writer, to a device, to a directory, to a file without
//! an end, or to a file system that does not answer. So what is read here is bounded in kind (a
//! regular file, checked before and after it is opened), in size and in time: a thread of its own
//! does each look, and no caller waits for it longer than [`TIMEOUT`]. There is one look at a path
//! at a time, so that a file system that hangs holds one thread for each file and no more.
//!
//! All of it blocks: no event loop may call it.

mod own;
mod trust;

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use thiserror::Error;

pub use own::{Entry, OwnFolder, Unfinished, age};
pub use trust::Untrusted;

use crate::sync;

/// Time limit of a look at a file, its content included.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The same where a look at another file of the directory hangs: so a hundred components on one
/// dead mount do not add up.
const BESIDE: Duration = Duration::from_secs(1);

/// It is not a regular file.
#[derive(Debug, Error)]
#[error("not a file but a {0}")]
pub struct NotAFile(&'static str);

impl NotAFile {
    /// Whether this is why a file cannot be used.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// The content of a file.
#[derive(Debug)]
pub struct Content {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Read before the bytes: a change between the two is seen later.
    pub metadata: Metadata,
}

/// Looks at a file without opening it.
///
/// # Errors
///
/// What the system says; [`ErrorKind::TimedOut`] when it says nothing.
pub fn stat(path: &Path) -> io::Result<Metadata> {
    bounded(path, TIMEOUT, |path| std::fs::metadata(path))
}

/// Opens a file and returns its length, bytes: whether it could be read.
///
/// # Errors
///
/// As [`read`].
pub fn length(path: &Path) -> io::Result<u64> {
    bounded(path, TIMEOUT, |path| Ok(open(path)?.1.len()))
}

/// Reads a file that has at most `limit` bytes.
///
/// # Errors
///
/// What the system says; [`NotAFile`]; [`ErrorKind::FileTooLarge`]; [`ErrorKind::TimedOut`] when it
/// takes longer than [`TIMEOUT`].
pub fn read(path: &Path, limit: u64) -> io::Result<Content> {
    bounded(path, TIMEOUT, move |path| {
        let (file, metadata) = open(path)?;
        // What is too large by its length is not read: that may take all memory, or all the time
        // there is. A file without a length, such as those of /proc, is bounded as it is read.
        if metadata.len() > limit {
            return Err(too_large(limit));
        }
        let bytes = read_all(file, limit)?;
        Ok(Content { bytes, metadata })
    })
}

/// Reads a text.
///
/// # Errors
///
/// As [`read`]; [`ErrorKind::InvalidData`] when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?.bytes;
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "not UTF-8"))
}

/// Works on a path, with the time limit of a look.
///
/// # Errors
///
/// What `work` says; [`ErrorKind::TimedOut`] when it takes longer than [`TIMEOUT`].
pub fn within<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> T + Send + 'static,
) -> io::Result<T> {
    bounded(path, TIMEOUT, |path| Ok(work(path)))
}

/// Opens a regular file. Checked before, because opening a pipe or a device has effects, and again
/// afterwards, because it may have been replaced; it is opened so that even a pipe does not block.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    regular(&std::fs::metadata(path)?)?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    Ok((file, metadata))
}

/// The content of a file that has at most `limit` bytes.
fn read_all(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more distinguishes a file that is too large from one that fits exactly.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> io::Error {
    let what = format!("larger than {}", size(limit));
    io::Error::new(ErrorKind::FileTooLarge, what)
}

/// A size as people write it.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = |(bits, _): &(u32, _)| bytes > 0 && bytes.trailing_zeros() >= *bits;
    match units.into_iter().find(whole) {
        Some((bits, unit)) => format!("{} {unit}", bytes >> bits),
        None => format!("{bytes} bytes"),
    }
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "directory",
        _ if kind.is_fifo() => "named pipe",
        _ if kind.is_socket() => "socket",
        _ => "device",
    };
    Err(io::Error::new(ErrorKind::InvalidInput, NotAFile(what)))
}

/// Looks under way.
static UNDER_WAY: Mutex<BTreeMap<PathBuf, PendingLook>> = Mutex::new(BTreeMap::new());
static BACK: Condvar = Condvar::new();

/// When a look began, and from when on it counts as hung.
struct PendingLook {
    since: Instant,
    late: Instant,
}

/// Does a look on a thread of its own, and waits for it until `timeout`.
fn bounded<T: Send + 'static>(
    path: &Path,
    timeout: Duration,
    look: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (guard, timeout) = LookGuard::take(path, timeout)?;
    let (done, result) = sync_channel(1);
    sync::thread("tailor-file", move || {
        let outcome = look(&guard.0);
        drop(guard);
        // The caller may have stopped waiting.
        let _ = done.send(outcome);
    })?;
    match result.recv_timeout(timeout) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(late(timeout)),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the look at it failed")),
    }
}

fn late(timeout: Duration) -> io::Error {
    let what = format!("its file system has not answered for {timeout:?}");
    io::Error::new(ErrorKind::TimedOut, what)
}

/// The right to look at a path, released on drop.
struct LookGuard(PathBuf);

impl LookGuard {
    /// Also returns how long to wait for the look.
    fn take(path: &Path, timeout: Duration) -> io::Result<(Self, Duration)> {
        let asked = Instant::now();
        let mut under_way = lock();
        while let Some(look) = under_way.get(path) {
            // All callers wait for a hung look together, not one after the other.
            let waited = look.since.min(asked).elapsed();
            let Some(left) = timeout.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Err(late(timeout));
            };
            let waiting = BACK.wait_timeout(under_way, left);
            under_way = waiting.unwrap_or_else(PoisonError::into_inner).0;
        }
        let since = Instant::now();
        let hangs = |(other, look): (&PathBuf, &PendingLook)| {
            look.late <= since && other.parent() == path.parent()
        };
        let timeout = match under_way.iter().any(hangs) {
            true => timeout.min(BESIDE),
            false => timeout,
        };
        let late = since + timeout;
        under_way.insert(path.to_owned(), PendingLook { since, late });
        Ok((Self(path.to_owned()), timeout))
    }
}

impl Drop for LookGuard {
    fn drop(&mut self) {
        lock().remove(&self.0);
        BACK.notify_all();
    }
}

fn lock() -> MutexGuard<'static, BTreeMap<PathBuf, PendingLook>> {
    sync::lock(&UNDER_WAY)
}

#[cfg(test)]
mod tests;
