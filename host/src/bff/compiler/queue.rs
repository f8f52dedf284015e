//! Which component is compiled next: a few at a time, in turns by BFF.
//!
//! Each BFF has at most one running compile. A later one queues behind the BFFs that came before,
//! so a BFF that compiles again and again delays another by one compile at most. A compile whose
//! file has changed since is abandoned, queued or running.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::error::CompileError;
use crate::bff::mark::Mark;
use crate::sync;

/// A queued or running compile: its BFF and file.
#[derive(Debug)]
pub struct Job {
    bff: String,
    /// The file whose change ends this; `None` for a compile that runs to its end.
    file: Option<(PathBuf, Mark)>,
    superseded: AtomicBool,
}

impl Job {
    /// A compile for a BFF that runs to its end, whatever its file becomes.
    pub fn new(bff: &str) -> Self {
        Self {
            bff: bff.to_owned(),
            file: None,
            superseded: AtomicBool::new(false),
        }
    }

    /// The same, of a file with this mark: given up when the file has another one.
    #[must_use]
    pub fn of_file(mut self, path: &Path, mark: Option<Mark>) -> Self {
        self.file = mark.map(|mark| (path.to_owned(), mark));
        self
    }

    /// Whether its file has changed since.
    pub(super) fn is_superseded(&self) -> bool {
        self.superseded.load(Ordering::Relaxed)
    }

    fn supersede(&self, bff: &str, path: &Path, mark: &Mark) -> bool {
        let file = self.file.as_ref();
        let is_old = self.bff == bff
            && file.is_some_and(|(of, compiled)| of == path && compiled != mark)
            && !self.is_superseded();
        if is_old {
            self.superseded.store(true, Ordering::Relaxed);
        }
        is_old
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
    /// When the file has changed meanwhile.
    pub(super) fn wait(&self, job: Job) -> Result<JobPermit<'_>, CompileError> {
        let job = Arc::new(job);
        let mut state = self.lock();
        state.waiting.push_back(job.clone());
        loop {
            let is_next = state
                .next(self.jobs)
                .is_some_and(|next| Arc::ptr_eq(next, &job));
            if is_next || job.is_superseded() {
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
        if job.is_superseded() {
            return Err(CompileError::Superseded);
        }
        state.running.push(job.clone());
        Ok(JobPermit { queue: self, job })
    }

    /// Ends the compiles of a BFF's file whose mark has changed.
    pub(super) fn supersede(&self, bff: &str, path: &Path, mark: &Mark) {
        let state = self.lock();
        let all = state.waiting.iter().chain(&state.running);
        let given_up = all.filter(|job| job.supersede(bff, path, mark)).count();
        drop(state);
        if given_up > 0 {
            self.moved.notify_all();
            tracing::info!(
                bff,
                "the component file has changed, its compile is given up"
            );
        }
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
                Err(_) => tell.send(format!("{bff} superseded")),
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
            assert!(!running.job().is_superseded(), "it is the newest");
            queue.supersede("other", &path, &new);
            assert_eq!(told.recv().as_deref(), Ok("other superseded"));
            queue.supersede("page", &path, &new);
            assert!(running.job().is_superseded());
        });
        let kept = Job::new("page");
        assert!(!kept.supersede("page", &path, &new), "it is of no file");
    }
}
