//! The path to a folder, component by component from the root, so that only root and this user can
//! have put another one in its place.
//!
//! Each component is opened by the descriptor of the one before and checked before it is entered; a
//! symbolic link is checked in the same way. So what was checked is what is used, also when another
//! user renames something meanwhile. The rules are those that OpenSSH has for the files it trusts,
//! and a folder whose entries only their owners may rename (`/tmp`, with its sticky bit) is
//! accepted.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, readlinkat};
use thiserror::Error;

/// Symbolic links that a path may have, as Linux has it.
const MAX_LINKS: usize = 40;

/// Others than root and this user can change what lies at a path.
#[derive(Debug, Error)]
pub enum Untrusted {
    /// The folder or file itself is another user's.
    #[error("{}: belongs to another user (uid {uid}); name a folder of this user's", path.display())]
    Owner {
        /// What belongs to another user.
        path: PathBuf,
        /// That user.
        uid: u32,
    },
    /// Others can write to the folder or file itself.
    #[error("{}: others can write to it (mode {mode:o}); set it to {wanted}", path.display())]
    Writable {
        /// What others can write to.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it should have.
        wanted: &'static str,
    },
    /// The file has another name, through which it may have been written.
    #[error("{}: the file has another name elsewhere; remove it", path.display())]
    Linked {
        /// The file.
        path: PathBuf,
    },
    /// A folder on the way, or a link, is another user's, who may rename what is in it.
    #[error(
        "{}, on the way to it, belongs to another user (uid {uid}), who could put another folder \
         in its place; name a folder that lies below root's and this user's folders only",
        path.display()
    )]
    OwnerAbove {
        /// What belongs to another user.
        path: PathBuf,
        /// That user.
        uid: u32,
    },
    /// Others can write to a folder on the way, and so rename what is in it.
    #[error(
        "others can write to {}, on the way to it (mode {mode:o}), and could put another folder in \
         its place; take that from them (chmod go-w, or chmod +t), or name a folder elsewhere",
        path.display()
    )]
    WritableAbove {
        /// What others can write to.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

impl Untrusted {
    /// Whether this is why something cannot be used.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl From<Untrusted> for io::Error {
    fn from(untrusted: Untrusted) -> Self {
        Self::new(ErrorKind::PermissionDenied, untrusted)
    }
}

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Permissions without the kind of file.
fn permissions(mode: u32) -> u32 {
    mode & 0o7777
}

fn is_this_user(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw()
}

/// That something with this owner and mode is this user's alone. `wanted` is the mode to say.
pub(super) fn own(path: &Path, uid: u32, mode: u32, wanted: &'static str) -> Result<(), Untrusted> {
    let path = || path.to_owned();
    if !is_this_user(uid) {
        return Err(Untrusted::Owner { path: path(), uid });
    }
    let mode = permissions(mode);
    if mode & OTHERS_WRITE != 0 {
        return Err(Untrusted::Writable {
            path: path(),
            mode,
            wanted,
        });
    }
    Ok(())
}

fn own_folder(path: &Path, folder: &OwnedFd) -> io::Result<()> {
    let stat = fstat(folder)?;
    Ok(own(path, stat.st_uid, stat.st_mode, "700")?)
}

/// That only root and this user can rename what is in a folder on the way, or point a link
/// elsewhere.
fn above(path: &Path, stat: &Stat) -> Result<(), Untrusted> {
    let uid = stat.st_uid;
    if uid != 0 && !is_this_user(uid) {
        let path = path.to_owned();
        return Err(Untrusted::OwnerAbove { path, uid });
    }
    let mode = permissions(stat.st_mode);
    // A link has no permissions of its own.
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    if !is_link && mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        let path = path.to_owned();
        return Err(Untrusted::WritableAbove { path, mode });
    }
    Ok(())
}

/// Opens a folder that is this user's alone, below folders that no other user can change. What is
/// missing on the way is made, for this user alone.
///
/// # Errors
///
/// [`Untrusted`], or what the system says.
pub(super) fn open_own(path: &Path) -> io::Result<OwnedFd> {
    let mut walk = PathWalk::begin(path)?;
    while let Some(step) = walk.left.pop() {
        walk.go(&step)?;
    }
    own_folder(path, &walk.at)?;
    Ok(walk.at)
}

/// Opens a folder in one that was opened so. It is made if it is missing.
///
/// # Errors
///
/// As [`open_own`].
pub(super) fn open_own_in(parent: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let name = path.file_name().unwrap_or_default();
    let folder = open_or_make(parent, name)?;
    if FileType::from_raw_mode(fstat(&folder)?.st_mode) != FileType::Directory {
        return Err(not_a_folder(path));
    }
    own_folder(path, &folder)?;
    Ok(folder)
}

/// A walk along a path, so far.
struct PathWalk {
    at: OwnedFd,
    shown: PathBuf,
    /// The components that are left, the next one last.
    left: Vec<OsString>,
    links: usize,
}

impl PathWalk {
    fn begin(path: &Path) -> io::Result<Self> {
        let mut walk = Self {
            at: root()?,
            shown: PathBuf::from("/"),
            left: Vec::new(),
            links: 0,
        };
        above(&walk.shown, &fstat(&walk.at)?)?;
        walk.insert(&std::path::absolute(path)?);
        Ok(walk)
    }

    /// Puts the steps of a path before those that are left.
    fn insert(&mut self, path: &Path) {
        let steps = path.components().rev();
        self.left
            .extend(steps.map(|step| step.as_os_str().to_owned()));
    }

    fn go(&mut self, step: &OsStr) -> io::Result<()> {
        let next = self.shown.join(step);
        let entry = match step.to_str() {
            Some("/") => root()?,
            Some(".") => return Ok(()),
            _ => open_or_make(&self.at, step).map_err(|error| named(&next, &error))?,
        };
        let stat = fstat(&entry)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        // The caller checks the folder at the end more closely.
        if !(self.left.is_empty() && kind == FileType::Directory) {
            above(&next, &stat)?;
        }
        match kind {
            FileType::Directory => {
                self.at = entry;
                match step.to_str() {
                    Some("..") => _ = self.shown.pop(),
                    _ => self.shown = next,
                }
                Ok(())
            }
            FileType::Symlink => {
                self.links += 1;
                if self.links > MAX_LINKS {
                    return Err(named(&next, &io::Error::from(rustix::io::Errno::LOOP)));
                }
                let target = readlinkat(&entry, "", Vec::new())?;
                self.insert(Path::new(&OsString::from_vec(target.into_bytes())));
                Ok(())
            }
            _ => Err(not_a_folder(&next)),
        }
    }
}

fn root() -> io::Result<OwnedFd> {
    Ok(openat(
        CWD,
        "/",
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// Opens an entry of a folder, whatever it is, to look at it. If there is none, it becomes a
/// folder.
fn open_or_make(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let open = || {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(folder, name, flags, Mode::empty())
    };
    match open() {
        Err(rustix::io::Errno::NOENT) => {}
        opened => return Ok(opened?),
    }
    match mkdirat(folder, name, Mode::RWXU) {
        // Another host may have made it.
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(open()?),
        Err(error) => Err(error.into()),
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn not_a_folder(path: &Path) -> io::Error {
    let what = format!("{}: not a directory", path.display());
    io::Error::new(ErrorKind::NotADirectory, what)
}
