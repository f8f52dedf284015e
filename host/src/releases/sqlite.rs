//! The journal in SQLite: write-ahead log, each commit synced, one thread for all that is read and
//! written.
//!
//! After an error of SQLite the file is opened anew for the next order, so that a disk that was
//! read-only needs no restart of the host.

mod schema;
mod work;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::journal::{Appended, Journal, LiveByBff, NewRelease, Outcome, Release};
use super::place::{FOLDER, folder};
use crate::file::{OwnFolder, TIMEOUT};
use crate::sync;

/// The file.
const NAME: &str = "journal.db";
/// Orders that wait for the thread.
const QUEUE: usize = 64;
/// How long another program may hold a lock, for example an operator's `sqlite3`.
const LOCKED: Duration = Duration::from_secs(5);

/// The journal of a data directory.
pub(super) struct SqliteJournal {
    data_dir: PathBuf,
    path: PathBuf,
    /// The thread, from the first order on.
    thread: Mutex<Option<SyncSender<Job>>>,
}

type Job = Box<dyn FnOnce(&mut File) + Send>;

/// Why work failed.
pub(super) enum Failure {
    /// The journal is well.
    Refused(StoreError),
    /// It may not be.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// The file, as the thread has it.
struct File {
    data_dir: PathBuf,
    path: PathBuf,
    open: Option<Connection>,
    /// Whether this process has ended what another left half done.
    has_ended_others: bool,
}

impl SqliteJournal {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            path: folder(data_dir).join(NAME),
            thread: Mutex::default(),
        }
    }

    /// Does something with the file on its thread. `wait` is how long this waits for the result.
    fn run<T: Send + 'static>(
        &self,
        wait: Option<Duration>,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = sync_channel(1);
        let job = move |file: &mut File| {
            // Nobody waits any more for a result that comes too late.
            let _ = done.send(file.run(work));
        };
        let slow = || StoreError::Slow {
            place: self.path.display().to_string(),
        };
        match self.thread()?.try_send(Box::new(job)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(slow()),
        }
        let result = match wait {
            Some(wait) => result.recv_timeout(wait),
            None => result.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        result.unwrap_or_else(|_| Err(slow()))
    }

    fn thread(&self) -> Result<SyncSender<Job>, StoreError> {
        let mut thread = sync::lock(&self.thread);
        if let Some(thread) = &*thread {
            return Ok(thread.clone());
        }
        let (orders, coming) = sync_channel(QUEUE);
        let file = File {
            data_dir: self.data_dir.clone(),
            path: self.path.clone(),
            open: None,
            has_ended_others: false,
        };
        let started = sync::thread("tailor-journal", move || serve(file, &coming));
        started.map_err(|error| StoreError::of_file(&self.path, &error))?;
        Ok(thread.insert(orders).clone())
    }
}

/// Does what comes, until nobody is left to send more.
fn serve(mut file: File, coming: &Receiver<Job>) {
    while let Ok(job) = coming.recv() {
        job(&mut file);
    }
}

impl File {
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let done = match self.connection() {
            Ok(connection) => work(connection),
            Err(failure) => Err(failure),
        };
        done.map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Sqlite(error) => {
                // The transaction is undone. On a full disk, a new connection has no room either.
                if error.sqlite_error_code() != Some(ErrorCode::DiskFull) {
                    self.open = None;
                }
                StoreError::of_journal(&self.path, &error)
            }
        })
    }

    fn connection(&mut self) -> Result<&mut Connection, Failure> {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => self.open()?,
        };
        if !self.has_ended_others {
            work::interrupt(&mut connection)?;
            self.has_ended_others = true;
        }
        Ok(self.open.insert(connection))
    }

    fn open(&self) -> Result<Connection, Failure> {
        let failed = |error| StoreError::of_file(&self.path, &error);
        let folder = OwnFolder::open(&self.data_dir, FOLDER).map_err(failed)?;
        match folder.length(NAME) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error).into()),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(LOCKED)?;
        schema::prepare(&mut connection, &self.path)?;
        Ok(connection)
    }
}

impl Journal for SqliteJournal {
    fn append(&self, release: &NewRelease) -> Result<Appended, StoreError> {
        let release = release.clone();
        self.run(Some(TIMEOUT), move |it| work::append(it, &release))
    }

    /// Waits for as long as it takes: a host must not go on without knowing what is live.
    fn finish(&self, release: i64, outcome: &Outcome) -> Result<(), StoreError> {
        let ended = outcome.clone();
        let finished = self.run(None, move |it| work::finish(it, release, &ended));
        match finished {
            // An error of a commit does not say whether it is in the file.
            Err(error) if matches!(outcome, Outcome::Live { .. }) && error.is_of_host() => {
                let is_live = self.run(None, move |it| work::is_live(it, release));
                if is_live.unwrap_or(false) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            finished => finished,
        }
    }

    fn live(&self) -> Result<LiveByBff, StoreError> {
        self.run(Some(TIMEOUT), work::live)
    }

    fn list(
        &self,
        bff: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        let bff = bff.to_owned();
        self.run(Some(TIMEOUT), move |it| work::list(it, &bff, before, limit))
    }

    fn get(&self, release: i64) -> Result<Option<Release>, StoreError> {
        self.run(Some(TIMEOUT), move |it| work::get(it, release))
    }

    fn was_live(&self, bff: &str, digest: &str) -> Result<bool, StoreError> {
        let (bff, digest) = (bff.to_owned(), digest.to_owned());
        self.run(Some(TIMEOUT), move |it| work::was_live(it, &bff, &digest))
    }

    fn collect(&self, keep: usize) -> Result<BTreeSet<String>, StoreError> {
        self.run(Some(TIMEOUT), move |it| work::collect(it, keep))
    }
}

/// A time as the journal has it.
pub(super) fn to_millis(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The time that the journal has.
pub(super) fn from_millis(millis: i64) -> SystemTime {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
