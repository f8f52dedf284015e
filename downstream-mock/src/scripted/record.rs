//! The requests to a scripted service.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use tokio::sync::Notify;

use crate::sync;

/// A received request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Counts the service's requests from 1.
    pub number: usize,
    /// Counts the service's connections from 1: equal numbers show that one was used again.
    pub connection: usize,
    /// Counts the requests of its connection from 1.
    pub turn: usize,
    /// The stream of HTTP/2.
    pub stream: Option<u32>,
    /// The name that the client gave in TLS.
    pub server_name: Option<String>,
    /// The method.
    pub method: Method,
    /// Path and query, or any other text in its place.
    pub target: String,
    /// `http` or `https`, where HTTP/2 says so.
    pub scheme: Option<String>,
    /// The protocol.
    pub version: Version,
    /// All fields, with names in lower case. The `:authority` of HTTP/2 is not among them.
    pub headers: HeaderMap,
    /// `host`, or the `:authority` of HTTP/2.
    pub authority: String,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// Its first line: `GET /x HTTP/1.1`.
    pub fn line(&self) -> String {
        format!("{} {} {:?}", self.method, self.target, self.version)
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&*self.target, |(path, _)| path)
    }

    /// The first value of a field, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All values of a field that are text.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Requests and connections of one service.
#[derive(Default)]
pub(super) struct Record {
    requests: Mutex<Vec<Request>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
    changed: Notify,
}

impl Record {
    /// Numbers a request and keeps it.
    pub(super) fn arrived(&self, mut request: Request) -> Request {
        {
            let mut requests = self.lock();
            request.number = requests.len() + 1;
            requests.push(request.clone());
        }
        self.changed.notify_waiters();
        request
    }

    /// Numbers a connection and counts it as open until the returned value is dropped.
    pub(super) fn connected(self: &Arc<Record>) -> (usize, Open) {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        let number = self.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        (number, Open(self.clone()))
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.lock().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn most_open(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Resolves as soon as this holds. It never gives up: the caller sets the time limit.
    pub(super) async fn wait_until(&self, holds: impl Fn(&Record) -> bool) {
        loop {
            // Registered before the look, so that a change between the two is not missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if holds(self) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        sync::lock(&self.requests)
    }
}

/// An open connection.
pub(super) struct Open(Arc<Record>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}
