//! A named service: its settings, its counters, and how it is called. Shared by all BFFs that it is granted to.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use super::Answer;
use super::error::{DownstreamError, InvalidCall, Phase};
use super::outbound::Outbound;
use super::policy::bulkhead::{Bulkhead, Member};
use super::policy::credentials::CredentialsError;
use super::policy::gate::Gate;
use super::policy::shape::Shape;
use super::record::Trace;
use super::transport::TlsError;
use super::way::Way;
use crate::config::{self, Profile};
use crate::contract;
use crate::telemetry::metrics::ServiceMetrics;

/// A named service.
pub struct Service {
    name: Arc<str>,
    settings: Arc<config::Downstream>,
    shape: Shape,
    bulkhead: Arc<Bulkhead>,
    metrics: Arc<ServiceMetrics>,
    /// `None` for a service that is answered in process.
    way: Result<Arc<Way>, Canned>,
}

/// Answers a call in process.
pub type Canned = Arc<dyn Fn(Outbound) -> CannedAnswer + Send + Sync>;

/// What a [`Canned`] service does with a call. The future that never ends is a service that never answers.
pub type CannedAnswer = Pin<Box<dyn Future<Output = Result<Answer, DownstreamError>> + Send>>;

/// A service that can't be called as the operator wants it.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Its certificates.
    #[error("downstream.{service}.tls: {source}")]
    Tls {
        /// The service.
        service: String,
        /// What is wrong with them.
        source: Box<TlsError>,
    },
    /// Its credentials.
    #[error("downstream.{service}.credentials: {source}")]
    Credentials {
        /// The service.
        service: String,
        /// What is wrong with them.
        source: CredentialsError,
    },
}

/// One call on its way to a service: legal, granted and within the budget of its request.
pub struct Ask {
    /// The request.
    pub outbound: Outbound,
    /// The BFF that asks.
    pub member: Arc<Member>,
    /// The cap on all calls.
    pub gate: Arc<Gate>,
    /// The worker whose connections are used.
    pub worker: usize,
    /// When the guest asked.
    pub started: Instant,
    /// When it must have its answer.
    pub end: Instant,
    /// The limits in force.
    pub limits: Limits,
}

/// The limits of one call: those of the service, of the profile that the guest named, and of the call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// For the whole call.
    pub total: Duration,
    /// From the request sent to the head of the answer.
    pub first_byte: Duration,
    /// For waiting in the service's queue.
    pub queue: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Whether another attempt is made beside one that is slow.
    pub hedge: bool,
    /// Whether the call is among the first to go when there are too many.
    pub optional: bool,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Called {
    /// The answer, or why there is none. Shared by all whose calls were one.
    pub result: Result<Answer, Arc<DownstreamError>>,
    /// What happened on the way.
    pub trace: Trace,
}

impl Limits {
    /// What is in force for a call. A profile may give more than the service's own settings, a guest may only shorten.
    pub fn of(
        settings: &config::Downstream,
        profile: Option<&Profile>,
        timeout_ms: Option<u32>,
    ) -> Self {
        let nothing = Profile::default();
        let profile = profile.unwrap_or(&nothing);
        let total = profile.timeout.unwrap_or(settings.timeouts.total);
        let shorter = timeout_ms.map_or(total, |ms| Duration::from_millis(ms.into()));
        Self {
            total: total.min(shorter),
            first_byte: profile
                .first_byte_timeout
                .unwrap_or(settings.timeouts.first_byte),
            queue: profile
                .queue_timeout
                .unwrap_or(settings.bulkhead.queue_timeout),
            retries: profile.retries.unwrap_or(settings.retry.max),
            hedge: profile.hedge.unwrap_or(settings.hedge.is_some()),
            optional: profile.optional.unwrap_or(false),
        }
    }
}

impl Service {
    /// A service on the network, with connections of its own for each of the workers.
    ///
    /// # Errors
    ///
    /// When its certificates or credentials can't be used.
    pub fn new(
        settings: config::Downstream,
        workers: usize,
        metrics: ServiceMetrics,
    ) -> Result<Self, ServiceError> {
        let (settings, metrics) = (Arc::new(settings), Arc::new(metrics));
        let way = Way::new(settings.clone(), workers, metrics.clone())?;
        Ok(Self::of(settings, metrics, Ok(Arc::new(way))))
    }

    /// A service that is answered in process. Nothing is kept, repeated or rejected, so that each call is answered as the test
    /// says; the limits of time and size apply as on the network.
    pub fn canned(settings: config::Downstream, answer: Canned, metrics: ServiceMetrics) -> Self {
        Self::of(Arc::new(settings), Arc::new(metrics), Err(answer))
    }

    fn of(
        settings: Arc<config::Downstream>,
        metrics: Arc<ServiceMetrics>,
        way: Result<Arc<Way>, Canned>,
    ) -> Self {
        Self {
            name: settings.name.as_str().into(),
            shape: Shape::new(&settings.shape),
            bulkhead: Bulkhead::new(&config::Bulkhead {
                // Each call brings along the time that it waits: a profile may give more.
                queue_timeout: Duration::MAX,
                ..settings.bulkhead.clone()
            }),
            settings,
            metrics,
            way,
        }
    }

    /// The service's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What the operator set.
    pub fn settings(&self) -> &config::Downstream {
        &self.settings
    }

    /// What calls are made to look like.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The counters.
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.metrics
    }

    /// Calls under way, and calls that wait for their turn.
    pub fn load(&self) -> (usize, usize) {
        self.bulkhead.load()
    }

    /// A BFF among those that share the service.
    pub fn member(&self, bff: &str) -> Arc<Member> {
        self.bulkhead.member(bff)
    }

    /// The policy in action; `None` for a service that is answered in process.
    pub fn way(&self) -> Option<&Arc<Way>> {
        self.way.as_ref().ok()
    }

    /// Drops what is stored for a target.
    pub fn forget(&self, target: &Uri) {
        if let Ok(way) = &self.way {
            way.forget(target);
        }
    }

    /// Looks after what is kept. For each worker to call, about once a second.
    pub fn tick(&self, worker: usize) {
        if let Ok(way) = &self.way {
            way.tick(worker);
        }
    }

    /// Turns a guest's call into a request of this service.
    ///
    /// # Errors
    ///
    /// The first rule that the call breaks.
    pub fn outbound(&self, call: contract::Call) -> Result<Outbound, InvalidCall> {
        Outbound::new(call, &self.settings.shape.path_prefix, &self.shape)
    }

    /// Makes a call that is legal and granted.
    pub async fn call(&self, ask: Ask) -> Called {
        match &self.way {
            Ok(way) => way.call(ask).await,
            Err(canned) => {
                let trace = Trace {
                    attempts: 1,
                    ..Trace::default()
                };
                let result = self.canned_answer(canned, ask).await.map_err(Arc::new);
                Called { result, trace }
            }
        }
    }

    async fn canned_answer(&self, canned: &Canned, ask: Ask) -> Result<Answer, DownstreamError> {
        let answer = timeout_at(ask.end, canned(ask.outbound))
            .await
            .map_err(|_| DownstreamError::Timeout {
                service: self.settings.name.clone(),
                phase: Phase::FirstByte,
                after: ask.started.elapsed(),
            })??;
        if answer.body.len() > self.settings.max_response_size {
            return Err(DownstreamError::TooLarge {
                service: self.settings.name.clone(),
                limit: self.settings.max_response_size,
            });
        }
        Ok(answer)
    }
}
