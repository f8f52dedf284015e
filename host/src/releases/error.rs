//! Why the store of releases could not be used.

use std::io;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};
use rustix::io::Errno;
use thiserror::Error;

use crate::config::show_size;
use crate::file::Untrusted;

/// The store of releases did not do as it was told.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("{place}: no space left; make room below engine.data-dir, and try again")]
    Full {
        /// What was written.
        place: String,
    },
    /// The place cannot be written to.
    #[error("{place}: the file system is read-only; make engine.data-dir writable, and try again")]
    ReadOnly {
        /// What was written.
        place: String,
    },
    /// Another program holds a lock.
    #[error("{place}: another program holds a lock on it; end its transaction, and try again")]
    Locked {
        /// The journal.
        place: String,
    },
    /// It does not answer in time.
    #[error("{place}: no answer in time; look at the file system of engine.data-dir")]
    Slow {
        /// What was read or written.
        place: String,
    },
    /// Too many orders wait for the journal.
    #[error("releases: too many orders at once; try again in a moment")]
    Queue,
    /// The data directory is not this user's alone. Why has its way out.
    #[error("engine.data-dir: {0}")]
    Untrusted(String),
    /// Another failure.
    #[error("{place}: {why}; mend it, or restore it from a copy")]
    Failed {
        /// What was read or written.
        place: String,
        /// What the system or SQLite says.
        why: String,
    },
    /// A component is not there.
    #[error("component {0}: not there; upload it with PUT /v1/components/{0}")]
    NoComponent(String),
    /// A component is larger than components may be by now.
    #[error("component {0}: larger than engine.max-component-size; raise that")]
    TooLarge(String),
    /// A component's bytes are others than they should be.
    #[error("component {0}: damaged: its bytes have another digest; upload it again")]
    Damaged(String),
    /// A component's bytes are others than its author says.
    #[error(
        "the body has the digest {found}, not {digest}; send the file that the digest was taken \
         of, whole"
    )]
    OtherDigest {
        /// What came.
        found: String,
        /// What should have come.
        digest: String,
    },
    /// A component came in part.
    #[error("the component did not come whole; send it again")]
    Cut,
    /// A row of the journal cannot be what a host wrote.
    #[error("journal: the live release of {bff} is damaged: {why}; release the BFF again")]
    DamagedRow {
        /// The BFF.
        bff: String,
        /// What is wrong with it.
        why: String,
    },
    /// The journal is of a newer host.
    #[error(
        "{place}: written by a newer host (version {found}, this host knows {known}); run that \
         host, or another engine.data-dir"
    )]
    Newer {
        /// The journal.
        place: String,
        /// Its version.
        found: i64,
        /// The newest that this host knows.
        known: i64,
    },
    /// The key of an order was used for another order.
    #[error("idempotency-key: used for another order; take a new key")]
    KeyReused,
    /// Too many releases of a BFF are under way.
    #[error("bff.{bff}: {waiting} releases are under way; wait until one has ended")]
    Busy {
        /// The BFF.
        bff: String,
        /// How many.
        waiting: usize,
    },
    /// A team has too much that nobody releases.
    #[error(
        "releases.max-unreleased: {team} has uploaded {} that no release is of; release it, or wait: \
         what nobody releases goes after an hour",
        show_size(*most)
    )]
    Unreleased {
        /// The team.
        team: String,
        /// How much it may have, bytes.
        most: u64,
    },
    /// There are too many tokens.
    #[error("releases: {0} tokens are valid; revoke those that are not needed")]
    TooManyTokens(i64),
    /// There are too many tokens for a team's jobs of one CI system.
    #[error(
        "releases.ci.{issuer}: {most} tokens of {team} are valid; wait until one has ended, or raise \
         max-tokens"
    )]
    TooManyOfIssuer {
        /// The CI system.
        issuer: String,
        /// The team.
        team: String,
        /// How many that is.
        most: usize,
    },
    /// A token was exchanged before.
    #[error("the token was exchanged before; ask the CI system for a new one")]
    Exchanged,
    /// A token waited to be exchanged until its time was over.
    #[error("the token has expired while the journal was busy; ask the CI system for a new one")]
    ExchangedLate,
    /// The system has no random bytes for a token.
    #[error("releases: no random bytes: {0}; look at the system")]
    NoRandom(String),
    /// A rollback is live, and not in the journal.
    #[error(
        "releases: it is live and not recorded yet; look at the file system of engine.data-dir"
    )]
    Unrecorded,
    /// A later order is live already.
    #[error("bff.{bff}: release {by} went live while {release} was proven; release it again")]
    Superseded {
        /// The BFF.
        bff: String,
        /// The release.
        release: i64,
        /// The one that is live.
        by: i64,
    },
    /// No release of the BFF is on trial, or another one is.
    #[error("bff.{bff}: {what}; look at it with GET /v1/bffs/{bff}")]
    NoCanary {
        /// The BFF, or the release if it is not known.
        bff: String,
        /// What is there.
        what: String,
    },
    /// A rule has rolled the component back.
    #[error(
        "bff.{bff}: {digest} was rolled back by a rule in release {release}: {reason}; mend it, or \
         release it with \"again\" (`tailor deploy --again`) and a message that says why"
    )]
    Held {
        /// The BFF.
        bff: String,
        /// The component.
        digest: String,
        /// The release that was rolled back.
        release: i64,
        /// The rule, in words.
        reason: String,
    },
    /// A BFF has too many previews.
    #[error(
        "bff.{bff}: releases.preview.names is {most}, and as many previews are there; end one, or \
         raise it"
    )]
    TooManyPreviews {
        /// The BFF.
        bff: String,
        /// How many it may have.
        most: usize,
    },
    /// Something else is live than the order expects, or about to be.
    #[error("bff.{bff}: {what}; {way}")]
    Conflict {
        /// The BFF.
        bff: String,
        /// What is there, since when.
        what: String,
        /// What to do.
        way: String,
    },
}

impl StoreError {
    /// Something else is live than an order expects: `live`, a digest, or nothing.
    pub fn other_is_live(bff: &str, what: String, live: Option<&str>) -> Self {
        let live = live.unwrap_or("none");
        Self::Conflict {
            bff: bff.to_owned(),
            what,
            way: format!("look at it, and release with expect_live \"{live}\" or \"any\""),
        }
    }

    /// The failure of a file.
    pub(super) fn of_file(path: &Path, error: &io::Error) -> Self {
        let place = path.display().to_string();
        match Errno::from_io_error(error) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::Full { place },
            Some(Errno::ROFS) => Self::ReadOnly { place },
            _ if error.kind() == io::ErrorKind::TimedOut => Self::Slow { place },
            _ if Untrusted::is_in(error) => Self::Untrusted(error.to_string()),
            _ => Self::Failed {
                place,
                why: error.to_string(),
            },
        }
    }

    /// The failure of the journal.
    pub(super) fn of_journal(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let place = path.display().to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { place },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { place },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { place },
            // SQLite does not say what is wrong with the disk.
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if is_read_only(path) => {
                Self::ReadOnly { place }
            }
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if is_full(path) => {
                Self::Full { place }
            }
            _ => Self::Failed {
                place,
                why: match error {
                    // Its text has the whole statement.
                    rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
                    error => error.to_string(),
                },
            },
        }
    }

    /// The same, where the copy beside the journal is no help.
    pub(super) fn without_copy(self, copy: &Self) -> Self {
        Self::Failed {
            place: "releases".to_owned(),
            why: format!("{self}; and its copy cannot be used: {copy}"),
        }
    }

    /// Whether the same order may be taken a moment later, with nothing mended meanwhile.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. }
                | Self::Slow { .. }
                | Self::Queue
                | Self::Busy { .. }
                | Self::TooManyOfIssuer { .. }
        )
    }

    /// Whether the host or its disk is the cause, not the order.
    pub fn is_of_host(&self) -> bool {
        !matches!(
            self,
            Self::NoComponent(_)
                | Self::OtherDigest { .. }
                | Self::Cut
                | Self::KeyReused
                | Self::Busy { .. }
                | Self::TooManyTokens(_)
                | Self::Unreleased { .. }
                | Self::Superseded { .. }
                | Self::NoCanary { .. }
                | Self::Held { .. }
                | Self::TooManyPreviews { .. }
                | Self::Conflict { .. }
        )
    }
}

/// Whether the file system of a file takes no writes.
fn is_read_only(path: &Path) -> bool {
    disk(path).is_some_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Whether the file system of a file has no room.
fn is_full(path: &Path) -> bool {
    disk(path).is_some_and(|disk| disk.f_bavail == 0)
}

fn disk(path: &Path) -> Option<StatVfs> {
    statvfs(path.parent()?).ok()
}
