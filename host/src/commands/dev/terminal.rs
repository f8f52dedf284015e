//! The terminal. A thread of its own writes, so that neither a request nor a build waits for a slow
//! one. Colours are left out where the output is no terminal or `NO_COLOR` is set.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::event::Event;
use super::shown;

/// Events that wait for the terminal; further ones are counted and left out.
const QUEUE: usize = 1_000;

/// The terminal, as those see it who have something to show.
#[derive(Clone)]
pub(super) struct Terminal {
    events: SyncSender<Event>,
    left_out: Arc<AtomicUsize>,
}

impl Terminal {
    /// Starts the thread. What it returns besides ends when nobody reads any more.
    ///
    /// # Errors
    ///
    /// When the system has no more threads.
    pub(super) fn start() -> anyhow::Result<(Self, oneshot::Receiver<()>)> {
        let (events, queue) = sync_channel::<Event>(QUEUE);
        let left_out = Arc::new(AtomicUsize::new(0));
        let missed = left_out.clone();
        let (gone, is_gone) = oneshot::channel::<()>();
        tailor::sync::thread("tailor-terminal", move || {
            let mut out = anstream::AutoStream::auto(std::io::stdout());
            for event in queue {
                let mut text = shown::event(&event);
                let missed = missed.swap(0, Ordering::Relaxed);
                if missed > 0 {
                    text += &format!("... {missed} more were too many to show\n");
                }
                if out
                    .write_all(text.as_bytes())
                    .and_then(|()| out.flush())
                    .is_err()
                {
                    break;
                }
            }
            // Nobody reads any more.
            drop(gone);
        })?;
        Ok((Self { events, left_out }, is_gone))
    }

    /// Shows an event, or counts it when too many wait.
    pub(super) fn show(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}
