//! Step 4: whether calls are let through to the service, and what is learnt from how they end.

use std::time::Duration;

use tokio::time::Instant;

use super::Pipeline;
use crate::downstream::error::{Cause, Rejection};
use crate::downstream::policy::breaker::{Change, Pass};
use crate::downstream::response::ServiceResponse;
use crate::downstream::status::{caller_limit_too_short, is_fault};
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Asks the breaker; there is a pass only where there is one.
    ///
    /// # Errors
    ///
    /// The breaker is open.
    pub(super) fn ask_breaker(&self, now: Instant) -> Result<Option<Pass<'_>>, Cause> {
        let Some(breaker) = &self.breaker else {
            return Ok(None);
        };
        breaker.admit(now).map(Some).map_err(|_| {
            self.metrics.event(Event::BreakerOpen);
            let forced = breaker.state(now).forced;
            Cause::Rejected {
                why: match forced {
                    true => Rejection::BreakerForced,
                    false => Rejection::BreakerOpen,
                },
            }
        })
    }

    /// Records with the breaker how a call ended.
    pub(super) fn record(
        &self,
        pass: Option<Pass<'_>>,
        result: &Result<ServiceResponse, Cause>,
        began: Instant,
        first_byte: Duration,
    ) {
        let Some(pass) = pass else { return };
        let now = Instant::now();
        let took = now - began;
        let change = match result {
            Ok(response) if is_fault(response.status) => pass.failed(now, took),
            Ok(_) | Err(Cause::TooLarge { .. } | Cause::HeadTooLarge { .. }) => {
                pass.succeeded(now, took)
            }
            Err(_) if caller_limit_too_short(result, took, first_byte) => None,
            Err(Cause::Overloaded { .. } | Cause::Rejected { .. }) => None,
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
