//! A named service: its settings, its counters, and how it is called. Shared by all BFFs that it is
//! granted to.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::call::{CallOutcome, CallRequest};
use super::error::{Cause, Phase, TimeLimit};
use super::log_interval::LogInterval;
use super::pipeline::{Pipeline, ServiceError};
use super::policy::bulkhead::{Bulkhead, Member};
use super::request::{ServiceRequest, set_time_left};
use super::response::ServiceResponse;
use super::trace::{Source, Trace};
use crate::config;
use crate::telemetry::metrics::ServiceMetrics;

/// A named service.
pub struct Service {
    name: Arc<str>,
    settings: Arc<config::Downstream>,
    bulkhead: Arc<Bulkhead>,
    metrics: Arc<ServiceMetrics>,
    backend: Backend,
    /// Limits the log lines about unreadable responses.
    malformed: LogInterval,
}

/// What answers a service's calls.
enum Backend {
    /// The service itself, over the network.
    Network(Arc<Pipeline>),
    /// A function of this process: a fixture, or a test.
    InProcess(Canned),
}

/// Answers a call in process.
pub type Canned = Arc<dyn Fn(ServiceRequest) -> CannedAnswer + Send + Sync>;

/// The behaviour of a [`Canned`] service. A future that never ends is a service that never answers.
pub type CannedAnswer = Pin<Box<dyn Future<Output = Result<ServiceResponse, Cause>> + Send>>;

impl Service {
    /// A service on the network, with connections of its own for each of the workers. It takes over
    /// from `previous`, the service of this name until now, what the new settings leave unchanged.
    ///
    /// # Errors
    ///
    /// When its certificates or credentials cannot be used.
    pub fn new(
        settings: config::Downstream,
        workers: usize,
        metrics: Arc<ServiceMetrics>,
        previous: Option<&Self>,
    ) -> Result<Self, ServiceError> {
        let settings = Arc::new(settings);
        let kept = previous.and_then(|previous| previous.pipeline());
        let kept = kept.map(|pipeline| &**pipeline);
        let pipeline = Pipeline::new(settings.clone(), workers, metrics.clone(), kept)?;
        let mut service =
            Self::with_backend(settings, metrics, Backend::Network(Arc::new(pipeline)));
        if let Some(previous) = previous {
            service.bulkhead = previous.bulkhead.clone();
        }
        Ok(service)
    }

    /// A service that is answered in process. Nothing is stored, repeated or rejected, so that the
    /// test answers each call; the limits of time and size apply as on the network.
    pub fn canned(settings: config::Downstream, answer: Canned) -> Self {
        let backend = Backend::InProcess(answer);
        Self::with_backend(Arc::new(settings), Arc::default(), backend)
    }

    fn with_backend(
        settings: Arc<config::Downstream>,
        metrics: Arc<ServiceMetrics>,
        backend: Backend,
    ) -> Self {
        Self {
            name: settings.name.as_str().into(),
            // Each call brings the time that it waits.
            bulkhead: Bulkhead::new(&settings.bulkhead, Duration::MAX),
            settings,
            metrics,
            backend,
            malformed: LogInterval::new(),
        }
    }

    /// Applies limits that are shared with the previous settings. To be called when the new ones
    /// are live: a reload that fails changes nothing.
    pub fn activate(&self) {
        self.bulkhead.set_limits(&self.settings.bulkhead);
        if let Some(pipeline) = self.pipeline() {
            pipeline.activate();
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

    /// The counters.
    pub fn metrics(&self) -> &Arc<ServiceMetrics> {
        &self.metrics
    }

    /// Calls under way, and calls that wait for their turn.
    pub fn load(&self) -> (usize, usize) {
        let (in_flight, waiting) = self.bulkhead.load();
        let of_rules = self.pipeline().map_or(0, |pipeline| pipeline.waiting());
        (in_flight, waiting + of_rules)
    }

    /// The rate in force with the requests that may be sent at once, and what is left of the time
    /// of a pause that the service requested.
    pub fn pace(&self) -> (Option<(config::Rate, u32)>, Option<Duration>) {
        self.bulkhead.pace()
    }

    /// A BFF among those that share the service.
    pub fn member(&self, bff: &str) -> Arc<Member> {
        self.bulkhead.member(bff)
    }

    /// The policy in action; `None` for a service that is answered in process.
    pub fn pipeline(&self) -> Option<&Arc<Pipeline>> {
        match &self.backend {
            Backend::Network(pipeline) => Some(pipeline),
            Backend::InProcess(_) => None,
        }
    }

    /// Whether to log an unreadable response: once per minute.
    pub fn malformed_is_due(&self) -> bool {
        self.malformed.is_due()
    }

    /// Maintains its state. For each worker to call, about once per second.
    pub fn tick(&self, worker: usize) {
        if let Backend::Network(pipeline) = &self.backend {
            pipeline.tick(worker);
        }
    }

    /// Makes a call that is legal and granted. `read` decodes the response for the caller. Each
    /// step of the pipeline has the call in its future, so it is boxed.
    pub async fn call<R>(
        &self,
        call: Box<CallRequest>,
        mut read: impl FnMut(ServiceResponse, Source) -> Result<R, Cause>,
    ) -> CallOutcome<R> {
        match &self.backend {
            Backend::Network(pipeline) => pipeline.call(call, read).await,
            Backend::InProcess(canned) => {
                let trace = Trace {
                    attempts: 1,
                    ..Trace::default()
                };
                let response = self.answer_in_process(canned, call).await;
                let result = response.and_then(|response| read(response, trace.source));
                CallOutcome {
                    result: result.map_err(Arc::new),
                    trace,
                }
            }
        }
    }

    async fn answer_in_process(
        &self,
        canned: &Canned,
        mut call: Box<CallRequest>,
    ) -> Result<ServiceResponse, Cause> {
        let left = call.end.saturating_duration_since(Instant::now());
        set_time_left(&mut call.request.headers, left);
        let response = timeout_at(call.end, canned(call.request))
            .await
            .map_err(|_| Cause::Timeout {
                phase: Phase::FirstByte,
                after: call.started.elapsed(),
                limit: TimeLimit::after(
                    call.started.elapsed(),
                    call.class.policy(&self.settings).timeouts.total,
                ),
            })??;
        let limit = self.settings.max_response_size;
        if response.body.len() > limit {
            return Err(Cause::TooLarge { limit });
        }
        Ok(response)
    }
}
