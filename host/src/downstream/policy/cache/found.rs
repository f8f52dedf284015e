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
    /// The key of its answers.
    pub key: &'a Key,
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// For how long its answers are used.
    pub times: &'a CacheTimes,
}

/// The result of a lookup.
#[derive(Debug)]
pub enum CacheLookup {
    /// Nothing. The ticket is for storing what the service answers.
    Miss(Ticket),
    /// An answer that needs no call.
    Fresh(Hit),
    /// An answer that needs a call, at once or soon.
    Stale(Stale),
    /// Nothing, and the caller wants no call made (`only-if-cached`, RFC 9111 section 5.2.1.7). It
    /// gets a 504.
    Unavailable,
}

/// An answer from the store.
#[derive(Clone, Debug)]
pub struct Hit {
    /// With `age`, and without fields of a connection. A 304 when the request's condition matches.
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

/// The time of a lookup. An answer that was invalidated since then is not stored.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(super) requested: SystemTime,
    pub(super) changes: u64,
    pub(super) epoch: u64,
    /// Whether there was an answer under the key, usable or not.
    pub(super) found: bool,
}

impl Stale {
    /// The answer, at its current age.
    pub fn hit(&self, request: &HeaderMap, now: SystemTime) -> Hit {
        Hit {
            answer: self.stored.serve(request, now),
            age: self.stored.freshness.age(now),
        }
    }

    /// Makes the call conditional, to validate the answer (RFC 9111 section 4.3.1). Without a
    /// validator the call stays unconditional. The BFF's own condition is replaced, and evaluated
    /// by [`Cache::revalidated`](super::Cache::revalidated).
    pub fn add_conditions(&self, request: &mut HeaderMap) {
        condition::make_conditional(self.stored.headers(), request);
    }

    /// Takes the right to fetch a new answer in the background. One caller has it until it drops
    /// it.
    pub fn begin_refresh(&self) -> Option<Refresh> {
        self.stored.begin_refresh()
    }
}
