//! What a service received, kept for assertions, and how each request ended.
//!
//! The record holds the last [`KEPT`] requests; the counts go on beyond that and while recording is
//! off.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use serde::Serialize;
use tokio::sync::Notify;

use crate::sync;
use crate::wire::Connection;

/// Requests kept by service. Older ones are dropped, so that a load test cannot fill the memory.
pub(crate) const KEPT: usize = 10_000;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The answer is not finished.
    Open,
    /// The last byte of the answer was handed over for sending.
    Finished,
    /// The caller disconnected, or cancelled the request, before the answer was finished.
    Aborted,
    /// The service ended the connection itself: a reset, a refusal, a shutdown.
    Cut,
}

/// One received request.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The method.
    pub method: Method,
    /// The target. With HTTP/2 it includes scheme and authority.
    pub uri: Uri,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: Version,
    /// All header fields, with names in lower case.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The connection on which it came, counted from 1 by service: equal numbers show that one was
    /// reused.
    pub connection: u64,
    /// How it ended, as of the moment when the record was read.
    pub outcome: Outcome,
}

impl ReceivedRequest {
    /// The path with its query: `/users/ada/days?from=2026-01-01&to=2026-01-15`.
    pub fn path_and_query(&self) -> &str {
        path_and_query(&self.uri)
    }

    /// The first value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// What a service counted since its start, or since `clear_requests` where that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests received since the last clear.
    pub requests: u64,
    /// Those of them that their callers gave up.
    pub aborted: u64,
    /// Connections accepted since the start.
    pub connections_accepted: u64,
    /// Connections open at this moment.
    pub connections_open: u64,
}

/// The record of one service.
pub(crate) struct Recorder {
    recording: AtomicBool,
    log: Mutex<Log>,
    connections_accepted: AtomicU64,
    connections_open: AtomicU64,
    /// Notifies of each arrival and each end of a request.
    changed: Notify,
}

#[derive(Default)]
struct Log {
    kept: VecDeque<Arc<Entry>>,
    requests: u64,
    aborted: u64,
    /// Counts the clears, so that a request from before the last one is not counted as aborted
    /// after it.
    era: u64,
}

struct Entry {
    parts: Parts,
    body: Bytes,
    connection: Arc<Connection>,
    outcome: AtomicU8,
    era: u64,
}

impl Recorder {
    pub(crate) fn new(recording: bool) -> Recorder {
        Recorder {
            recording: AtomicBool::new(recording),
            log: Mutex::default(),
            connections_accepted: AtomicU64::new(0),
            connections_open: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    pub(crate) fn set_recording(&self, recording: bool) {
        self.recording.store(recording, Ordering::Relaxed);
    }

    pub(crate) fn is_recording(&self) -> bool {
        self.recording.load(Ordering::Relaxed)
    }

    /// Records a request. The returned exchange must be finished; dropped before that, it counts as
    /// aborted.
    pub(crate) fn arrived(
        self: &Arc<Self>,
        parts: Parts,
        body: Bytes,
        connection: Arc<Connection>,
    ) -> Exchange {
        let entry = {
            let mut log = self.log();
            let outcome = AtomicU8::new(Outcome::Open as u8);
            let entry = Arc::new(Entry {
                parts,
                body,
                connection,
                outcome,
                era: log.era,
            });
            log.requests += 1;
            if self.is_recording() {
                if log.kept.len() == KEPT {
                    log.kept.pop_front();
                }
                log.kept.push_back(Arc::clone(&entry));
            }
            entry
        };
        self.changed.notify_waiters();
        Exchange {
            entry,
            recorder: Arc::clone(self),
            finished: false,
        }
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.log()
            .kept
            .iter()
            .map(|entry| entry.snapshot())
            .collect()
    }

    pub(crate) fn clear(&self) {
        let mut log = self.log();
        *log = Log {
            era: log.era + 1,
            ..Log::default()
        };
    }

    pub(crate) fn counts(&self) -> Counts {
        let log = self.log();
        Counts {
            requests: log.requests,
            aborted: log.aborted,
            connections_accepted: self.connections_accepted.load(Ordering::Relaxed),
            connections_open: self.connections_open.load(Ordering::Relaxed),
        }
    }

    /// Resolves as soon as the counts satisfy `enough`. It never gives up: the caller sets
    /// the time limit.
    pub(crate) async fn wait_until(&self, enough: impl Fn(Counts) -> bool) {
        loop {
            // Registered before the look, so that a change between the two is not missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if enough(self.counts()) {
                return;
            }
            changed.await;
        }
    }

    /// Counts a new connection and numbers it.
    pub(crate) fn connected(&self) -> u64 {
        self.connections_open.fetch_add(1, Ordering::Relaxed);
        self.connections_accepted.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn disconnected(&self) {
        self.connections_open.fetch_sub(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        sync::lock(&self.log)
    }
}

impl Entry {
    fn snapshot(&self) -> ReceivedRequest {
        let outcome = match self.outcome.load(Ordering::Relaxed) {
            code if code == Outcome::Finished as u8 => Outcome::Finished,
            code if code == Outcome::Aborted as u8 => Outcome::Aborted,
            code if code == Outcome::Cut as u8 => Outcome::Cut,
            _ => Outcome::Open,
        };
        ReceivedRequest {
            method: self.parts.method.clone(),
            uri: self.parts.uri.clone(),
            version: self.parts.version,
            headers: self.parts.headers.clone(),
            body: self.body.clone(),
            connection: self.connection.number,
            outcome,
        }
    }
}

/// A request on its way to an answer. It travels from the arrival into the body of the answer, so
/// that its end is the end of the exchange.
pub(crate) struct Exchange {
    entry: Arc<Entry>,
    recorder: Arc<Recorder>,
    finished: bool,
}

impl Exchange {
    pub(crate) fn method(&self) -> &Method {
        &self.entry.parts.method
    }

    pub(crate) fn path_and_query(&self) -> &str {
        path_and_query(&self.entry.parts.uri)
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.entry.parts.headers
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.entry.body
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.entry.connection
    }

    /// The answer is complete.
    pub(crate) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = if self.finished {
            Outcome::Finished
        } else if self.entry.connection.ended_here.load(Ordering::Relaxed) {
            Outcome::Cut
        } else {
            Outcome::Aborted
        };
        self.entry.outcome.store(outcome as u8, Ordering::Relaxed);
        if outcome == Outcome::Aborted {
            let mut log = self.recorder.log();
            if log.era == self.entry.era {
                log.aborted += 1;
            }
        }
        self.recorder.changed.notify_waiters();
    }
}
