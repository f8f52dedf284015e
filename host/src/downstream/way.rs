//! The way of one call through a service's policy, from top to bottom in the order in which things happen: a fresh answer
//! from the cache, else the call that another request makes already, else the breaker, the queue, attempts on the wire; and
//! when nothing came of it, a stale answer, then what the operator declared, then the failure.
//!
//! The breaker is asked before the queue, so that a call that would be rejected anyway does not stand in it, and once more
//! after a wait. Whoever waits for a shared call leaves at the end of its own time; the call goes on for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::{Instant, timeout_at};

use super::Answer;
use super::error::{DownstreamError, Phase, Rejection};
use super::outbound::Outbound;
use super::policy::attempts::{self, Plan, Tried, Try, Verdict};
use super::policy::backoff::retry_after;
use super::policy::breaker::{self, Breaker, Change, Pass};
use super::policy::budget::Budget;
use super::policy::bulkhead::Rejected;
use super::policy::cache::{self, Cache, ExactKey, Found, Hit, Key, Stale, Ticket};
use super::policy::coalesce::{Coalescer, Until};
use super::policy::credentials::Credentials;
use super::policy::fallback;
use super::policy::latency::Latency;
use super::record::Trace;
use super::service::{Ask, Called, Limits, ServiceError};
use super::token_endpoint;
use super::transport::{Attempted, Bounds, EndpointState, Transport};
use crate::config::{self, Hedge};
use crate::contract::Source;
use crate::telemetry::metrics::{Event, ServiceMetrics};

/// What is waited for a shared call beyond one's own end: the call itself ends then, and tells what it knows of the service.
const GRACE: Duration = Duration::from_millis(2);
/// A call that timed out sooner than that says nothing about the service: a guest chooses its own times.
const TELLING: Duration = Duration::from_millis(50);
/// How hedging is done where only a profile asks for it.
const HEDGE: Hedge = Hedge {
    percentile: 95,
    min_delay: Duration::from_millis(5),
};

/// The policy of one service in action, shared by all workers.
pub struct Way {
    settings: Arc<config::Downstream>,
    cache: Option<Cache>,
    together: Coalescer<Called>,
    breaker: Option<Breaker>,
    budget: Budget,
    latency: Latency,
    credentials: Option<Arc<Credentials>>,
    /// What tokens come over.
    tokens: Option<Arc<Transport>>,
    transport: Arc<Transport>,
    metrics: Arc<ServiceMetrics>,
}

/// Where the answer to a call is to be kept, and what is kept there already.
struct Kept {
    key: Key,
    ticket: Ticket,
    stale: Option<Stale>,
}

/// What remains of a call when it failed.
struct Remains {
    method: Method,
    target: Uri,
    stale: Option<Hit>,
}

impl Way {
    /// A way that no call has gone yet. Reads the files that the settings name, and blocks for that.
    ///
    /// # Errors
    ///
    /// When certificates or credentials can't be used.
    pub fn new(
        settings: Arc<config::Downstream>,
        workers: usize,
        metrics: Arc<ServiceMetrics>,
    ) -> Result<Self, ServiceError> {
        let transport = Transport::new(&settings, workers).map_err(|source| ServiceError::Tls {
            service: settings.name.clone(),
            source,
        })?;
        let (credentials, tokens) = token_endpoint::credentials(&settings)?;
        Ok(Self {
            cache: settings.cache.as_ref().map(Cache::new),
            together: Coalescer::new(),
            breaker: settings.breaker.clone().map(Breaker::new),
            budget: Budget::new(settings.retry.budget),
            latency: Latency::new(),
            credentials,
            tokens,
            transport: Arc::new(transport),
            metrics,
            settings,
        })
    }

    /// Makes a call.
    pub async fn call(self: &Arc<Self>, ask: Ask) -> Called {
        let outbound = &ask.outbound;
        let mut remains = Remains {
            method: outbound.method.clone(),
            target: outbound.target.clone(),
            stale: None,
        };
        let mut kept = None;
        if let Some(cache) = &self.cache
            && let Some(key) = Key::new(&outbound.method, &outbound.target, &outbound.headers)
        {
            let now = SystemTime::now();
            let (ticket, stale) = match cache.lookup(&key, &outbound.headers, now) {
                Found::Fresh(hit) => return self.stored(hit, Source::Cached, Event::CacheHit),
                Found::Unavailable => return not_cached(),
                Found::Miss(ticket) => (ticket, None),
                Found::Stale(stale) => {
                    let hit = stale.hit(&outbound.headers, now);
                    if stale.while_revalidate {
                        self.refresh(ask, key, stale);
                        return self.stored(hit, Source::Stale, Event::Stale);
                    }
                    remains.stale = stale.if_error.then_some(hit);
                    (stale.ticket, Some(stale))
                }
            };
            self.metrics.event(Event::CacheMiss);
            kept = Some(Kept { key, ticket, stale });
        }
        let called = match ask.gate.enter(ask.limits.optional) {
            Ok(_entered) => self.make_or_join(ask, kept).await,
            Err(shed) => {
                self.metrics.event(match shed.because_optional {
                    true => Event::ShedOptional,
                    false => Event::Shed,
                });
                failed(DownstreamError::Shed {
                    service: self.settings.name.clone(),
                    limit: shed.limit,
                })
            }
        };
        self.last_resort(called, remains)
    }

    /// Makes the call, or waits for an equal one that is under way.
    async fn make_or_join(self: &Arc<Self>, ask: Ask, kept: Option<Kept>) -> Called {
        let outbound = &ask.outbound;
        let safe = matches!(outbound.method, Method::GET | Method::HEAD);
        if !(safe && self.settings.coalesce) {
            let until = Arc::new(Until::new(ask.end));
            return self.clone().make(ask, until, kept).await;
        }
        let (started, end) = (ask.started, ask.end);
        let key = ExactKey::new(
            &outbound.method,
            &outbound.target,
            &outbound.headers,
            ask.limits.kind(),
        );
        let joined = self
            .together
            .join(key, end, |until| self.clone().make(ask, until, kept));
        let led = joined.led;
        let late = || DownstreamError::Timeout {
            service: self.settings.name.clone(),
            phase: Phase::FirstByte,
            after: started.elapsed(),
        };
        let mut called = match timeout_at(end + GRACE, joined).await {
            Ok(Ok(called)) => called,
            Ok(Err(panicked)) => failed(DownstreamError::Interrupted {
                service: self.settings.name.clone(),
                sent: true,
                source: panicked.into(),
            }),
            Err(_) => failed(late()),
        };
        if !led {
            self.metrics.event(Event::Coalesced);
            called.trace.coalesced = true;
            called.trace.attempts = 0;
        }
        called
    }

    /// Makes the call in the background, for the next who ask.
    fn refresh(self: &Arc<Self>, ask: Ask, key: Key, stale: Stale) {
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
            key,
            ticket: stale.ticket,
            stale: Some(stale),
        };
        let way = self.clone();
        spawn(async move {
            way.make(ask, until, Some(kept)).await;
            drop((right, entered));
        });
    }

    async fn make(self: Arc<Self>, ask: Ask, until: Arc<Until>, kept: Option<Kept>) -> Called {
        let mut trace = Trace::default();
        let result = self.guarded(&ask, &until, kept, &mut trace).await;
        Called {
            result: result.map_err(Arc::new),
            trace,
        }
    }

    /// Breaker, queue, attempts, and what is learnt from them.
    async fn guarded(
        &self,
        ask: &Ask,
        until: &Until,
        kept: Option<Kept>,
        trace: &mut Trace,
    ) -> Result<Answer, DownstreamError> {
        let mut pass = self.admit(ask.started)?;
        let turn = until.latest().min(ask.started + ask.limits.queue);
        let permit = match ask.member.acquire(turn).await {
            Ok(permit) => permit,
            Err(rejected) => return Err(self.rejected(rejected)),
        };
        if !permit.queued.is_zero() {
            trace.queued = permit.queued;
            self.metrics.queued(permit.queued);
            pass = self.admit(Instant::now())?;
        }
        let outbound = &ask.outbound;
        let conditional = kept
            .as_ref()
            .and_then(|kept| kept.stale.as_ref())
            .map(|stale| {
                let mut conditional = outbound.clone();
                stale.add_conditions(&mut conditional.headers);
                conditional
            });
        let began = Instant::now();
        let result = self
            .attempts(ask, conditional.as_ref().unwrap_or(outbound), until, trace)
            .await;
        if let Some(pass) = pass {
            self.tell(pass, &result, began);
        }
        let answer = result?;
        Ok(self.keep(outbound, kept, answer, trace))
    }

    fn admit(&self, now: Instant) -> Result<Option<Pass<'_>>, DownstreamError> {
        let Some(breaker) = &self.breaker else {
            return Ok(None);
        };
        breaker.admit(now).map(Some).map_err(|_| {
            self.metrics.event(Event::BreakerOpen);
            let forced = breaker.state(now).forced;
            DownstreamError::Rejected {
                service: self.settings.name.clone(),
                why: match forced {
                    true => Rejection::BreakerForced,
                    false => Rejection::BreakerOpen,
                },
            }
        })
    }

    fn rejected(&self, rejected: Rejected) -> DownstreamError {
        let service = self.settings.name.clone();
        match rejected {
            Rejected::Full { queued } => {
                self.metrics.event(Event::QueueFull);
                DownstreamError::Overloaded {
                    service,
                    waiting: queued,
                }
            }
            Rejected::Late { after } => {
                self.metrics.event(Event::QueueTimeout);
                self.metrics.queued(after);
                DownstreamError::Timeout {
                    service,
                    phase: Phase::Queue,
                    after,
                }
            }
        }
    }

    /// Attempts, with the host's credentials. One more round of them when these are refused and there are newer ones.
    async fn attempts(
        &self,
        ask: &Ask,
        outbound: &Outbound,
        until: &Until,
        trace: &mut Trace,
    ) -> Result<Answer, DownstreamError> {
        let Some(credentials) = &self.credentials else {
            return self.round(ask, outbound, until, trace).await;
        };
        let mut sent = outbound.clone();
        for renewed in [false, true] {
            let applied = timeout_at(until.latest(), credentials.apply(&mut sent.headers)).await;
            let used = match applied {
                Ok(Ok(used)) => used,
                Ok(Err(error)) => {
                    self.metrics.event(Event::NoCredentials);
                    tracing::debug!(downstream = self.settings.name, "no credentials: {error}");
                    return Err(DownstreamError::Rejected {
                        service: self.settings.name.clone(),
                        why: Rejection::NoCredentials,
                    });
                }
                Err(_) => {
                    return Err(DownstreamError::Timeout {
                        service: self.settings.name.clone(),
                        phase: Phase::Credentials,
                        after: ask.started.elapsed(),
                    });
                }
            };
            let result = self.round(ask, &sent, until, trace).await;
            let refused =
                matches!(&result, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED);
            let again = refused
                && !renewed
                && timeout_at(until.latest(), credentials.refused(used))
                    .await
                    .unwrap_or(false);
            if !again {
                return result;
            }
        }
        unreachable!("the second round returns")
    }

    async fn round(
        &self,
        ask: &Ask,
        outbound: &Outbound,
        until: &Until,
        trace: &mut Trace,
    ) -> Result<Answer, DownstreamError> {
        const NONE: usize = usize::MAX;
        let read = outbound.method == Method::GET;
        let hedge = self.settings.hedge.as_ref().unwrap_or(&HEDGE);
        let hedge_after = (ask.limits.hedge && read)
            .then(|| self.latency.percentile(hedge.percentile))
            .flatten()
            .map(|delay| delay.max(hedge.min_delay));
        let plan = Plan {
            retry: &self.settings.retry,
            retries: ask.limits.retries,
            hedge_after,
            budget: &self.budget,
            end: until.latest(),
        };
        let last = AtomicUsize::new(NONE);
        let attempt = |attempt: Try| {
            let (avoid, last) = (last.load(Ordering::Relaxed), &last);
            async move {
                // A call holds one permit; an attempt beside it needs one of its own, and is not worth a wait.
                let permit = attempt.hedge.then(|| ask.member.try_acquire());
                if matches!(permit, Some(None)) {
                    return self.no_room_to_hedge();
                }
                let bounds = Bounds {
                    started: ask.started,
                    end: until,
                    first_byte: ask.limits.first_byte,
                    size: self.settings.max_response_size,
                };
                let avoid = (avoid != NONE).then_some(avoid);
                let transport = &self.transport;
                let attempted = transport.attempt(ask.worker, outbound, bounds, avoid);
                let attempted = attempted.await;
                last.store(attempted.endpoint, Ordering::Relaxed);
                let verdict = self.verdict(&outbound.method, &attempted.result);
                Tried {
                    value: attempted,
                    verdict,
                }
            }
        };
        let ended = attempts::run(plan, attempt).await;
        let Attempted { result, timing, .. } = ended.value;
        trace.connect = timing.connect;
        trace.first_byte = timing.first_byte;
        trace.body = timing.body;
        trace.attempts += ended.attempts;
        trace.hedged |= ended.hedged;
        if ended.hedged {
            self.metrics.event(Event::Hedge);
        }
        for _ in 1 + u32::from(ended.hedged)..ended.attempts {
            self.metrics.event(Event::Retry);
        }
        if result.is_ok() {
            let took = timing.connect + timing.first_byte + timing.body;
            self.latency.record(Instant::now(), took);
        }
        result
    }

    fn no_room_to_hedge(&self) -> Tried<Attempted> {
        Tried {
            value: Attempted::none(DownstreamError::Overloaded {
                service: self.settings.name.clone(),
                waiting: 0,
            }),
            verdict: Verdict::Again { after: None },
        }
    }

    /// Whether a further attempt is safe and may go better (RFC 9110 section 9.2.2).
    fn verdict(&self, method: &Method, result: &Result<Answer, DownstreamError>) -> Verdict {
        let idempotent = matches!(
            *method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
        );
        match result {
            Ok(answer) if idempotent && self.settings.retry.statuses.contains(&answer.status) => {
                Verdict::Again {
                    after: retry_after(&answer.headers, SystemTime::now()),
                }
            }
            Ok(_) | Err(DownstreamError::TooLarge { .. } | DownstreamError::Malformed { .. }) => {
                Verdict::Final
            }
            Err(error) if idempotent || !error.sent() => Verdict::Again { after: None },
            Err(_) => Verdict::Final,
        }
    }

    /// Tells the breaker how a call ended.
    fn tell(&self, pass: Pass<'_>, result: &Result<Answer, DownstreamError>, began: Instant) {
        let now = Instant::now();
        let took = now - began;
        let change = match result {
            Ok(answer) if is_fault(answer.status) => pass.failed(now, took),
            Ok(_) | Err(DownstreamError::TooLarge { .. }) => pass.succeeded(now, took),
            Err(DownstreamError::Timeout { .. }) if !self.says_something(took) => None,
            Err(DownstreamError::Overloaded { .. } | DownstreamError::Rejected { .. }) => None,
            Err(_) => pass.failed(now, took),
        };
        let service = &*self.settings.name;
        match change {
            None => {}
            Some(Change::Opened { why, lasts }) => {
                self.metrics.event(Event::BreakerOpened);
                let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(downstream = service, lasts_ms, "breaker opened: {why}");
            }
            Some(Change::Closed) => {
                self.metrics.event(Event::BreakerClosed);
                tracing::info!(downstream = service, "breaker closed: a probe was answered");
            }
        }
    }

    /// Whether a call that timed out after so long tells of the service rather than of the caller's haste.
    fn says_something(&self, took: Duration) -> bool {
        let usual = self.latency.percentile(95).unwrap_or_default();
        took >= TELLING.max(usual * 2)
    }

    /// Stores an answer where it may be stored, and drops what it makes void.
    fn keep(
        &self,
        outbound: &Outbound,
        kept: Option<Kept>,
        answer: Answer,
        trace: &mut Trace,
    ) -> Answer {
        if !outbound.method.is_safe() {
            self.together.separate();
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
        match kept.stale {
            Some(stale) if answer.status == StatusCode::NOT_MODIFIED => {
                trace.source = Source::Cached;
                cache.revalidated(&kept.key, &outbound.headers, &stale, &answer, now)
            }
            _ => {
                cache.store(&kept.key, &outbound.headers, &answer, kept.ticket, now);
                answer
            }
        }
    }

    fn stored(&self, hit: Hit, source: Source, event: Event) -> Called {
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
    fn last_resort(&self, called: Called, remains: Remains) -> Called {
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

    /// Looks after connections, names, health and secrets. For each worker to call, about once a second.
    pub fn tick(&self, worker: usize) {
        self.transport.tick(worker);
        if let Some(tokens) = &self.tokens
            && worker == 0
        {
            tokens.tick(worker);
        }
    }

    /// How the breaker is; `None` where there is none.
    pub fn breaker(&self) -> Option<breaker::State> {
        let now = Instant::now();
        self.breaker.as_ref().map(|breaker| breaker.state(now))
    }

    /// Lets the operator say what the breaker does. Whether there is one.
    pub fn force_breaker(&self, forced: Option<breaker::Forced>) -> bool {
        if let Some(breaker) = &self.breaker {
            breaker.force(forced);
        }
        self.breaker.is_some()
    }

    /// Drops stored answers. Says how many; `None` where nothing is stored.
    pub fn invalidate(&self, which: &cache::Which) -> Option<usize> {
        let cache = self.cache.as_ref()?;
        self.together.separate();
        Some(cache.invalidate(which))
    }

    /// How full the cache is; `None` where there is none.
    pub fn cache(&self) -> Option<cache::Stats> {
        self.cache.as_ref().map(Cache::stats)
    }

    /// How the endpoints are.
    pub fn endpoints(&self) -> Vec<EndpointState> {
        self.transport.endpoints()
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.transport.open()
    }
}

impl Limits {
    /// What of the limits must be the same for two calls to be made as one.
    fn kind(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.first_byte, self.queue, self.retries, self.hedge).hash(&mut hasher);
        hasher.finish()
    }
}

/// Statuses with which a service says that it can't answer at present. What is stale is better then (RFC 5861 section 4).
fn is_fault(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502..=504)
}

fn failed(error: DownstreamError) -> Called {
    Called {
        result: Err(Arc::new(error)),
        trace: Trace::default(),
    }
}

/// The answer to a call that wants a stored answer or none (RFC 9111 section 5.2.1.7).
fn not_cached() -> Called {
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
