//! A writer that never waits for whoever reads the log.
//!
//! Lines are put into one buffer. A thread of its own writes what has gathered in it, many lines at a time, so that at a
//! high rate a line costs a request neither a write nor the waking of a thread. When the reader is slow or stuck, lines are
//! lost rather than requests late; how many is said in the log as soon as there is room again.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that may wait to be written.
const CAPACITY: usize = 4 << 20;
/// For how long lines gather before they are written.
const GATHERING: Duration = Duration::from_millis(5);

/// What is written at once, bytes: as much as a pipe takes.
const PIECE: usize = 64 << 10;
/// For how long the end of a command waits for a reader that takes nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long it waits for one that takes a little now and then.
const LONGEST: Duration = Duration::from_secs(5);

/// Where lines are put.
#[derive(Clone)]
pub(super) struct Sink(Arc<Queue>);

/// Writes what is left when it is dropped, for as long as somebody reads it.
pub struct Flush {
    queue: Arc<Queue>,
    /// Closed when the thread has ended. It is not joined, because a write may never return.
    ended: Receiver<()>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// Bytes that were written.
    written: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    lost: u64,
    ended: bool,
}

impl Sink {
    /// Starts the thread that writes to `output`. `lost` says in the log's format how many lines were lost.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub(super) fn start(
        output: impl Write + Send + 'static,
        lost: fn(u64) -> String,
    ) -> io::Result<(Self, Flush)> {
        let queue = Arc::new(Queue::default());
        let reading = queue.clone();
        let (end, ended) = channel::<()>();
        std::thread::Builder::new()
            .name("tailor-log".to_owned())
            .spawn(move || write_all(&reading, output, lost, end))?;
        let flush = Flush {
            queue: queue.clone(),
            ended,
        };
        Ok((Self(queue), flush))
    }
}

fn write_all(queue: &Queue, mut output: impl Write, lost: fn(u64) -> String, _end: Sender<()>) {
    let mut lines = Vec::new();
    loop {
        let mut waiting = lock(&queue.waiting);
        while waiting.lines.is_empty() && waiting.lost == 0 && !waiting.ended {
            waiting = wait(&queue.changed, waiting);
        }
        if !waiting.ended {
            // More comes within a moment, and is written with it.
            let gathered = queue
                .changed
                .wait_timeout_while(waiting, GATHERING, |waiting| !waiting.ended);
            waiting = gathered.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut waiting.lines, &mut lines);
        let (ended, missing) = (waiting.ended, std::mem::take(&mut waiting.lost));
        drop(waiting);
        for piece in lines.chunks(PIECE) {
            // There is nowhere to report a log that can't be written.
            let _ = output.write_all(piece);
            let length = piece.len() as u64;
            queue.written.fetch_add(length, Ordering::Relaxed);
        }
        if missing > 0 {
            let _ = output.write_all(lost(missing).as_bytes());
        }
        let _ = output.flush();
        lines.clear();
        if ended {
            return;
        }
    }
}

impl Sink {
    /// Adds a whole line.
    pub(super) fn put(&self, line: &[u8]) {
        let mut waiting = lock(&self.0.waiting);
        if waiting.lines.len() + line.len() > CAPACITY {
            waiting.lost += 1;
            return;
        }
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.0.changed.notify_one();
        }
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
        lock(&self.queue.waiting).ended = true;
        self.queue.changed.notify_one();
        let last = Instant::now() + LONGEST;
        let mut before = None;
        while let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(PATIENCE) {
            let written = Some(self.queue.written.load(Ordering::Relaxed));
            if written == before || Instant::now() >= last {
                return;
            }
            before = written;
        }
    }
}

fn wait<'a>(changed: &Condvar, waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
    changed
        .wait(waiting)
        .unwrap_or_else(PoisonError::into_inner)
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    // A line is put into the buffer whole or not at all, also when the thread that did it panics afterwards.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
