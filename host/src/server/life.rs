//! The life of a worker's thread: an event loop, and a fresh one after a fault of the host outside
//! of a request.
//!
//! A panic in a request ends that request, and one in a connection that connection. What is left is
//! the event loop itself and what a worker does beside requests. Its connections are lost then, and
//! those that it had not begun yet wait for the next event loop. A host that fails again and again
//! is better ended, so that its supervisor starts it with a memory that is whole.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The time in which restarts are counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// Pause before another attempt to make an event loop, for which the system lacks something.
const PAUSE: Duration = Duration::from_millis(50);

/// Whose life it is.
pub(super) trait Alive {
    /// A new event loop of its thread.
    fn event_loop(&self) -> io::Result<Runtime>;

    /// Its number, for the log.
    fn index(&self) -> usize;

    /// How often it and others were started anew.
    fn restarts(&self) -> &Restarts;

    /// Notes whether there is no event loop.
    fn set_down(&self, down: bool);

    /// Counts a restart.
    fn restarted(&self);
}

/// Works until the host ends, or fails too often. `work` is begun anew on each event loop.
pub(super) fn live(
    worker: &impl Alive,
    mut event_loop: Runtime,
    ended: &watch::Receiver<bool>,
    mut work: impl AsyncFnMut(),
) {
    loop {
        // What the panic left half done is dropped with the event loop. The orders are only taken
        // from, and what all workers share is whole after each step.
        let result = catch_unwind(AssertUnwindSafe(|| event_loop.block_on(work())));
        if result.is_err() {
            worker.set_down(true);
        }
        // Connections that are still there are cut with their tasks.
        let dropped = catch_unwind(AssertUnwindSafe(|| event_loop.shutdown_background()));
        let Err(panic) = result.and(dropped) else {
            return;
        };
        let Some(next) = restart(worker, &*panic, ended) else {
            return;
        };
        event_loop = next;
        worker.set_down(false);
    }
}

/// A fresh event loop after a panic; `None` when there is to be none.
fn restart(
    worker: &impl Alive,
    panic: &(dyn Any + Send),
    ended: &watch::Receiver<bool>,
) -> Option<Runtime> {
    let index = worker.index();
    let why = message(panic);
    if !worker.restarts().begin(Instant::now()) {
        tracing::error!(
            worker = index,
            "a worker failed outside of a request: {why}"
        );
        return None;
    }
    tracing::error!(
        worker = index,
        "a worker failed outside of a request and is started anew, its connections are lost: {why}"
    );
    worker.restarted();
    while !*ended.borrow() {
        match worker.event_loop() {
            Ok(event_loop) => return Some(event_loop),
            Err(error) => {
                tracing::error!(worker = index, "a worker is not started anew yet: {error}");
                // Nothing runs on this thread now.
                std::thread::park_timeout(PAUSE);
            }
        }
    }
    None
}

/// What a panic says of itself.
fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}

/// The restarts of all workers.
pub(super) struct Restarts {
    most: usize,
    /// Those of the last minute, the oldest first.
    recent: Mutex<VecDeque<Instant>>,
    too_many: watch::Sender<bool>,
}

impl Restarts {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            recent: Mutex::default(),
            too_many: watch::Sender::new(false),
        }
    }

    /// Whether a worker may be started anew now.
    fn begin(&self, now: Instant) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        let may = recent.len() < self.most;
        if may {
            recent.push_back(now);
        } else {
            let _ = self.too_many.send_replace(true);
        }
        may
    }

    /// Waits until one may not.
    pub(super) async fn too_many(&self) {
        let mut too_many = self.too_many.subscribe();
        // The sender lives as long as this does.
        let _ = too_many.wait_for(|too_many| *too_many).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_restarts_within_a_minute_and_no_more() {
        let restarts = Restarts::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(restarts.begin(at(0)) && restarts.begin(at(30)));
        assert!(restarts.begin(at(60)), "the first is a minute ago");
        assert!(!*restarts.too_many.borrow());
        assert!(!restarts.begin(at(61)));
        assert!(*restarts.too_many.borrow());
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
