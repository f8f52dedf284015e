//! A named service: its settings, its transport and its counters. Shared by all BFFs that it is granted to.

use std::pin::Pin;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::call::{self, Answer, Bounds};
use super::error::{DownstreamError, Phase};
use super::outbound::Outbound;
use super::pool::Pool;
use crate::config;
use crate::telemetry::metrics::ServiceMetrics;

/// A named service.
pub struct Service {
    settings: config::Downstream,
    transport: Transport,
    metrics: ServiceMetrics,
}

enum Transport {
    /// One pool for each worker.
    Network(Box<[Pool]>),
    /// Answers given in process, for tests. All limits but those of a connection apply as on the network.
    Canned(Canned),
}

/// Answers a call in process.
pub type Canned = Arc<dyn Fn(Outbound) -> CannedAnswer + Send + Sync>;

/// What a [`Canned`] service does with a call. The future that never ends is a service that never answers.
pub type CannedAnswer = Pin<Box<dyn Future<Output = Result<Answer, DownstreamError>> + Send>>;

impl Service {
    /// A service on the network, with connections of its own for each of the workers.
    pub fn new(settings: config::Downstream, workers: usize, metrics: ServiceMetrics) -> Self {
        let pools = (0..workers).map(|_| Pool::new(&settings)).collect();
        Self {
            settings,
            transport: Transport::Network(pools),
            metrics,
        }
    }

    /// A service that is answered in process.
    pub fn canned(settings: config::Downstream, answer: Canned, metrics: ServiceMetrics) -> Self {
        Self {
            settings,
            transport: Transport::Canned(answer),
            metrics,
        }
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What the operator set.
    pub fn settings(&self) -> &config::Downstream {
        &self.settings
    }

    /// The counters.
    pub fn metrics(&self) -> &ServiceMetrics {
        &self.metrics
    }

    /// Open connections and waiting calls, of all workers together.
    pub fn load(&self) -> (usize, usize) {
        match &self.transport {
            Transport::Network(pools) => pools.iter().fold((0, 0), |(open, waiting), pool| {
                (open + pool.open(), waiting + pool.waiting())
            }),
            Transport::Canned(_) => (0, 0),
        }
    }

    /// Closes connections of one worker that lie idle for too long. For the worker itself to call, now and then.
    pub fn close_idle(&self, worker: usize) {
        if let Transport::Network(pools) = &self.transport {
            pools[worker].close_idle(&self.settings);
        }
    }

    /// Makes a call that is legal and granted.
    ///
    /// `started` is when the guest asked, `end` when its call must have ended, `size` what its request may still receive.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn call(
        &self,
        worker: usize,
        outbound: Outbound,
        started: Instant,
        end: Instant,
        size: usize,
    ) -> Result<Answer, DownstreamError> {
        let bounds = Bounds {
            started,
            end,
            size: size.min(self.settings.max_response_size),
        };
        match &self.transport {
            Transport::Network(pools) => {
                call::call(&pools[worker], &self.settings, outbound, bounds).await
            }
            Transport::Canned(answer) => {
                let answer = timeout_at(bounds.end, answer(outbound))
                    .await
                    .map_err(|_| DownstreamError::Timeout {
                        service: self.settings.name.clone(),
                        phase: Phase::FirstByte,
                        after: started.elapsed(),
                    })??;
                if answer.body.len() > bounds.size {
                    return Err(DownstreamError::TooLarge {
                        service: self.settings.name.clone(),
                        limit: bounds.size,
                    });
                }
                Ok(answer)
            }
        }
    }
}
