//! Step 5: the cap on the calls of the service, with a fair queue.

use tokio::time::Instant;

use super::Pipeline;
use crate::downstream::call::CallRequest;
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::error::{Cause, Phase, TimeLimit};
use crate::downstream::policy::breaker::Pass;
use crate::downstream::policy::bulkhead::{Permit, Rejected};
use crate::downstream::trace::Trace;
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Waits for a permit of the service, and asks the breaker once more after a wait.
    ///
    /// # Errors
    ///
    /// The queue is full, the time is over, or the breaker opened in the meantime.
    pub(super) async fn wait_in_queue<'a>(
        &'a self,
        call: &CallRequest,
        deadline: &SharedDeadline,
        pass: &mut Option<Pass<'a>>,
        trace: &mut Trace,
    ) -> Result<Permit, Cause> {
        let until = deadline.latest().min(call.started + call.limits.queue);
        let permit = match call.member.acquire(until).await {
            Ok(permit) => permit,
            Err(rejected) => return Err(self.no_permit(rejected)),
        };
        if !permit.queued.is_zero() {
            trace.queued = permit.queued;
            self.metrics.queued(permit.queued);
            // Given back first: of a breaker that lets one call through at a time, this may be that one.
            drop(pass.take());
            *pass = self.ask_breaker(call, Instant::now())?;
        }
        Ok(permit)
    }

    fn no_permit(&self, rejected: Rejected) -> Cause {
        match rejected {
            Rejected::Full { queued } => {
                self.metrics.event(Event::QueueFull);
                Cause::Overloaded { waiting: queued }
            }
            Rejected::Late { after } => {
                self.metrics.event(Event::QueueTimeout);
                self.metrics.queued(after);
                Cause::Timeout {
                    phase: Phase::Queue,
                    after,
                    limit: TimeLimit::after(after, self.settings.bulkhead.queue_timeout),
                }
            }
        }
    }
}
