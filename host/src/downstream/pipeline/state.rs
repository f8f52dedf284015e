//! The parts of a service's policy in action, and what an operator sees and sets of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::Uri;
use tokio::time::Instant;

use super::callers::Callers;
use super::credentials::ServiceCredentials;
use super::error::ServiceError;
use crate::config;
use crate::downstream::call::CallOutcome;
use crate::downstream::log_interval::LogInterval;
use crate::downstream::policy::breaker::{self, Breaker};
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
    pub(super) breaker: Option<Arc<Breaker>>,
    pub(super) latency: Arc<Latency>,
    /// The percentile of it that hedges wait for, microseconds; 0 while it is not known.
    pub(super) hedge_delay: AtomicU64,
    pub(super) credentials: ServiceCredentials,
    pub(super) transport: Arc<Transport>,
    pub(super) metrics: Arc<ServiceMetrics>,
    /// When the log is told that the service asks to be left alone.
    pub(super) holds: LogInterval,
}

impl Pipeline {
    /// A pipeline that takes over from the one before it, if there is one, what means the same under the
    /// new settings. Reads the files that the settings name, and blocks for that.
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
        Ok(Self {
            cache: cache_of(&settings, same),
            coalescer: same
                .map_or_else(|| Arc::new(Coalescer::new()), |same| same.coalescer.clone()),
            unshared: same.map_or_else(
                || Arc::new(Unshared::new(Instant::now())),
                |same| same.unshared.clone(),
            ),
            breaker: settings.breaker.as_ref().map(|breaker| {
                match same.and_then(|same| same.breaker.as_ref()) {
                    Some(kept)
                        if same.is_some_and(|same| same.settings.breaker == settings.breaker) =>
                    {
                        kept.clone()
                    }
                    Some(kept) => Arc::new(kept.with_settings(breaker.clone())),
                    None => Arc::new(Breaker::new(breaker.clone())),
                }
            }),
            latency: same.map_or_else(|| Arc::new(Latency::new()), |same| same.latency.clone()),
            hedge_delay: AtomicU64::new(0),
            credentials,
            transport: Arc::new(transport),
            metrics,
            holds: LogInterval::new(),
            settings,
        })
    }

    /// Puts limits in force that old and new settings share. To be called when the new ones are live.
    pub fn activate(&self) {
        self.transport.activate();
    }

    /// Looks after connections, names, health and secrets. For each worker to call, about once a second.
    pub fn tick(&self, worker: usize) {
        self.transport.tick(worker);
        if worker == 0 {
            self.credentials.tick();
        }
    }

    /// The state of the breaker; `None` where there is none.
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
    pub(super) fn forget(&self, target: &Uri) {
        if let Some(cache) = &self.cache {
            cache.forget(target);
        }
    }

    /// Drops stored responses. Says how many; `None` where nothing is stored.
    pub fn invalidate(&self, which: &cache::Which) -> Option<usize> {
        let cache = self.cache.as_ref()?;
        self.coalescer.start_generation();
        Some(cache.invalidate(which))
    }

    /// How full the cache is; `None` where there is none.
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

/// Whether answers under the old settings would be answers under the new ones: it is the same service, at
/// one address at least, and it is asked as the same client.
fn is_same_service(old: &config::Downstream, new: &config::Downstream) -> bool {
    (&old.credentials, &old.tls) == (&new.credentials, &new.tls)
        && (new.endpoints.iter()).any(|endpoint| old.endpoints.contains(endpoint))
}
