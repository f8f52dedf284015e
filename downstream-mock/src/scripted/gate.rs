//! Holds answers back until the test releases them.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Holds back each task until it is opened for it. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Gate {
        Gate(Arc::new(Semaphore::new(0)))
    }

    /// Lets this number of tasks pass, those that wait first.
    pub fn open(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Lets all pass from now on.
    pub fn open_for_all(&self) {
        self.0.close();
    }

    /// Waits until it may pass. For [`Response::after`](super::Response::after).
    pub fn pass(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let permits = self.0.clone();
        async move {
            // An error says that the gate is open for all.
            if let Ok(permit) = permits.acquire().await {
                permit.forget();
            }
        }
    }
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}
