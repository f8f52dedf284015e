//! The journal in SQLite: write-ahead log, each commit synced, one thread for all that is read and
//! written.
//!
//! After an error of SQLite the file is opened anew for the next order, so that a disk that was
//! read-only needs no restart of the host.

mod access;
mod canary;
mod failure;
mod live;
mod order_key;
mod preview;
mod read;
mod schema;
mod signed;
mod trials;
mod wait;
mod work;
mod write;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreError;
use super::journal::{Appended, Event, Journal, LiveByBff, NewRelease, Outcome, Release};
use super::kept::LiveFile;
use super::place::{FOLDER, folder};
use super::preview::Previews;
use super::reach::Reach;
use super::terms::{Kind, Terms};
use super::trial::CanaryChange;
use crate::file::{self, OwnFolder};
use crate::signature::Signed;
use crate::sync;
use failure::Failure;
use wait::{TURN, Wait};

/// The file.
const NAME: &str = "journal.db";
/// The file that the one host locks which ends what others left.
const LOCK: &str = "host.lock";
/// Orders that wait for the thread.
const QUEUE: usize = 64;

/// The journal of a data directory.
pub(super) struct SqliteJournal {
    data_dir: PathBuf,
    path: PathBuf,
    /// A name of this process among those that use the file.
    host: String,
    /// The thread, from the first order on.
    thread: Mutex<Option<SyncSender<Job>>>,
}

type Job = Box<dyn FnOnce(&mut File) + Send>;

/// The file, as the thread has it.
struct File {
    data_dir: PathBuf,
    path: PathBuf,
    open: Option<Connection>,
    /// The open file, to see that it is still the one of this name.
    identity: Option<(u64, u64)>,
    /// Held by one host of the data directory, which ends what hosts before it left half done.
    lock: Option<std::fs::File>,
    /// This process, in the rows that it writes.
    host: String,
}

impl SqliteJournal {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            path: folder(data_dir).join(NAME),
            host: format!("{}-{:016x}", std::process::id(), fastrand::u64(..)),
            thread: Mutex::default(),
        }
    }

    /// Does something with the file on its thread. While another program holds a lock on it, others
    /// have their turns in between.
    fn run<T: Send + 'static>(
        &self,
        wait: Wait,
        work: impl Fn(&mut Connection) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (begun, work) = (Instant::now(), Arc::new(work));
        loop {
            let work = work.clone();
            let left = wait.answer.map(|it| it.saturating_sub(begun.elapsed()));
            let done = self.run_once(left, move |it| work(it));
            match done {
                Err(StoreError::Locked { .. }) if begun.elapsed() < wait.lock => {}
                done => return done,
            }
        }
    }

    /// `wait` is how long this waits for the result.
    fn run_once<T: Send + 'static>(
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
        let thread = self.thread()?;
        match wait {
            // What has to be known in any case waits for its turn, too.
            None => thread.send(Box::new(job)).map_err(|_| slow())?,
            Some(_) => thread
                .try_send(Box::new(job))
                .map_err(|error| match error {
                    TrySendError::Full(_) => StoreError::Queue,
                    TrySendError::Disconnected(_) => slow(),
                })?,
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
            identity: None,
            lock: None,
            host: self.host.clone(),
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
                // The transaction is undone. On a full disk, a new connection has no room either,
                // and a locked file is well.
                let code = error.sqlite_error_code();
                if !matches!(code, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy)) {
                    self.open = None;
                }
                StoreError::of_journal(&self.path, &error)
            }
        })
    }

    fn connection(&mut self) -> Result<&mut Connection, Failure> {
        let mut connection = match self.open.take() {
            // Written to a file that was moved away, an order would be lost.
            Some(mut old) if self.identity != identity(&self.path) => {
                tracing::error!(
                    "{}: moved or removed; a new journal begins",
                    self.path.display()
                );
                let live = read::live(&mut old).ok();
                // Its end removes the log of its name, which would be that of the new one.
                drop(old);
                self.lock = None;
                self.open(live)?
            }
            Some(connection) => connection,
            None => self.open(None)?,
        };
        self.identity = identity(&self.path);
        if self.lock.is_none() {
            let folder = OwnFolder::open(&self.data_dir, FOLDER);
            // Without it, another host goes on, and this one ends nothing.
            self.lock = folder.and_then(|it| it.lock(LOCK)).ok().flatten();
            if self.lock.is_some()
                && let Err(failure) = work::interrupt(&mut connection, &self.host)
            {
                // It is tried again. What is live can be read while another program has a lock.
                self.lock = None;
                if !failure.is_of_lock() {
                    return Err(failure);
                }
            }
        }
        Ok(self.open.insert(connection))
    }

    /// Opens the file. `before` is what was live in the one that had its name before.
    fn open(&self, before: Option<LiveByBff>) -> Result<Connection, Failure> {
        let failed = |error| StoreError::of_file(&self.path, &error);
        let folder = OwnFolder::open(&self.data_dir, FOLDER).map_err(failed)?;
        match folder.length(NAME) {
            Ok(_) => {}
            // SQLite would let other users read it. Its log gets the same rights.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                folder.make(NAME).map_err(failed)?;
            }
            Err(error) => return Err(failed(error).into()),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(TURN)?;
        schema::prepare(&mut connection, &self.path)?;
        // A journal that was moved away, because it was damaged, leaves its copy. With the whole
        // folder, that is away, too.
        if let Some(live) = LiveFile::new(&self.data_dir).read().ok().or(before) {
            work::adopt(&mut connection, &live)?;
        }
        Ok(connection)
    }
}

/// Device and number of a file; `None` if there is none.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = file::stat(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

impl Journal for SqliteJournal {
    fn append(&self, release: &NewRelease) -> Result<Appended, StoreError> {
        let (release, host) = (release.clone(), self.host.clone());
        self.run(Wait::USUAL, move |it| work::append(it, &release, &host))
    }

    fn check(&self, terms: &Terms) -> Result<Option<i64>, StoreError> {
        let terms = terms.clone();
        match terms.kind {
            Kind::Rollback => self.run(Wait::GLANCE, move |it| work::glance(it, &terms)),
            Kind::Deploy | Kind::Preview => {
                self.run(Wait::USUAL, move |it| work::may_begin(it, &terms))
            }
        }
    }

    fn record(&self, release: &NewRelease, at: SystemTime) -> Result<Appended, StoreError> {
        let (release, host) = (release.clone(), self.host.clone());
        self.run(Wait::SHORT, move |it| work::record(it, &release, &host, at))
    }

    /// Waits for as long as it takes: a host must not go on without knowing what is live.
    fn finish(&self, release: i64, outcome: &Outcome) -> Result<(), StoreError> {
        let ended = outcome.clone();
        let finished = self.run(Wait::of_end(outcome), move |it| {
            work::finish(it, release, &ended)
        });
        match finished {
            // An error of a commit does not say whether it is in the file.
            Err(error) if matches!(outcome, Outcome::Live { .. }) && error.is_of_host() => {
                let is_live = self.run(Wait::EVER, move |it| read::is_live(it, release));
                if is_live.unwrap_or(false) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            finished => finished,
        }
    }

    fn change_canary(
        &self,
        bff: &str,
        release: Option<i64>,
        change: &CanaryChange,
        at: SystemTime,
    ) -> Result<Appended, StoreError> {
        let (bff, change) = (bff.to_owned(), change.clone());
        self.run(Wait::of_change(&change), move |it| {
            canary::change(it, &bff, release, &change, at)
        })
    }

    fn live(&self) -> Result<LiveByBff, StoreError> {
        self.run(Wait::USUAL, read::live)
    }

    fn list(
        &self,
        bff: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError> {
        let bff = bff.to_owned();
        self.run(Wait::USUAL, move |it| read::list(it, &bff, before, limit))
    }

    fn get(&self, release: i64) -> Result<Option<Release>, StoreError> {
        self.run(Wait::USUAL, move |it| read::get(it, release))
    }

    fn was_live(&self, bff: &str, digest: &str) -> Result<bool, StoreError> {
        let (bff, digest) = (bff.to_owned(), digest.to_owned());
        self.run(Wait::USUAL, move |it| read::was_live(it, &bff, &digest))
    }

    fn reach(&self, bff: &str, digest: &str) -> Result<Option<Reach>, StoreError> {
        let (bff, digest) = (bff.to_owned(), digest.to_owned());
        self.run(Wait::USUAL, move |it| read::reach(it, &bff, &digest))
    }

    fn find(&self, bff: &str, start: &str) -> Result<Vec<String>, StoreError> {
        let (bff, start) = (bff.to_owned(), start.to_owned());
        self.run(Wait::USUAL, move |it| read::find(it, &bff, &start))
    }

    fn events(&self, after: i64, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.run(Wait::USUAL, move |it| read::events(it, after, limit))
    }

    fn newest_event(&self) -> Result<i64, StoreError> {
        self.run(Wait::USUAL, read::newest_event)
    }

    fn signed(&self, release: i64, signed: &Signed) -> Result<(), StoreError> {
        let signed = signed.clone();
        self.run(Wait::USUAL, move |it| signed::signed(it, release, &signed))
    }

    fn last_live(&self, bff: &str, digest: &str) -> Result<Option<i64>, StoreError> {
        let (bff, digest) = (bff.to_owned(), digest.to_owned());
        self.run(Wait::USUAL, move |it| signed::last_live(it, &bff, &digest))
    }

    fn previews(&self, bff: &str) -> Result<Previews, StoreError> {
        let bff = bff.to_owned();
        self.run(Wait::USUAL, move |it| preview::all(it, &bff))
    }

    fn end_preview(&self, bff: &str, name: &str, actor: &str) -> Result<Option<i64>, StoreError> {
        let (bff, name, actor) = (bff.to_owned(), name.to_owned(), actor.to_owned());
        self.run(Wait::USUAL, move |it| preview::end(it, &bff, &name, &actor))
    }

    fn expire_previews(&self) -> Result<bool, StoreError> {
        self.run(Wait::USUAL, preview::expire_all)
    }

    fn collect(&self, keep: usize) -> Result<BTreeSet<String>, StoreError> {
        self.run(Wait::USUAL, move |it| work::collect(it, keep))
    }
}
