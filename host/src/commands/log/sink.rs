//! A writer that never waits for the reader of the log.
//!
//! Each thread puts its lines into a buffer of its own, so that workers do not wait for each other.
//! A thread writes the content of all of them, many lines at a time, so that at a high rate a line
//! costs a request neither a write nor the waking of a thread. When the reader is slow or stuck,
//! lines are dropped instead of delaying requests; the log has their number as soon as there is
//! room again. Lines of one thread keep their order; those of several may be out of order by some
//! milliseconds.
//!
//! Without this thread nobody sees what the host does: when it panics, the host ends ([`Flush`]),
//! and the lines about that are still written.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tailor::sync::thread_number;
use tokio::sync::watch;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that may wait to be written.
const CAPACITY: usize = 4 << 20;
/// The time in which lines gather before they are written.
const GATHERING: Duration = Duration::from_millis(5);

/// The bytes of one write: as much as a pipe holds.
const PIECE: usize = 64 << 10;
/// For how long the end of a command waits for a stuck reader.
const GRACE: Duration = Duration::from_secs(1);
/// For how long it waits for a slow reader.
const LONGEST: Duration = Duration::from_secs(5);

/// The writing end of the log.
#[derive(Clone)]
pub(super) struct Sink(Arc<Queue>);

/// Writes what is left when it is dropped, for as long as it has a reader.
pub struct Flush {
    queue: Arc<Queue>,
    /// Closed when the thread has ended. It is not joined, because a write may never return.
    ended: Receiver<()>,
}

/// Buffers. Threads beyond these share them.
const BUFFERS: usize = 32;
/// The capacity that an empty buffer keeps, bytes.
const KEPT: usize = 256 << 10;

/// The lines of one thread, on cache lines of their own.
#[derive(Default)]
#[repr(align(128))]
struct Buffer(Mutex<Vec<u8>>);

#[derive(Default)]
struct Queue {
    buffers: [Buffer; BUFFERS],
    /// Bytes in all of them.
    waiting: AtomicUsize,
    lost: AtomicU64,
    /// Whether the writer was woken for pending lines.
    told: AtomicBool,
    ended: AtomicBool,
    /// Bytes that were written.
    written: AtomicU64,
    /// Whether the thread panicked.
    failed: watch::Sender<bool>,
    /// A test wants it to panic.
    #[cfg(debug_assertions)]
    fail: AtomicBool,
    writer: OnceLock<Thread>,
}

impl Sink {
    /// Starts the thread that writes to `output`. `lost` formats the line about lost lines.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub(super) fn start(
        output: impl Write + Send + 'static,
        lost: fn(u64) -> String,
    ) -> io::Result<(Self, Flush)> {
        let queue = Arc::new(Queue::default());
        let reading = queue.clone();
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("tailor-log".to_owned())
            .spawn(move || reading.write_all(output, lost, end))?;
        let _ = queue.writer.set(thread.thread().clone());
        // It checks after it has registered to be woken.
        queue.wake();
        let flush = Flush {
            queue: queue.clone(),
            ended,
        };
        Ok((Self(queue), flush))
    }

    /// Adds a whole line.
    pub(super) fn put(&self, line: &[u8]) {
        let queue = &*self.0;
        let before = queue.waiting.fetch_add(line.len(), Ordering::Relaxed);
        if before + line.len() > CAPACITY {
            queue.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            queue.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        lock(&queue.buffers[thread_number() % BUFFERS].0).extend_from_slice(line);
        // The writer says that it is told of nothing before it opens this thread's buffer, so it
        // takes the line where it is seen to know.
        if !queue.told.load(Ordering::Acquire) && !queue.told.swap(true, Ordering::AcqRel) {
            queue.wake();
        }
    }
}

impl Queue {
    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// Writes until the end, also after a panic: its line is in a buffer, and so will be the reason
    /// of the host's end. After another one, nothing is written any more.
    fn write_all(&self, mut output: impl Write, lost: fn(u64) -> String, _end: Sender<()>) {
        for _ in 0..2 {
            // What was taken from a buffer is lost. All else is whole after each statement.
            let writing = AssertUnwindSafe(|| self.write_until_end(&mut output, lost));
            if catch_unwind(writing).is_ok() {
                return;
            }
            self.failed.send_replace(true);
        }
    }

    fn write_until_end(&self, output: &mut impl Write, lost: fn(u64) -> String) {
        let mut lines = Vec::new();
        loop {
            while !self.told.load(Ordering::Acquire) && !self.ended.load(Ordering::Acquire) {
                std::thread::park();
            }
            // More comes within a moment, and is written with it.
            let gathered = Instant::now() + GATHERING;
            while !self.ended.load(Ordering::Acquire) && Instant::now() < gathered {
                std::thread::park_timeout(gathered.saturating_duration_since(Instant::now()));
            }
            // First, so that a thread that adds a line from here on reports it.
            let ended = self.ended.load(Ordering::Acquire);
            self.told.store(false, Ordering::Release);
            #[cfg(debug_assertions)]
            if self.fail.swap(false, Ordering::Relaxed) {
                std::panic::resume_unwind(Box::new("a test wants it"));
            }
            for buffer in &self.buffers {
                std::mem::swap(&mut *lock(&buffer.0), &mut lines);
                self.waiting.fetch_sub(lines.len(), Ordering::Relaxed);
                for piece in lines.chunks(PIECE) {
                    // There is nowhere to report a log that cannot be written.
                    let _ = output.write_all(piece);
                    let length = piece.len() as u64;
                    self.written.fetch_add(length, Ordering::Relaxed);
                }
                lines.clear();
                lines.shrink_to(KEPT);
            }
            let missing = self.lost.swap(0, Ordering::Relaxed);
            if missing > 0 {
                let _ = output.write_all(lost(missing).as_bytes());
            }
            let _ = output.flush();
            if ended {
                return;
            }
        }
    }
}

impl Flush {
    /// Waits until the log cannot be relied on any more: the thread that writes it has failed.
    pub async fn failed(&self) {
        let mut failed = self.queue.failed.subscribe();
        // The sender lives as long as this does.
        let _ = failed.wait_for(|failed| *failed).await;
    }

    /// Has the thread fail, for a test. No other build has this.
    #[cfg(debug_assertions)]
    pub fn fail(&self) {
        self.queue.fail.store(true, Ordering::Relaxed);
        self.queue.told.store(true, Ordering::Release);
        self.queue.wake();
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Each event comes in one piece.
        self.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = &'a Sink;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.queue.ended.store(true, Ordering::Release);
        self.queue.wake();
        let last = Instant::now() + LONGEST;
        let mut before = None;
        while let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(GRACE) {
            let written = Some(self.queue.written.load(Ordering::Relaxed));
            if written == before || Instant::now() >= last {
                return;
            }
            before = written;
        }
    }
}

fn lock(buffer: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    // A line is put into the buffer whole or not at all, also when the thread that did it panics
    // afterwards.
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
