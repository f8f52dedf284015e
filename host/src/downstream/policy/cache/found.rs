//! A cacheable call, the result of its lookup, and what can be done with it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::condition;
use super::entry::{Refresh, Stored};
use super::key::Key;
use crate::config::CacheTimes;
use crate::downstream::response::ServiceResponse;

/// A call whose answer may be stored.
#[derive(Clone, Copy)]
pub struct CacheableCall<'a> {
    /// Where its answers are kept.
    pub key: &'a Key,
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// For how long its answers are used.
    pub times: &'a CacheTimes,
}

/// What is stored for a call.
#[derive(Debug)]
pub enum CacheLookup {
    /// Nothing. The ticket is for storing what the service answers.
    Miss(Ticket),
    /// An answer that needs no call.
    Fresh(Hit),
    /// An answer that needs one, at once or soon.
    Stale(Stale),
    /// Nothing, and the caller wants no call made (`only-if-cached`, RFC 9111 section 5.2.1.7). It
    /// gets a 504.
    Unavailable,
}

/// An answer from the store.
#[derive(Clone, Debug)]
pub struct Hit {
    /// With `age`, and without what speaks of a connection. A 304 when the request has a condition
    /// that it meets.
    pub answer: ServiceResponse,
    pub age: Duration,
}

/// An answer that is not fresh, or not fresh enough for the request.
#[derive(Debug)]
pub struct Stale {
    /// Whether it may be used now while a new one is fetched in the background (RFC 5861 section 3,
    /// or the operator's default).
    pub while_revalidate: bool,
    /// Whether it may be used now if the service fails (RFC 5861 section 4, or the operator's
    /// default): no answer, or 500, 502, 503 or 504.
    pub if_error: bool,
    /// For storing what the service answers.
    pub ticket: Ticket,
    pub(super) stored: Arc<Stored>,
}

/// When a call was looked up. What was made void since then, or while the call was under way, is
/// not stored by it.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(super) requested: SystemTime,
    pub(super) changes: u64,
    pub(super) epoch: u64,
    /// Whether there was an answer under the key, of use or not.
    pub(super) found: bool,
}

impl Stale {
    /// The answer, at its age by now.
    pub fn hit(&self, request: &HeaderMap, now: SystemTime) -> Hit {
        Hit {
            answer: self.stored.serve(request, now),
            age: self.stored.freshness.age(now),
        }
    }

    /// Makes the call conditional, to validate the answer (RFC 9111 section 4.3.1). Without a
    /// validator the call is left a plain one. A condition that the BFF set is replaced, and met by
    /// [`Cache::revalidated`](super::Cache::revalidated).
    pub fn add_conditions(&self, request: &mut HeaderMap) {
        condition::ask(self.stored.headers(), request);
    }

    /// Takes the right to fetch a new answer in the background. One caller has it until it drops
    /// it.
    pub fn begin_refresh(&self) -> Option<Refresh> {
        self.stored.begin_refresh()
    }
}
