//! Step 1: looks a call up in the cache, and stores the service's response.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::Pipeline;
use super::callers::Callers;
use super::fallback::FallbackContext;
use crate::downstream::call::{CallOutcome, CallRequest};
use crate::downstream::policy::cache::{CacheLookup, CacheableCall, Hit, Key, Stale, Ticket};
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;
use crate::downstream::trace::{Source, Trace};
use crate::telemetry::metrics::Event;
use crate::time::time_of_day;

/// What the cache has for a call.
pub(super) enum Lookup {
    /// The call ends with it.
    Response(CallOutcome),
    /// No usable response: the call is made.
    Call(CacheIntent),
}

/// What the cache does with the response of a call.
pub(super) enum CacheIntent {
    /// Nothing: there is no cache, or the call is not cacheable.
    None,
    /// Store it, where nothing is stored for any call yet. Its key is made only when there is a
    /// response to store.
    StoreFirst(Ticket),
    Store {
        key: Key,
        ticket: Ticket,
    },
    /// Store it, or refresh what is stored when the service confirms that.
    Revalidate {
        key: Key,
        stale: Stale,
    },
}

impl CacheIntent {
    /// What to do about a stale response. Only a GET can validate it: a POST that is a read, with a
    /// condition that is not met, is refused (RFC 9110 section 13.1.2).
    fn renew(call: &CallRequest, key: Key, stale: Stale) -> Self {
        match call.query() {
            None => Self::Revalidate { key, stale },
            Some(_) => Self::Store {
                key,
                ticket: stale.ticket,
            },
        }
    }

    /// The request that validates what is stored; `None` where nothing is stored.
    pub(super) fn conditional(&self, request: &ServiceRequest) -> Option<ServiceRequest> {
        let Self::Revalidate { stale, .. } = self else {
            return None;
        };
        let mut conditional = request.clone();
        stale.add_conditions(&mut conditional.headers);
        Some(conditional)
    }
}

impl Pipeline {
    /// Looks for a response in the cache. A stale one that may be used when the call fails is kept
    /// in `fallback`.
    pub(super) fn lookup(
        self: &Arc<Self>,
        call: &CallRequest,
        fallback: &mut FallbackContext,
    ) -> Lookup {
        let request = &call.request;
        let (Some(cache), Some(_), true) = (
            &self.cache,
            &self.policy(call).cache,
            call.class.effect.is_read(),
        ) else {
            return Lookup::Call(CacheIntent::None);
        };
        let now = time_of_day();
        if let Some(ticket) = cache.nothing(&request.headers, now) {
            self.metrics.event(Event::CacheMiss);
            return Lookup::Call(CacheIntent::StoreFirst(ticket));
        }
        let Some(key) = Key::new(&request.target, &request.headers, call.query()) else {
            return Lookup::Call(CacheIntent::None);
        };
        let intent = match cache.lookup(&key, &request.headers, now) {
            CacheLookup::Fresh(hit) => {
                return Lookup::Response(self.stored(hit, Source::Cached, Event::CacheHit));
            }
            CacheLookup::Unavailable => {
                fallback.none = true;
                return Lookup::Response(not_cached());
            }
            CacheLookup::Miss(ticket) => CacheIntent::Store { key, ticket },
            CacheLookup::Stale(stale) => {
                let hit = stale.hit(&request.headers, now);
                if stale.while_revalidate {
                    self.refresh(call, key, stale);
                    return Lookup::Response(self.stored(hit, Source::Stale, Event::Stale));
                }
                fallback.stale = stale.if_error.then_some(hit);
                CacheIntent::renew(call, key, stale)
            }
        };
        self.metrics.event(Event::CacheMiss);
        Lookup::Call(intent)
    }

    /// Makes the call in the background, for later callers.
    fn refresh(self: &Arc<Self>, call: &CallRequest, key: Key, stale: Stale) {
        let (Some(right), Ok(permit)) = (stale.begin_refresh(), call.gate.enter(true)) else {
            return;
        };
        let now = Instant::now();
        let call = Box::new(CallRequest {
            started: now,
            end: now + self.policy(call).timeouts.total,
            ..call.clone()
        });
        let callers = Arc::new(Callers::new(&call));
        let pipeline = self.clone();
        spawn(async move {
            let intent = CacheIntent::renew(&call, key, stale);
            pipeline.send(call, callers, intent).await;
            drop((right, permit));
        });
    }

    /// Stores a response where it may be stored. Gives the response for the caller.
    pub(super) fn store(
        &self,
        call: &CallRequest,
        intent: CacheIntent,
        response: ServiceResponse,
        trace: &mut Trace,
    ) -> ServiceResponse {
        let (Some(cache), Some(times)) = (&self.cache, &self.policy(call).cache) else {
            return response;
        };
        if trace.until_close {
            return response;
        }
        let (request, now) = (&call.request, time_of_day());
        let asked = |key| CacheableCall {
            key,
            headers: &request.headers,
            times,
        };
        let (key, ticket) = match intent {
            CacheIntent::None => return response,
            CacheIntent::StoreFirst(ticket) => {
                if !cache.wants(times, &request.headers, &response, now) {
                    return response;
                }
                match Key::new(&request.target, &request.headers, call.query()) {
                    Some(key) => (key, ticket),
                    None => return response,
                }
            }
            CacheIntent::Store { key, ticket } => (key, ticket),
            CacheIntent::Revalidate { key, stale } => {
                if response.status == StatusCode::NOT_MODIFIED {
                    trace.source = Source::Cached;
                    return cache.revalidated(asked(&key), &stale, &response, now);
                }
                (key, stale.ticket)
            }
        };
        let readable = || match &call.readable {
            Some(readable) => readable(&response),
            None => true,
        };
        cache.store(asked(&key), &response, readable, ticket, now);
        response
    }

    /// A response from the cache.
    fn stored(&self, hit: Hit, source: Source, event: Event) -> CallOutcome {
        self.metrics.event(event);
        CallOutcome {
            result: Ok(hit.answer),
            trace: Trace {
                source,
                age: hit.age,
                ..Trace::default()
            },
        }
    }
}

/// The response to a call that wants a stored one or none (RFC 9111 section 5.2.1.7).
fn not_cached() -> CallOutcome {
    CallOutcome {
        result: Ok(ServiceResponse {
            status: StatusCode::GATEWAY_TIMEOUT,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }),
        trace: Trace::default(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a refresh outlives the call that noticed; there is one for each stored response"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
