//! The policy of a service at run time, and what operators read and set of it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::Uri;
use tokio::time::Instant;

use super::callers::Callers;
use super::credentials::ServiceCredentials;
use super::error::ServiceError;
use crate::config::{self, CallPattern};
use crate::downstream::call::{CallOutcome, CallRequest};
use crate::downstream::log_interval::LogInterval;
use crate::downstream::policy::breaker::{self, Breaker};
use crate::downstream::policy::bulkhead::Bulkhead;
use crate::downstream::policy::cache::{self, Cache};
use crate::downstream::policy::coalesce::{Coalescer, Unshared};
use crate::downstream::policy::latency::Latency;
use crate::downstream::transport::{EndpointState, Transport};
use crate::telemetry::metrics::ServiceMetrics;

/// The policy of one service in action, shared by all workers.
pub struct Pipeline {
    pub(super) settings: Arc<config::Downstream>,
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) coalescer: Arc<Coalescer<CallOutcome, Callers>>,
    pub(super) unshared: Arc<Unshared>,
    /// The state of the calls without a rule.
    of_service: Known,
    /// The same for those of each rule, in their order.
    of_rules: Box<[Known]>,
    pub(super) credentials: ServiceCredentials,
    pub(super) transport: Arc<Transport>,
    pub(super) metrics: Arc<ServiceMetrics>,
    /// Limits the log lines about pauses that the service requests.
    pub(super) holds: LogInterval,
}

/// The state of the calls of a service, or of one of its rules. A rule without its own breaker or
/// hedge settings shares that of the service.
pub(super) struct Known {
    pub(super) breaker: Option<Arc<Breaker>>,
    pub(super) latency: Arc<Latency>,
    /// The percentile that hedges wait for, microseconds; 0 while it is unknown.
    pub(super) hedge_delay: AtomicU64,
    /// The queue of a rule's rate; `None` without one. All calls of the service wait in the
    /// service's own.
    pub(super) pace: Option<Arc<Bulkhead>>,
}

/// The status of a rule with a state of its own.
pub struct RuleState<'a> {
    pub calls: &'a CallPattern,
    /// Its breaker, where it has its own.
    pub breaker: Option<breaker::BreakerState>,
    /// Its rate, and the tokens that are there.
    pub rate: Option<(config::Rate, u32)>,
}

impl Pipeline {
    /// A pipeline that takes over from its predecessor what the new settings leave unchanged. Reads
    /// the files that the settings name, and blocks for that.
    ///
    /// # Errors
    ///
    /// When certificates or credentials cannot be used.
    pub fn new(
        settings: Arc<config::Downstream>,
        workers: usize,
        metrics: Arc<ServiceMetrics>,
        previous: Option<&Self>,
    ) -> Result<Self, ServiceError> {
        let transport = previous.map(|previous| &*previous.transport);
        let transport =
            Transport::new(&settings, workers, transport).map_err(|source| ServiceError::Tls {
                service: settings.name.clone(),
                source: Box::new(source),
            })?;
        let same_credentials =
            previous.filter(|previous| previous.settings.credentials == settings.credentials);
        let credentials = match same_credentials {
            Some(previous) => previous.credentials.clone(),
            None => ServiceCredentials::new(&settings)?,
        };
        let same = previous.filter(|previous| is_same_service(&previous.settings, &settings));
        let of_service = Known::of_service(&settings, same);
        let rules = settings.rules.iter();
        let of_rules = rules.map(|rule| Known::of_rule(rule, &of_service, &settings, same));
        Ok(Self {
            of_rules: of_rules.collect(),
            of_service,
            cache: cache_of(&settings, same),
            coalescer: same
                .map_or_else(|| Arc::new(Coalescer::new()), |same| same.coalescer.clone()),
            unshared: same.map_or_else(
                || Arc::new(Unshared::new(Instant::now())),
                |same| same.unshared.clone(),
            ),
            credentials,
            transport: Arc::new(transport),
            metrics,
            holds: LogInterval::new(),
            settings,
        })
    }

    /// Applies limits that old and new settings share. To be called when the new ones are live.
    pub fn activate(&self) {
        self.transport.activate();
        for (rule, known) in self.settings.rules.iter().zip(&self.of_rules) {
            if let Some(pace) = &known.pace {
                pace.set_limits(&limits_of(rule, &self.settings));
            }
        }
    }

    /// Maintains connections, names, health and secrets. For each worker to call, about once a
    /// second.
    pub fn tick(&self, worker: usize) {
        self.transport.tick(worker);
        if worker == 0 {
            self.credentials.tick();
        }
    }

    /// How a call is made.
    pub(super) fn policy(&self, call: &CallRequest) -> &config::Policy {
        call.class.policy(&self.settings)
    }

    /// The state of the calls with this one's rule.
    pub(super) fn known(&self, call: &CallRequest) -> &Known {
        let rule = call.class.rule.and_then(|rule| self.of_rules.get(rule));
        rule.unwrap_or(&self.of_service)
    }

    /// The state of the breaker; `None` where there is none.
    pub fn breaker(&self) -> Option<breaker::BreakerState> {
        let breaker = self.of_service.breaker.as_ref()?;
        Some(breaker.state(Instant::now()))
    }

    /// The rules that have a breaker or a rate of their own.
    pub fn rules(&self) -> impl Iterator<Item = RuleState<'_>> {
        let now = Instant::now();
        let rules = self.settings.rules.iter().zip(&self.of_rules);
        let states = rules.map(move |(rule, known)| {
            let breaker = known.breaker.as_ref().filter(|_| rule.own_breaker);
            RuleState {
                calls: &rule.pattern,
                breaker: breaker.map(|breaker| breaker.state(now)),
                rate: known.pace.as_ref().and_then(|pace| pace.pace().0),
            }
        });
        states.filter(|rule| rule.breaker.is_some() || rule.rate.is_some())
    }

    /// Calls that wait for the rate of their rule.
    pub fn waiting(&self) -> usize {
        let paces = self.of_rules.iter().filter_map(|known| known.pace.as_ref());
        paces.map(|pace| pace.load().1).sum()
    }

    /// Applies the operator's order to all breakers, that of the service and those of its rules.
    /// Whether there is any.
    pub fn force_breaker(&self, forced: Option<breaker::Forced>) -> bool {
        let all = [&self.of_service].into_iter().chain(&self.of_rules);
        let breakers = all.filter_map(|known| known.breaker.as_ref());
        breakers.map(|breaker| breaker.force(forced)).count() > 0
    }

    /// Drops what is stored for a target, for all callers.
    pub(super) fn forget(&self, target: &Uri) {
        if let Some(cache) = &self.cache {
            cache.forget(target);
        }
    }

    /// Drops stored responses. Says how many; `None` where nothing is stored.
    pub fn invalidate(&self, which: &cache::Invalidation) -> Option<usize> {
        let cache = self.cache.as_ref()?;
        self.coalescer.start_generation();
        Some(cache.invalidate(which))
    }

    /// The state of the cache; `None` where there is none.
    pub fn cache(&self) -> Option<cache::Stats> {
        self.cache.as_ref().map(|cache| cache.stats())
    }

    /// The states of the endpoints.
    pub fn endpoints(&self) -> Vec<EndpointState> {
        self.transport.endpoints()
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.transport.open()
    }
}

impl Known {
    /// The state of a service. It takes over that of the same one under its old settings.
    fn of_service(settings: &config::Downstream, same: Option<&Pipeline>) -> Self {
        let kept = same.map(|same| (&same.settings.policy, &same.of_service));
        Self::new(&settings.policy, kept)
    }

    /// The state of a rule. It takes over that of the rule for the same calls.
    fn of_rule(
        rule: &config::Rule,
        service: &Self,
        settings: &config::Downstream,
        same: Option<&Pipeline>,
    ) -> Self {
        let kept = same.and_then(|same| {
            let mut rules = same.settings.rules.iter().zip(&same.of_rules);
            rules.find(|(old, _)| old.pattern == rule.pattern)
        });
        let kept_breaker = kept.filter(|(old, _)| old.own_breaker);
        let kept_latency = kept.filter(|(old, _)| old.own_hedge);
        let own = |kept: Option<(&config::Rule, &Self)>| {
            Self::new(&rule.policy, kept.map(|(old, known)| (&old.policy, known)))
        };
        Self {
            breaker: match rule.own_breaker {
                true => own(kept_breaker).breaker.inspect(|breaker| {
                    // The operator's order is for all breakers of the service.
                    let order = service.breaker.as_ref().and_then(|it| it.forced());
                    if kept_breaker.is_none() && order.is_some() {
                        breaker.force(order);
                    }
                }),
                false => service.breaker.clone(),
            },
            latency: match rule.own_hedge {
                true => own(kept_latency).latency,
                false => service.latency.clone(),
            },
            hedge_delay: AtomicU64::new(0),
            // Another rate takes effect when the settings do.
            pace: rule.rate.map(|_| {
                let kept = kept.and_then(|(_, known)| known.pace.clone());
                kept.unwrap_or_else(|| Bulkhead::new(&limits_of(rule, settings), Duration::MAX))
            }),
        }
    }

    fn new(policy: &config::Policy, kept: Option<(&config::Policy, &Self)>) -> Self {
        let kept_breaker = kept.and_then(|(old, known)| Some((old, known.breaker.as_ref()?)));
        Self {
            breaker: policy.breaker.as_ref().map(|breaker| match kept_breaker {
                Some((old, kept)) if old.breaker == policy.breaker => kept.clone(),
                Some((_, kept)) => Arc::new(kept.with_settings(breaker.clone())),
                None => Arc::new(Breaker::new(breaker.clone())),
            }),
            latency: kept.map_or_else(Arc::default, |(_, known)| known.latency.clone()),
            hedge_delay: AtomicU64::new(0),
            pace: None,
        }
    }
}

/// The bulkhead of a rule with a rate: the concurrency of its service, and the rule's rate.
fn limits_of(rule: &config::Rule, settings: &config::Downstream) -> config::Bulkhead {
    config::Bulkhead {
        max_calls: usize::MAX,
        max_queued: settings.bulkhead.max_queued,
        bff_share: 100,
        rate: rule.rate,
        // A pause is for the service as a whole.
        max_retry_after: Duration::ZERO,
    }
}

/// The cache of a service, with what is stored by the same one under its old settings.
fn cache_of(settings: &config::Downstream, same: Option<&Pipeline>) -> Option<Arc<Cache>> {
    let (new, prefix) = (settings.cache.as_ref()?, &settings.shape.path_prefix);
    let Some((same, kept)) = same.and_then(|same| Some((same, same.cache.as_ref()?))) else {
        return Some(Arc::new(Cache::new(new, prefix)));
    };
    let old = &same.settings;
    let unchanged = (&old.cache, &old.shape.path_prefix) == (&settings.cache, prefix);
    Some(match unchanged {
        true => kept.clone(),
        false => Arc::new(kept.with_settings(new, prefix)),
    })
}

/// Whether answers under the old settings would be answers under the new ones: it is the same
/// service, at one address at least, with the same client credentials.
fn is_same_service(old: &config::Downstream, new: &config::Downstream) -> bool {
    (&old.credentials, &old.tls, &old.proxy) == (&new.credentials, &new.tls, &new.proxy)
        && (new.endpoints.iter()).any(|endpoint| old.endpoints.contains(endpoint))
}
