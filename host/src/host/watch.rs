//! Watches the component files and swaps a BFF when its file changed.
//!
//! It polls, without notifications of the system: that works on every file system and with every
//! way of replacing a file (renaming, writing in place, switching a link), and a check of a file
//! costs a microsecond. A file that is still being written is left alone until two checks in a row
//! see the same. If the host was out of open files, memory or disk space, or the smoke request
//! failed because of a service, the version is tried again after growing waits.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::change::Changes;
use super::look::Looks;
use crate::bff::mark::{Mark, STEP};
use crate::bff::swap::Bff;

/// The state of a watched file.
#[derive(Default)]
struct WatchedFile {
    /// The file at the last look.
    last: Option<Mark>,
    /// A new content, seen once.
    pending: Option<Mark>,
    /// When the same content is tried again.
    again: Option<Again>,
    /// When it is read again, because it may have changed undetected.
    doubt: Option<Again>,
    /// The file is not there, which the log says.
    gone: bool,
    /// An attempt that has not ended yet.
    attempt: Option<Attempt>,
}

/// A further attempt, and the wait before it.
#[derive(Clone, Copy)]
struct Again {
    due: Instant,
    wait: Duration,
}

impl Again {
    /// After twice the wait of the attempt before, at least `first` and at most `longest`.
    fn after(before: Option<Self>, first: Duration, longest: Duration) -> Self {
        let wait = before.map_or(first, |before| before.wait.saturating_mul(2));
        let wait = wait.min(longest).max(first);
        Self {
            due: Instant::now() + wait,
            wait,
        }
    }

    fn is_due(self) -> bool {
        self.due <= Instant::now()
    }
}

/// What to do after a look at a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Load it.
    Swap,
    /// See whether it still has the content that was taken or refused last.
    Compare,
}

/// Times between looks and attempts, all of them set by the operator.
#[derive(Clone, Copy)]
struct Pace {
    interval: Duration,
    longest: Duration,
}

/// An attempt under way. It ends when it is dropped.
struct Attempt(JoinHandle<()>);

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl WatchedFile {
    /// Records a look at a file, and returns what to do. A missing file is no change: it may be
    /// about to be replaced.
    fn look(&mut self, now: Option<Mark>, bff: &Bff, pace: Pace) -> Option<Action> {
        self.note(now, bff);
        if self.attempt.as_ref().is_some_and(|it| !it.0.is_finished()) {
            return None;
        }
        let ended = self.attempt.take().is_some();
        self.plan(bff, ended, pace);
        let looked = bff.looked();
        if now.is_none() {
            self.pending = None;
            return None;
        }
        if looked.and_then(|look| look.mark) != now {
            let settled = self.pending == now;
            self.pending = if settled { None } else { now };
            return settled.then_some(Action::Swap);
        }
        self.pending = None;
        if self.again.is_some_and(Again::is_due) {
            return Some(Action::Swap);
        }
        self.doubt
            .is_some_and(Again::is_due)
            .then_some(Action::Compare)
    }

    /// Whether the file is unchanged since the last look, and so is complete.
    fn settles(&mut self, now: Option<Mark>) -> Option<Mark> {
        let before = std::mem::replace(&mut self.last, now);
        now.filter(|_| before == now)
    }

    /// Plans when the same content is read again.
    fn plan(&mut self, bff: &Bff, ended: bool, pace: Pace) {
        if !bff.is_tried_again() {
            self.again = None;
        } else if ended || self.again.is_none() {
            self.again = Some(Again::after(self.again, pace.interval, pace.longest));
        }
        if !bff.looked().is_some_and(|look| look.is_doubtful()) {
            self.doubt = None;
        } else if ended || self.doubt.is_none() {
            // By then the clock of the file system has gone on.
            let first = STEP + Duration::from_secs(1);
            self.doubt = Some(Again::after(self.doubt, first, pace.longest));
        }
    }

    /// Says once that a file that was there is gone.
    fn note(&mut self, now: Option<Mark>, bff: &Bff) {
        let gone = now.is_none() && bff.looked().is_some_and(|look| look.mark.is_some());
        if gone && !self.gone {
            let settings = bff.settings();
            let path = settings.component.as_deref().unwrap_or(Path::new(""));
            let (bff, path) = (&settings.name, path.display());
            tracing::warn!(bff, %path, "the component file is gone, the live version goes on");
        }
        self.gone = gone;
    }
}

/// Watches until it is ended.
pub(super) async fn watch(changes: Arc<Changes>) {
    let mut files: HashMap<String, WatchedFile> = HashMap::new();
    let mut looks = Looks::default();
    loop {
        let snapshot = changes.shared().snapshot.load_full();
        let engine = &snapshot.config.engine;
        let pace = Pace {
            interval: engine.watch_interval,
            longest: engine.max_retry_wait,
        };
        files.retain(|name, _| snapshot.bffs.contains_key(name));
        for (name, bff) in &snapshot.bffs {
            let Some(path) = bff.settings().component.clone() else {
                continue;
            };
            let Some(now) = looks.at(name, move || mark(&path)).await else {
                continue;
            };
            let watched = files.entry(name.clone()).or_default();
            if let Some(mark) = watched.settles(now) {
                changes.supersede(bff, &mark);
            }
            if let Some(action) = watched.look(now, bff, pace) {
                watched.attempt = Some(begin(changes.clone(), name.clone(), action));
            }
        }
        changes.tick();
        // Held through the pause, it would keep alive what a reload has replaced.
        drop(snapshot);
        tokio::time::sleep(pace.interval).await;
    }
}

/// To be called on a thread that may block for ever.
fn mark(path: &Path) -> Option<Mark> {
    Some(Mark::from(&std::fs::metadata(path).ok()?))
}

/// Begins an attempt, beside those of other BFFs.
#[expect(
    clippy::disallowed_methods,
    reason = "owned by what is known of the file, and ended with it"
)]
fn begin(changes: Arc<Changes>, bff: String, action: Action) -> Attempt {
    Attempt(tokio::spawn(async move {
        let done = match action {
            Action::Swap => changes.swap(&bff).await,
            Action::Compare => changes.compare(&bff).await,
        };
        match done {
            Ok(Some(version)) => tracing::info!(bff, version, "new version is live"),
            Ok(None) => {}
            Err(error) => {
                let meanwhile = changes.meanwhile(&bff);
                if error.is_tried_again() {
                    tracing::warn!(
                        bff,
                        "new version is not loaded and is tried again, {meanwhile}: {error}"
                    );
                } else {
                    tracing::error!(bff, "new version is refused, {meanwhile}: {error}");
                }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::bff::look::Look;
    use crate::config;

    const PACE: Pace = Pace {
        interval: Duration::from_secs(1),
        longest: Duration::from_secs(8),
    };

    fn bff(path: &Path) -> Bff {
        let settings = config::Bff::with_defaults("page", path, &[]);
        Bff::new(Arc::new(settings), Arc::default(), None)
    }

    fn looked(mark: Option<Mark>, at: SystemTime) -> Look {
        Look {
            mark,
            at,
            content: None,
            has_grown: false,
        }
    }

    /// Seconds until the next step, and which.
    async fn next(watched: &mut WatchedFile, mark: Option<Mark>, bff: &Bff) -> (u64, Action) {
        let begun = Instant::now();
        loop {
            if let Some(action) = watched.look(mark, bff, PACE) {
                // An attempt that has ended.
                watched.attempt = Some(Attempt(tokio::task::spawn_blocking(|| ())));
                let attempt = watched.attempt.as_ref().unwrap();
                while !attempt.0.is_finished() {
                    tokio::task::yield_now().await;
                }
                return (begun.elapsed().as_secs(), action);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_content_is_taken_at_the_second_look_and_none_is_no_content() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mark = Mark::of(file.path());
        let (bff, mut watched) = (bff(file.path()), WatchedFile::default());
        assert_eq!(watched.look(mark, &bff, PACE), None);
        assert_eq!(watched.look(None, &bff, PACE), None);
        assert_eq!(watched.look(mark, &bff, PACE), None);
        assert_eq!(watched.look(mark, &bff, PACE), Some(Action::Swap));
        bff.look(looked(mark, SystemTime::now() + 10 * STEP));
        for _ in 0..3 {
            assert_eq!(watched.look(mark, &bff, PACE), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_tried_again_waits_twice_as_long_each_time_but_not_for_ever() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mark = Mark::of(file.path());
        let (bff, mut watched) = (bff(file.path()), WatchedFile::default());
        bff.look(looked(mark, SystemTime::now() + 10 * STEP));
        bff.refuse("a service failed".to_owned(), true);
        for wait in [1, 2, 4, 8, 8] {
            let found = next(&mut watched, mark, &bff).await;
            assert_eq!(found, (wait, Action::Swap));
        }
        bff.refuse("for good".to_owned(), false);
        assert_eq!(watched.look(mark, &bff, PACE), None);
        assert!(watched.again.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_a_moment_after_its_change_is_compared_later() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mark = Mark::of(file.path());
        let (bff, mut watched) = (bff(file.path()), WatchedFile::default());
        bff.look(looked(mark, SystemTime::now()));
        assert_eq!(next(&mut watched, mark, &bff).await, (3, Action::Compare));
        // If the clock is behind that of the file system, looks become rarer.
        assert_eq!(next(&mut watched, mark, &bff).await, (6, Action::Compare));
        assert_eq!(next(&mut watched, mark, &bff).await, (8, Action::Compare));
        bff.look_again(looked(mark, SystemTime::now() + 10 * STEP));
        assert_eq!(watched.look(mark, &bff, PACE), None);
        assert!(watched.doubt.is_none());
    }
}
