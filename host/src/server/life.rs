//! The event loop of a worker's thread, and its restart after a fault outside of a request.
//!
//! A panic in a request ends that request, and one in a connection that connection. Faults beyond
//! that are those of the event loop itself, and of what a worker does beside requests. They cost
//! the worker its connections; those that it had not begun yet wait for the next event loop.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::faults::{Faults, message};

/// Pause before another attempt to make an event loop, for which the system lacks a resource.
const PAUSE: Duration = Duration::from_millis(50);

/// The worker.
pub(super) trait Alive {
    /// A new event loop of its thread.
    fn event_loop(&self) -> io::Result<Runtime>;

    /// Its number, for the log.
    fn index(&self) -> usize;

    /// How often it and others failed.
    fn faults(&self) -> &Faults;

    /// Notes whether there is no event loop.
    fn set_down(&self, down: bool);

    /// Counts a restart.
    fn restarted(&self);
}

/// Works until the host ends, or fails too often. Each event loop starts `work` again.
pub(super) fn live(
    worker: &impl Alive,
    mut event_loop: Runtime,
    ended: &watch::Receiver<bool>,
    mut work: impl AsyncFnMut(),
) {
    loop {
        // State that the panic left inconsistent is dropped with the event loop. Orders are only
        // received, and shared state is consistent after each step.
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
    if !worker.faults().begin(Instant::now()) {
        tracing::error!(
            worker = index,
            "a worker failed outside of a request: {why}"
        );
        return None;
    }
    tracing::error!(
        worker = index,
        "a worker failed outside of a request and is restarted, its connections are lost: {why}"
    );
    worker.restarted();
    while !*ended.borrow() {
        match worker.event_loop() {
            Ok(event_loop) => return Some(event_loop),
            Err(error) => {
                tracing::error!(worker = index, "a worker is not restarted yet: {error}");
                // Nothing runs on this thread now.
                std::thread::park_timeout(PAUSE);
            }
        }
    }
    None
}
