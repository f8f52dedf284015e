//! A shared cache of one service's answers (RFC 9111), with the windows of RFC 5861 in which a
//! stale one may be used.
//!
//! [`key`] says which calls may have each other's answers at all, [`freshness`] which answers are
//! stored and for how long, [`sharing`] which serve several callers before they are stored,
//! [`entry`] which of several suits a request, [`found`] the result of a lookup, [`condition`] how
//! a service confirms one, [`invalidate`] and [`writes`] what invalidates them. Everything that the
//! headers of an answer say is read once, when it is stored: a lookup compares numbers.
//!
//! The rules are written here and not taken from `http-cache-semantics`, which reads directives by
//! their case (it stores `No-Store`), leaves `date` out of the age, and panics on an `age` that is
//! large enough.

mod condition;
mod date;
mod directives;
mod entry;
mod found;
mod freshness;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod invalidate;
mod key;
mod sharing;
mod stats;
#[cfg(test)]
mod tests;
mod writes;

use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AGE, CACHE_CONTROL, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use moka::ops::compute::Op;

use crate::config::{self, CacheTimes};
use crate::downstream::response::ServiceResponse;
use crate::sync;
use directives::Directives;
use entry::{Entry, Expiration, Origin, Stored};
use freshness::{Freshness, Times, is_grpc_failure};
use invalidate::{Changes, path_of, place};
use stats::Counters;
use writes::{Writes, named_by};

pub use found::{CacheLookup, CacheableCall, Hit, Stale, Ticket};
pub use invalidate::Invalidation;
pub use key::{ExactKey, Hashed, Key};
pub use sharing::{may_join, serves_others};
pub use stats::Stats;

/// The stored answers of one service, for all threads.
pub struct Cache {
    settings: config::Cache,
    entries: moka::sync::Cache<Key, Entry, BuildHasherDefault<Hashed>>,
    /// Paths that were changed by calls of this host.
    changes: Arc<Changes>,
    writes: Writes,
    /// The number of the operator's invalidations.
    epoch: AtomicU64,
    /// Read-locked while an answer is inserted, write-locked while the epoch moves: an answer is
    /// either inserted before, and found by the invalidation, or sees that it is too late.
    gate: RwLock<()>,
    /// Whether anything was ever stored. Where nothing was, calls need no key.
    used: AtomicBool,
    counters: Counters,
}

impl Cache {
    /// An empty cache of a service whose paths all begin with `prefix`.
    pub fn new(settings: &config::Cache, prefix: &str) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(settings.max_size)
            .weigher(|_: &Key, entry: &Entry| u32::try_from(entry.size).unwrap_or(u32::MAX))
            .expire_after(Expiration)
            .build_with_hasher(BuildHasherDefault::default());
        Self {
            settings: settings.clone(),
            entries,
            changes: Arc::default(),
            writes: Writes::new(&settings.writes, prefix),
            epoch: AtomicU64::new(0),
            gate: RwLock::new(()),
            used: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    /// A cache with new settings and the same answers. The answers are dropped if the new settings
    /// might not store them, or change their invalidation.
    pub fn with_settings(&self, settings: &config::Cache, prefix: &str) -> Self {
        let cache = Self {
            // The count of changes at the time of an answer's request says whether it is still
            // valid.
            changes: self.changes.clone(),
            ..Self::new(settings, prefix)
        };
        let fewer_cookies = self.settings.keep_set_cookie && !settings.keep_set_cookie;
        if fewer_cookies || cache.writes != self.writes {
            return cache;
        }
        for (key, entry) in &self.entries {
            cache.entries.insert((*key).clone(), entry);
            cache.used.store(true, Ordering::Release);
        }
        cache
    }

    /// A ticket without a look, where a look would find nothing: nothing was ever stored, and the
    /// request has no directives for the cache.
    pub fn nothing(&self, request: &HeaderMap, now: SystemTime) -> Option<Ticket> {
        if self.used.load(Ordering::Acquire) || request.contains_key(CACHE_CONTROL) {
            return None;
        }
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
        Some(Ticket {
            found: false,
            ..self.ticket(now)
        })
    }

    /// Whether [`Self::store`] would store this answer, by its own fields.
    pub fn wants(
        &self,
        times: &CacheTimes,
        request: &HeaderMap,
        answer: &ServiceResponse,
        now: SystemTime,
    ) -> bool {
        self.life(times, request, answer, now, now).is_some()
    }

    /// How long an answer may be used; `None` for one that is not stored.
    fn life(
        &self,
        times: &CacheTimes,
        request: &HeaderMap,
        answer: &ServiceResponse,
        requested: SystemTime,
        came: SystemTime,
    ) -> Option<Freshness> {
        let cookies = self.settings.keep_set_cookie;
        (answer.body.len() <= self.settings.max_entry_size)
            .then(|| Freshness::of((times, cookies), request, answer, Times { requested, came }))
            .flatten()
    }

    fn ticket(&self, now: SystemTime) -> Ticket {
        Ticket {
            requested: now,
            changes: self.changes.count(),
            epoch: self.epoch.load(Ordering::Acquire),
            found: true,
        }
    }

    /// Looks for an answer to a call, by its `cache-control` (RFC 9111 section 5.2.1).
    pub fn lookup(&self, key: &Key, request: &HeaderMap, now: SystemTime) -> CacheLookup {
        let found = self.find(key, request, now);
        let counter = match found {
            CacheLookup::Fresh(_) => &self.counters.hits,
            CacheLookup::Stale(_) => &self.counters.stale,
            CacheLookup::Miss(_) | CacheLookup::Unavailable => &self.counters.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn find(&self, key: &Key, request: &HeaderMap, now: SystemTime) -> CacheLookup {
        // Before the store is read: an invalidation in between must be seen when the answer is
        // inserted.
        let ticket = self.ticket(now);
        let says = Directives::of_request(request);
        let entry = (!says.no_store).then(|| self.entries.get(key)).flatten();
        let none = || match says.only_if_cached {
            true => CacheLookup::Unavailable,
            false => CacheLookup::Miss(Ticket {
                // Without a lookup, an answer may be stored.
                found: says.no_store || entry.is_some(),
                ..ticket
            }),
        };
        let stored = entry.as_ref().and_then(|entry| entry.select(request));
        let Some(stored) = stored.filter(|stored| !self.void(&stored.origin)) else {
            return none();
        };

        let life = &stored.freshness;
        let age = life.age(now);
        let welcome = !says.no_cache
            && says.max_age.is_none_or(|most| age <= most)
            && says.min_fresh.is_none_or(|least| life.left(now) >= least);
        let usable = match (life.stale_for(now), says.max_stale) {
            (None, _) => true,
            (Some(stale), Some(most)) => life.may_be_stale() && stale <= most,
            (Some(_), None) => false,
        };
        if welcome && usable {
            let answer = stored.serve(request, now);
            return CacheLookup::Fresh(Hit { answer, age });
        }
        if says.only_if_cached {
            return CacheLookup::Unavailable;
        }
        CacheLookup::Stale(Stale {
            while_revalidate: welcome && life.serves_while_revalidating(now),
            if_error: welcome && life.serves_on_error(now),
            ticket,
            stored: stored.clone(),
        })
    }

    /// Stores the service's answer to a call that was looked up, if that is allowed and useful. An
    /// answer that may not be stored still evicts an older one, unless it is an error, or not
    /// `readable` for the caller, which is checked only where it matters. `now` is its arrival.
    ///
    /// Says whether it was stored.
    pub fn store(
        &self,
        asked: CacheableCall<'_>,
        answer: &ServiceResponse,
        readable: impl FnOnce() -> bool,
        ticket: Ticket,
        now: SystemTime,
    ) -> bool {
        // Copied, because what came from the wire may be a small part of a large buffer.
        let body = || Bytes::copy_from_slice(&answer.body);
        self.keep(asked, answer, (body, readable), ticket, now)
    }

    fn keep(
        &self,
        asked: CacheableCall<'_>,
        answer: &ServiceResponse,
        (body, readable): (impl FnOnce() -> Bytes, impl FnOnce() -> bool),
        ticket: Ticket,
        now: SystemTime,
    ) -> bool {
        let CacheableCall {
            key,
            headers: request,
            times,
        } = asked;
        let life = self.life(times, request, answer, ticket.requested, now);
        let new = life.map(|life| {
            let path = path_of(key.target());
            let origin = Origin {
                place: place(path),
                above: self.writes.above(path).map(|path| place(&path)).collect(),
                changes: ticket.changes,
            };
            Stored::new(answer, body(), request, life, origin)
        });
        let stored = new.is_some();
        // If the lookup found nothing, there is no answer to replace.
        let replaces = supersedes(answer.status) && !is_grpc_failure(&answer.headers);
        let needed = stored || (ticket.found && replaces);
        needed && readable() && self.replace(key, request, new, ticket) && stored
    }

    /// Replaces the answers for the request. `false` when it comes too late.
    fn replace(&self, key: &Key, request: &HeaderMap, new: Option<Stored>, ticket: Ticket) -> bool {
        let _gate = sync::read(&self.gate);
        if self.epoch.load(Ordering::Acquire) != ticket.epoch
            || new.as_ref().is_some_and(|new| self.void(&new.origin))
        {
            return false;
        }
        self.used.store(true, Ordering::Release);
        self.entries.entry_by_ref(key).and_compute_with(|earlier| {
            let earlier = earlier.as_ref().map(moka::Entry::value);
            match Entry::replace(earlier, request, new, key.size()) {
                Some(entry) => Op::Put(entry),
                None if earlier.is_some() => Op::Remove,
                None => Op::Nop,
            }
        });
        true
    }

    /// The answer to a call that a service confirmed with 304 (RFC 9111 section 4.3.4): the stored
    /// one with the fields of the 304, stored again with its new life. `now` is when the 304 came.
    pub fn revalidated(
        &self,
        asked: CacheableCall<'_>,
        stale: &Stale,
        not_modified: &ServiceResponse,
        now: SystemTime,
    ) -> ServiceResponse {
        let request = asked.headers;
        let stored = &stale.stored;
        let Some(mut answer) = stored.updated_by(&not_modified.headers, now) else {
            // The service confirmed another answer than the request named. The stored answer is
            // used once more; the next call is made without a condition.
            self.replace(asked.key, request, None, stale.ticket);
            return stored.serve(request, now);
        };
        let body = (|| stored.body(), || true);
        self.keep(asked, &answer, body, stale.ticket, now);
        answer
            .headers
            .entry(AGE)
            .or_insert_with(|| HeaderValue::from(0));
        condition::answer(answer, request)
    }

    /// To be called for each sent call with an unsafe method (RFC 9110 section 9.2.1). Invalidates
    /// what is stored for its path with any query, what the operator configured beside it; and the
    /// targets of this origin that the answer names (RFC 9111 section 4.4).
    ///
    /// Without an answer, or with one of 5xx, the call may have done its work. One of 4xx says that
    /// it did not, unless an earlier attempt of a call that was `repeated` has. `authority` is what
    /// the call had as `host`.
    pub fn after_write(
        &self,
        method: &Method,
        target: &Uri,
        authority: &HeaderValue,
        answer: Option<&ServiceResponse>,
        repeated: bool,
    ) {
        if answer.is_some_and(|answer| answer.status.is_client_error()) && !repeated {
            return;
        }
        let path = target.path();
        self.changes.note(path);
        for void in self.writes.voided_by(method, path) {
            self.changes.note(&void);
        }
        let done = |answer: &&ServiceResponse| {
            answer.status.is_success() || answer.status.is_redirection()
        };
        if let Some(answer) = answer.filter(done) {
            for named in named_by(target, authority, answer) {
                self.changes.note(path_of(&named));
            }
        }
    }

    /// Invalidates the answers for the path of a target, stored or under way.
    pub fn forget(&self, target: &Uri) {
        self.changes.note(target.path());
    }

    /// Drops answers for the operator, also those under way. Says how many were stored.
    ///
    /// Looks at each stored answer. Answers with another `vary` under the key of one that is
    /// dropped go with it, and for an answer under way it makes no difference whether it is meant.
    pub fn invalidate(&self, which: &Invalidation) -> usize {
        {
            let _gate = sync::write(&self.gate);
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
        let mut count = 0;
        for (key, entry) in &self.entries {
            let mut answers = entry.answers();
            if answers.any(|answer| which.includes(&key, answer, &self.settings.tag_header)) {
                count += entry.answers().len();
                self.entries.invalidate(&*key);
            }
        }
        count
    }

    /// Its size, and its hits. Does pending work, so it is not for each request.
    pub fn stats(&self) -> Stats {
        self.entries.run_pending_tasks();
        Stats {
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
            hits: self.counters.hits.load(Ordering::Relaxed),
            misses: self.counters.misses.load(Ordering::Relaxed),
            stale: self.counters.stale.load(Ordering::Relaxed),
        }
    }

    /// Whether the answer's target changed since its request.
    fn void(&self, origin: &Origin) -> bool {
        let mut places = origin.above.iter().chain([&origin.place]);
        places.any(|place| self.changes.since(*place, origin.changes))
    }
}

/// Whether an answer makes older ones obsolete. An error or a busy service does not.
fn supersedes(status: StatusCode) -> bool {
    !(status.is_server_error()
        || status.is_informational()
        || matches!(
            status,
            StatusCode::NOT_MODIFIED
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        ))
}
