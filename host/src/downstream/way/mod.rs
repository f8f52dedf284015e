//! The way of one call through a service's policy, from top to bottom in the order in which things happen: a fresh answer
//! from the cache, else the call that another request makes already, else the breaker, the queue, attempts on the wire; and
//! when nothing came of it, a stale answer, then what the operator declared, then the failure.
//!
//! The breaker is asked before the queue, so that a call that would be rejected anyway does not stand in it, and once more
//! after a wait. Whoever waits for a shared call leaves at the end of its own time; the call goes on for the others.

mod attempts;
mod health;
mod stored;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use http::{Method, Uri};
use tokio::time::{Instant, timeout_at};

use self::stored::{Kept, Remains, not_cached};
use super::Answer;
use super::error::{DownstreamError, Phase};
use super::policy::breaker::{self, Breaker};
use super::policy::budget::Budget;
use super::policy::cache::{self, Cache, ExactKey, Found, Key};
use super::policy::coalesce::{Coalescer, Until};
use super::policy::latency::Latency;
use super::record::Trace;
use super::service::{Ask, Called, Limits, ServiceError};
use super::token_endpoint::{self, Proof};
use super::transport::{EndpointState, Transport};
use crate::config;
use crate::contract::Source;
use crate::telemetry::metrics::{Event, ServiceMetrics};

/// What is waited for a shared call beyond one's own end: the call itself ends then, and tells what it knows of the service.
const GRACE: Duration = Duration::from_millis(2);

/// The policy of one service in action, shared by all workers.
pub struct Way {
    settings: Arc<config::Downstream>,
    cache: Option<Cache>,
    together: Coalescer<Called>,
    breaker: Option<Breaker>,
    budget: Budget,
    latency: Latency,
    /// The percentile of it that hedges wait for, microseconds; 0 while it is not known.
    hedge_delay: AtomicU64,
    proof: Proof,
    transport: Arc<Transport>,
    metrics: Arc<ServiceMetrics>,
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
            source: Box::new(source),
        })?;
        let proof = token_endpoint::proof(&settings)?;
        Ok(Self {
            cache: settings.cache.as_ref().map(Cache::new),
            together: Coalescer::new(),
            breaker: settings.breaker.clone().map(Breaker::new),
            budget: Budget::new(settings.retry.budget),
            latency: Latency::new(),
            hedge_delay: AtomicU64::new(0),
            proof,
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
        if let Some(cache) = self
            .cache
            .as_ref()
            .filter(|_| outbound.method == Method::GET)
        {
            let now = SystemTime::now();
            if let Some(ticket) = cache.nothing(&outbound.headers, now) {
                kept = Some(Kept {
                    key: None,
                    ticket,
                    stale: None,
                });
            } else if let Some(key) =
                Key::new(&outbound.method, &outbound.target, &outbound.headers)
            {
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
                kept = Some(Kept {
                    key: Some(key),
                    ticket,
                    stale,
                });
            }
        }
        if kept.is_some() {
            self.metrics.event(Event::CacheMiss);
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
            return Box::pin(self.clone().make(ask, until, kept)).await;
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
            // Given back first: of a breaker that lets one call through at a time, this may be that one.
            drop(pass);
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
        if !outbound.method.is_safe() {
            // Also when it failed: it may have done its work, and who asks from now on must not be given what was before.
            self.together.separate();
        }
        if let Some(pass) = pass {
            self.tell(pass, &result, began, ask.limits.first_byte);
        }
        let answer = result?;
        Ok(self.keep(outbound, kept, answer, trace))
    }

    /// Looks after connections, names, health and secrets. For each worker to call, about once a second.
    pub fn tick(&self, worker: usize) {
        self.transport.tick(worker);
        if let Some(tokens) = &self.proof.tokens
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

    /// Drops what is stored for a target, for whoever asks.
    pub fn forget(&self, target: &Uri) {
        if let Some(cache) = &self.cache {
            cache.forget(target);
        }
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

fn failed(error: DownstreamError) -> Called {
    Called {
        result: Err(Arc::new(error)),
        trace: Trace::default(),
    }
}
