//! When calls are let through to a service, and what is learnt of it from how they end.

use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::Way;
use crate::downstream::Answer;
use crate::downstream::error::{DownstreamError, Phase, Rejection};
use crate::downstream::policy::breaker::{Change, Pass};
use crate::downstream::policy::bulkhead::Rejected;
use crate::downstream::transport::is_haste;
use crate::telemetry::metrics::Event;

impl Way {
    /// Asks the breaker; there is a pass only where there is one.
    pub(super) fn admit(&self, now: Instant) -> Result<Option<Pass<'_>>, DownstreamError> {
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

    /// Why a call had no turn.
    pub(super) fn rejected(&self, rejected: Rejected) -> DownstreamError {
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

    /// Tells the breaker how a call ended.
    pub(super) fn tell(
        &self,
        pass: Pass<'_>,
        result: &Result<Answer, DownstreamError>,
        began: Instant,
        first_byte: Duration,
    ) {
        let now = Instant::now();
        let took = now - began;
        let change = match result {
            Ok(answer) if is_fault(answer.status) => pass.failed(now, took),
            Ok(_) | Err(DownstreamError::TooLarge { .. }) => pass.succeeded(now, took),
            Err(_) if is_haste(result, took, first_byte) => None,
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
}

/// Statuses with which a service says that it can't answer at present. What is stale is better then (RFC 5861 section 4).
pub(super) fn is_fault(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500 | 502..=504)
}
