//! A thread with its own event loop. One makes changes, so that a change, above all its smoke
//! request, delays neither new clients nor the admin listener nor signals. Another one serves the
//! admin listener, so that an upload delays no new client.
//!
//! Reading files and compiling block, and run on further threads.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::sync;

/// Time limit for the thread's end: it only drops what it holds.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The thread. It ends with this value.
pub(super) struct Control {
    event_loop: Handle,
    end: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Control {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system has no more threads or open files.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let event_loop = Builder::new_current_thread().enable_all().build()?;
        let handle = event_loop.handle().clone();
        let (end, told) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel::<()>();
        sync::thread(name, move || {
            wasmtime::Engine::tls_eager_initialize();
            // Nothing is sent: it ends when the sender is dropped.
            let _ = event_loop.block_on(told);
            // Threads that wait for a file system are not joined.
            event_loop.shutdown_background();
            drop(done);
        })?;
        Ok(Self {
            event_loop: handle,
            end,
            ended,
        })
    }

    /// The event loop.
    pub(super) fn event_loop(&self) -> &Handle {
        &self.event_loop
    }

    /// Spawns a task that runs until it, or the thread, is ended.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.event_loop.spawn(work)
    }

    /// Runs a future, and drops it when the returned future is dropped. `None` when it panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let under_way = self.begin(work);
        let _given_up = GivenUp(under_way.abort_handle());
        under_way.await.ok()
    }

    /// Ends the thread and its tasks, and waits for that, but not for long.
    pub(super) async fn end(self) {
        drop(self.end);
        let _ = timeout(TIMEOUT, self.ended).await;
    }
}

struct GivenUp(AbortHandle);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}
