//! What of a call comes from the store and goes into it, and what is given when a call came to nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use super::Way;
use super::health::is_fault;
use crate::contract::Source;
use crate::downstream::Answer;
use crate::downstream::outbound::Outbound;
use crate::downstream::policy::cache::{Hit, Key, Stale, Ticket};
use crate::downstream::policy::coalesce::Until;
use crate::downstream::policy::fallback;
use crate::downstream::record::Trace;
use crate::downstream::service::{Ask, Called};
use crate::telemetry::metrics::Event;

/// Where the answer to a call is to be kept, and what is kept there already.
pub(super) struct Kept {
    /// `None` where nothing is kept at all: then it is made only for an answer that is to be kept.
    pub(super) key: Option<Key>,
    pub(super) ticket: Ticket,
    pub(super) stale: Option<Stale>,
}

/// What remains of a call when it failed.
pub(super) struct Remains {
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) stale: Option<Hit>,
}

impl Way {
    /// Makes the call in the background, for the next who ask.
    pub(super) fn refresh(self: &Arc<Self>, ask: Ask, key: Key, stale: Stale) {
        let (Some(right), Ok(entered)) = (stale.begin_refresh(), ask.gate.enter(true)) else {
            return;
        };
        let now = Instant::now();
        let ask = Ask {
            started: now,
            end: now + self.settings.timeouts.total,
            ..ask
        };
        let until = Arc::new(Until::new(ask.end));
        let kept = Kept {
            key: Some(key),
            ticket: stale.ticket,
            stale: Some(stale),
        };
        let way = self.clone();
        spawn(async move {
            way.make(ask, until, Some(kept)).await;
            drop((right, entered));
        });
    }

    /// Stores an answer where it may be stored, and drops what it makes void.
    pub(super) fn keep(
        &self,
        outbound: &Outbound,
        kept: Option<Kept>,
        answer: Answer,
        trace: &mut Trace,
    ) -> Answer {
        if !outbound.method.is_safe() {
            if let Some(cache) = &self.cache {
                let authority = &self.settings.endpoints[0].authority;
                cache.after_unsafe(&outbound.target, authority, &answer);
            }
            return answer;
        }
        let (Some(cache), Some(kept)) = (&self.cache, kept) else {
            return answer;
        };
        let now = SystemTime::now();
        let key = match kept.key {
            Some(key) => Some(key),
            None if cache.wants(&outbound.headers, &answer, now) => {
                Key::new(&outbound.method, &outbound.target, &outbound.headers)
            }
            None => None,
        };
        let Some(key) = key else {
            return answer;
        };
        match kept.stale {
            Some(stale) if answer.status == StatusCode::NOT_MODIFIED => {
                trace.source = Source::Cached;
                cache.revalidated(&key, &outbound.headers, &stale, &answer, now)
            }
            _ => {
                cache.store(&key, &outbound.headers, &answer, kept.ticket, now);
                answer
            }
        }
    }

    /// An answer from the store.
    pub(super) fn stored(&self, hit: Hit, source: Source, event: Event) -> Called {
        self.metrics.event(event);
        Called {
            result: Ok(hit.answer),
            trace: Trace {
                source,
                age: hit.age,
                ..Trace::default()
            },
        }
    }

    /// What is given when a call came to nothing.
    pub(super) fn last_resort(&self, called: Called, remains: Remains) -> Called {
        let good = matches!(&called.result, Ok(answer) if !is_fault(answer.status));
        if good {
            return called;
        }
        let instead = |answer, source, age| Called {
            result: Ok(answer),
            trace: Trace {
                source,
                age,
                ..called.trace
            },
        };
        if let Some(hit) = remains.stale {
            self.metrics.event(Event::Stale);
            return instead(hit.answer, Source::Stale, hit.age);
        }
        let path = remains.target.path();
        let path = path
            .strip_prefix(self.settings.shape.path_prefix.as_str())
            .unwrap_or(path);
        match fallback::last_resort(&self.settings.fallbacks, &remains.method, path) {
            None => called,
            Some(declared) => {
                self.metrics.event(Event::Fallback);
                let answer = Answer {
                    status: declared.status,
                    headers: HeaderMap::from_iter([(CONTENT_TYPE, declared.content_type)]),
                    body: declared.body,
                };
                instead(answer, Source::Fallback, Duration::ZERO)
            }
        }
    }
}

/// The answer to a call that wants a stored answer or none (RFC 9111 section 5.2.1.7).
pub(super) fn not_cached() -> Called {
    Called {
        result: Ok(Answer {
            status: StatusCode::GATEWAY_TIMEOUT,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }),
        trace: Trace::default(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a refresh outlives the call that noticed; there is one for each stored answer"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
