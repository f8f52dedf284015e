//! Which component is compiled next: a few at a time, in turns by BFF.
//!
//! Each BFF has at most one running compile. A later one queues behind the BFFs that came before,
//! so a BFF that compiles again and again delays another by one compile at most. A compile whose
//! file has changed since, or is no longer the file of its BFF, is abandoned, queued or running.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::error::CompileError;
use crate::bff::mark::Mark;
use crate::sync;

/// A queued or running compile: its BFF and file.
#[derive(Debug)]
pub struct Job {
    bff: String,
    /// `None` for a compile that runs to its end.
    file: Option<JobFile>,
    given_up: OnceLock<GivenUp>,
}

/// The file of a job.
#[derive(Debug)]
struct JobFile {
    path: PathBuf,
    /// Its mark, where a change of that ends the job.
    mark: Option<Mark>,
}

/// Why a compile is not wanted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenUp {
    /// Its file has changed.
    Superseded,
    /// The configuration has no use for its file.
    Withdrawn,
}

impl Job {
    /// A compile for a BFF that runs to its end, whatever its file becomes.
    pub fn new(bff: &str) -> Self {
        Self {
            bff: bff.to_owned(),
            file: None,
            given_up: OnceLock::new(),
        }
    }

    /// The same, of a file: given up when its BFF has another one, and, with a mark, when it has
    /// another mark.
    #[must_use]
    pub fn of_file(mut self, path: &Path, mark: Option<Mark>) -> Self {
        let path = path.to_owned();
        self.file = Some(JobFile { path, mark });
        self
    }

    /// Whether it is still wanted.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(super) fn is_wanted(&self) -> Result<(), CompileError> {
        match self.given_up.get() {
            None => Ok(()),
            Some(GivenUp::Superseded) => Err(CompileError::Superseded),
            Some(GivenUp::Withdrawn) => Err(CompileError::Withdrawn),
        }
    }

    fn is_superseded(&self, bff: &str, path: &Path, mark: &Mark) -> bool {
        let is_older = |file: &JobFile| {
            file.path == path && file.mark.as_ref().is_some_and(|compiled| compiled != mark)
        };
        self.bff == bff && self.file.as_ref().is_some_and(is_older)
    }
}

/// The queue of the compilers.
pub(super) struct Queue {
    jobs: usize,
    state: Mutex<JobQueue>,
    moved: Condvar,
}

#[derive(Default)]
struct JobQueue {
    /// Compiles under way, one for each BFF at most.
    running: Vec<Arc<Job>>,
    waiting: VecDeque<Arc<Job>>,
}

impl JobQueue {
    /// The next job, if there is a free permit.
    fn next(&self, jobs: usize) -> Option<&Arc<Job>> {
        if self.running.len() >= jobs {
            return None;
        }
        let runs = |bff: &str| self.running.iter().any(|job| job.bff == bff);
        self.waiting.iter().find(|job| !runs(&job.bff))
    }
}

impl Queue {
    /// A queue with this limit of compiles at a time.
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            jobs: jobs.max(1),
            state: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits for a permit for a compile, released on drop.
    ///
    /// # Errors
    ///
    /// When the job is not wanted any more.
    pub(super) fn wait(&self, job: Job) -> Result<JobPermit<'_>, CompileError> {
        let job = Arc::new(job);
        let mut state = self.lock();
        state.waiting.push_back(job.clone());
        loop {
            let is_next = state
                .next(self.jobs)
                .is_some_and(|next| Arc::ptr_eq(next, &job));
            if is_next || job.is_wanted().is_err() {
                break;
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.retain(|other| !Arc::ptr_eq(other, &job));
        // There may be room for a further one.
        self.moved.notify_all();
        job.is_wanted()?;
        state.running.push(job.clone());
        Ok(JobPermit { queue: self, job })
    }

    /// Ends the compiles of a BFF's file whose mark has changed.
    pub(super) fn supersede(&self, bff: &str, path: &Path, mark: &Mark) {
        for bff in self.give_up(GivenUp::Superseded, |job| {
            job.is_superseded(bff, path, mark)
        }) {
            tracing::info!(
                bff,
                "the component file has changed, its compile is given up"
            );
        }
    }

    /// Whether a compile of this file is queued or running.
    pub(super) fn has(&self, path: &Path) -> bool {
        let state = self.lock();
        let mut all = state.waiting.iter().chain(&state.running);
        all.any(|job| job.file.as_ref().is_some_and(|file| file.path == path))
    }

    /// Ends the compiles of BFFs and files that are not wanted.
    pub(super) fn withdraw(&self, is_wanted: impl Fn(&str, &Path) -> bool) {
        let is_unwanted = |job: &Job| {
            let file = job.file.as_ref();
            file.is_some_and(|file| !is_wanted(&job.bff, &file.path))
        };
        for bff in self.give_up(GivenUp::Withdrawn, is_unwanted) {
            tracing::info!(
                bff,
                "the configuration names another component file, the compile is given up"
            );
        }
    }

    /// Gives up some compiles, and returns their BFFs.
    fn give_up(&self, why: GivenUp, which: impl Fn(&Job) -> bool) -> Vec<String> {
        let state = self.lock();
        let all = state.waiting.iter().chain(&state.running);
        let given_up = all.filter(|job| which(job) && job.given_up.set(why).is_ok());
        let bffs: Vec<String> = given_up.map(|job| job.bff.clone()).collect();
        drop(state);
        if !bffs.is_empty() {
            self.moved.notify_all();
        }
        bffs
    }

    fn lock(&self) -> MutexGuard<'_, JobQueue> {
        sync::lock(&self.state)
    }
}

/// The permit of a compile.
pub(super) struct JobPermit<'a> {
    queue: &'a Queue,
    job: Arc<Job>,
}

impl JobPermit<'_> {
    /// What is compiled.
    pub(super) fn job(&self) -> &Job {
        &self.job
    }
}

impl Drop for JobPermit<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.running.retain(|job| !Arc::ptr_eq(job, &self.job));
        drop(state);
        self.queue.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::Scope;

    use super::*;

    /// Two contents of a file, one after the other.
    fn marks(path: &Path) -> [Mark; 2] {
        ["one", "other"].map(|content| {
            std::fs::write(path, content).unwrap();
            Mark::of(path).unwrap()
        })
    }

    /// Waits on a thread of its own, and sends how it ended.
    fn wait<'scope>(
        scope: &'scope Scope<'scope, '_>,
        queue: &'scope Queue,
        job: Job,
        tell: Sender<String>,
    ) {
        let before = queue.lock().waiting.len();
        scope.spawn(move || {
            let bff = job.bff.clone();
            let told = match queue.wait(job) {
                Ok(_turn) => tell.send(bff),
                Err(error) => tell.send(format!("{bff}: {error:?}")),
            };
            told.unwrap();
        });
        while queue.lock().waiting.len() == before {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_bff_never_compiles_twice_at_once() {
        let mut state = JobQueue::default();
        let next = |state: &JobQueue, jobs| state.next(jobs).map(|job| job.bff.clone());
        state.running.push(Arc::new(Job::new("a")));
        state.waiting.push_back(Arc::new(Job::new("a")));
        assert_eq!(next(&state, 2), None);
        state.waiting.push_back(Arc::new(Job::new("b")));
        assert_eq!(next(&state, 2), Some("b".to_owned()));
        assert_eq!(next(&state, 1), None);
    }

    #[test]
    fn a_bff_that_comes_again_stands_behind_the_others() {
        let queue = Queue::new(1);
        let first = queue.wait(Job::new("bomb")).expect("no job is before it");
        std::thread::scope(|scope| {
            let (tell, told) = channel();
            wait(scope, &queue, Job::new("other"), tell.clone());
            wait(scope, &queue, Job::new("bomb"), tell);
            drop(first);
            assert_eq!(told.recv().as_deref(), Ok("other"));
            assert_eq!(told.recv().as_deref(), Ok("bomb"));
        });
    }

    #[test]
    fn a_compile_whose_file_has_changed_is_given_up_while_it_runs_and_while_it_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.wasm");
        let [old, new] = marks(&path);
        let queue = Queue::new(1);
        let job = |bff| Job::new(bff).of_file(&path, Some(old));
        let running = queue.wait(job("page")).expect("no job is before it");
        std::thread::scope(|scope| {
            let (tell, told) = channel();
            wait(scope, &queue, job("other"), tell);
            queue.supersede("page", &path, &old);
            queue.supersede("page", &dir.path().join("another.wasm"), &new);
            assert!(running.job().is_wanted().is_ok(), "it is the newest");
            queue.supersede("other", &path, &new);
            assert_eq!(told.recv().as_deref(), Ok("other: Superseded"));
            queue.supersede("page", &path, &new);
            let given_up = running.job().is_wanted();
            assert!(matches!(given_up, Err(CompileError::Superseded)));
        });
        let kept = Job::new("page");
        assert!(!kept.is_superseded("page", &path, &new), "it is of no file");
        let last = job("page").of_file(&path, None);
        assert!(
            !last.is_superseded("page", &path, &new),
            "it runs to its end"
        );
    }

    #[test]
    fn a_compile_of_a_file_that_nobody_names_is_given_up_while_it_runs_and_while_it_waits() {
        let (one, two) = (Path::new("one.wasm"), Path::new("two.wasm"));
        let queue = Queue::new(2);
        let kept = queue.wait(Job::new("page")).expect("no job is before it");
        let running = queue.wait(Job::new("other").of_file(one, None));
        let running = running.expect("two may run");
        std::thread::scope(|scope| {
            let (tell, told) = channel();
            wait(scope, &queue, Job::new("page").of_file(one, None), tell);
            queue.withdraw(|bff, path| bff != "page" || path == two);
            assert_eq!(told.recv().as_deref(), Ok("page: Withdrawn"));
        });
        assert!(running.job().is_wanted().is_ok(), "of another BFF");
        queue.withdraw(|bff, _| bff == "page");
        let given_up = running.job().is_wanted();
        assert!(matches!(given_up, Err(CompileError::Withdrawn)));
        queue.withdraw(|_, _| false);
        assert!(kept.job().is_wanted().is_ok(), "it is of no file");
    }
}
