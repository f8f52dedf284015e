//! Applies the rate of a service, and the pauses that it requests, to the attempts of a call.

use std::time::Duration;

use super::Pipeline;
use super::permits::CallPermits;
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::error::Cause;
use crate::downstream::policy::bulkhead::Rejected;
use crate::downstream::response::ServiceResponse;
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Waits until a call may send a further request. Returns whether that is in time.
    pub(super) async fn may_again(&self, permits: &CallPermits, deadline: &SharedDeadline) -> bool {
        let event = match permits.again(deadline).await {
            Ok(false) => return true,
            Ok(true) => {
                self.metrics.event(Event::RateDelayed);
                return true;
            }
            Err(Rejected::OverRate { .. }) => Event::RateExceeded,
            Err(Rejected::Held { .. }) => Event::Held,
            Err(Rejected::Full { .. }) => Event::QueueFull,
            Err(Rejected::Late { .. }) => Event::QueueTimeout,
        };
        self.metrics.event(event);
        false
    }

    /// Holds back all calls to the service, as this answer requests.
    #[cold]
    pub(super) fn hold_back(
        &self,
        asked: Duration,
        answer: &Result<ServiceResponse, Cause>,
        permits: &CallPermits,
    ) {
        let Some(held) = permits.hold_back(asked) else {
            return;
        };
        if held.began {
            self.metrics.event(Event::Hold);
        }
        if self.holds.is_due() {
            let status = answer.as_ref().map(|answer| answer.status.as_u16()).ok();
            tracing::warn!(
                downstream = self.settings.name,
                status,
                seconds = held.time.as_secs_f64(),
                "the service asks not to be called (retry-after): all calls to it are held back"
            );
        }
    }
}
