//! Wakes calls that wait for a connection, to look again.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::sync::Counted;

/// Notifies waiting calls of changes of the connections of one worker to one endpoint.
#[derive(Debug, Default)]
pub struct Changed {
    waiting: AtomicUsize,
    notify: Notify,
}

/// A waiting call, while it alternates between looks and waits.
pub struct Waiting<'a> {
    changed: &'a Changed,
    _counted: Counted<&'a AtomicUsize>,
}

impl Changed {
    /// Begins to wait. Earlier changes wake no waiter.
    pub fn wait(&self) -> Waiting<'_> {
        Waiting {
            changed: self,
            _counted: Counted::new(&self.waiting),
        }
    }

    /// Calls that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// There is room for one call more. Costs next to nothing without a waiter.
    pub fn notify_one(&self) {
        if self.waiting() > 0 {
            self.notify.notify_one();
        }
    }

    /// Anything may be different now.
    pub fn notify_all(&self) {
        if self.waiting() > 0 {
            self.notify.notify_waiters();
        }
    }
}

impl Waiting<'_> {
    /// Looks, and waits for a change before each further look, until the look finds something.
    pub async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let mut change = pin!(self.change());
            // Registered before the look, so that a change between the two is not missed.
            change.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            change.await;
        }
    }

    /// The next change. To be enabled before a look.
    pub fn change(&self) -> Notified<'_> {
        self.changed.notify.notified()
    }
}
