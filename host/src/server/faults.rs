//! Faults of the host outside of requests and connections. A failed task is restarted where that is
//! safe, a few times per minute. After more faults, or where a restart is not safe, the host ends,
//! so that its supervisor starts it with clean memory.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::sync;

/// The time in which restarts are counted together.
const WINDOW: Duration = Duration::from_secs(60);

/// The faults of one host.
pub struct Faults {
    most: usize,
    /// The restarts of the last minute, the oldest first.
    recent: Mutex<VecDeque<Instant>>,
    over: watch::Sender<bool>,
    /// Which task a test wants to fail.
    #[cfg(debug_assertions)]
    fail: watch::Sender<&'static str>,
}

impl Faults {
    /// None yet, and at most `most` restarts within a minute.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            recent: Mutex::default(),
            over: watch::Sender::new(false),
            #[cfg(debug_assertions)]
            fail: watch::Sender::new(""),
        }
    }

    /// Whether the failed task may be restarted now.
    pub(super) fn begin(&self, now: Instant) -> bool {
        let mut recent = sync::lock(&self.recent);
        recent.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        let may = recent.len() < self.most;
        if may {
            recent.push_back(now);
        } else {
            self.over.send_replace(true);
        }
        may
    }

    /// Whether the host cannot go on.
    pub(super) fn are_too_many(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until the host cannot go on.
    pub async fn too_many(&self) {
        let mut over = self.over.subscribe();
        // The sender lives as long as this does.
        let _ = over.wait_for(|over| *over).await;
    }

    /// Has a task fail, for a test. No other build has this.
    #[cfg(debug_assertions)]
    pub fn fail(&self, task: &'static str) {
        self.fail.send_replace(task);
    }

    #[cfg(debug_assertions)]
    async fn wanted(&self, task: &'static str) {
        let mut fail = self.fail.subscribe();
        while fail.changed().await.is_ok() {
            if *fail.borrow_and_update() == task {
                std::panic::resume_unwind(Box::new("a test wants it"));
            }
        }
    }
}

/// A task that holds what no other can take over, such as a listener: with it the host fails.
pub(super) async fn vital(faults: Arc<Faults>, task: &'static str, work: impl Future<Output = ()>) {
    if let Err(panic) = caught(&faults, task, work).await {
        let why = message(&*panic);
        tracing::error!(task, "a task of the host failed: {why}");
        faults.over.send_replace(true);
    }
}

/// A task that holds nothing and is restarted when it fails.
pub async fn started_anew<F: Future<Output = ()>>(
    faults: Arc<Faults>,
    task: &'static str,
    mut work: impl FnMut() -> F,
) {
    while let Err(panic) = caught(&faults, task, work()).await {
        let why = message(&*panic);
        if !faults.begin(Instant::now()) {
            tracing::error!(task, "a task of the host failed: {why}");
            return;
        }
        tracing::error!(task, "a task of the host failed and is restarted: {why}");
    }
}

/// Runs work to its end or its panic.
async fn caught(
    faults: &Faults,
    task: &'static str,
    work: impl Future<Output = ()>,
) -> Result<(), Box<dyn Any + Send>> {
    #[cfg(debug_assertions)]
    let work = async {
        tokio::select! {
            () = work => {}
            () = faults.wanted(task) => {}
        }
    };
    #[cfg(not(debug_assertions))]
    let _ = (faults, task);
    // State that the panic left inconsistent is dropped with the work.
    AssertUnwindSafe(work).catch_unwind().await
}

/// The message of a panic.
pub(super) fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_within_a_minute_have_a_limit() {
        let faults = Faults::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(faults.begin(at(0)) && faults.begin(at(30)));
        assert!(faults.begin(at(60)), "the first is a minute ago");
        assert!(!faults.are_too_many());
        assert!(!faults.begin(at(61)));
        assert!(faults.are_too_many());
    }

    #[tokio::test]
    async fn a_task_that_fails_is_the_end_of_the_host_or_started_anew() {
        let faults = Arc::new(Faults::new(2));
        vital(faults.clone(), "good", async {}).await;
        let mut begun = 0;
        started_anew(faults.clone(), "bad", || {
            begun += 1;
            let fails = begun < 3;
            async move { assert!(!fails, "a fault") }
        })
        .await;
        assert_eq!(begun, 3);
        assert!(!faults.are_too_many());
        vital(faults.clone(), "bad", async { panic!("a fault") }).await;
        faults.too_many().await;
    }

    #[test]
    fn a_panic_says_why() {
        let said: Box<dyn Any + Send> = Box::new("text");
        assert_eq!(message(&*said), "text");
        let said: Box<dyn Any + Send> = Box::new("text".to_owned());
        assert_eq!(message(&*said), "text");
        assert_eq!(message(&1), "no message");
    }
}
