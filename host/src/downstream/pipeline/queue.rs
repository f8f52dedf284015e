//! Step 5: the limits on the calls of the service, concurrency and rate, with a fair queue.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Pipeline;
use super::callers::Callers;
use super::permits::CallPermits;
use crate::downstream::call::CallRequest;
use crate::downstream::error::{Cause, Phase, Rejection, TimeLimit};
use crate::downstream::policy::breaker::Pass;
use crate::downstream::policy::bulkhead::{Bulkhead, Member, Permit, Rejected};
use crate::downstream::trace::Trace;
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Takes a permit of the service, or waits for one; checks the breaker once more after a wait.
    ///
    /// # Errors
    ///
    /// The queue is full, the wait is over or cannot succeed in time because of the rate or a hold,
    /// or the breaker opened in the meantime.
    pub(super) async fn wait_in_queue<'a>(
        &'a self,
        call: &CallRequest,
        callers: &Callers,
        pass: &mut Option<Pass<'a>>,
        trace: &mut Trace,
    ) -> Result<CallPermits, Cause> {
        let of_rule = self.known(call).pace.as_ref();
        if of_rule.is_none()
            && let Some(permit) = call.member.try_acquire()
        {
            return Ok(CallPermits::new(permit, None));
        }
        // Boxed, because few calls wait, and the future of every call would be as large.
        Box::pin(self.wait(call, callers, of_rule, pass, trace)).await
    }

    /// Waits for the rule's rate first: a call that is not due takes no place from others of the
    /// service.
    async fn wait<'a>(
        &'a self,
        call: &CallRequest,
        callers: &Callers,
        of_rule: Option<&Arc<Bulkhead>>,
        pass: &mut Option<Pass<'a>>,
        trace: &mut Trace,
    ) -> Result<CallPermits, Cause> {
        let began = Instant::now();
        let rejected = |why| self.no_permit(call, why, began.elapsed());
        let of_rule = match of_rule {
            None => None,
            Some(pace) => {
                let line = |member: &Arc<Member>| pace.member(member.bff());
                Some(
                    first_permit(&call.member, callers, line)
                        .await
                        .map_err(rejected)?,
                )
            }
        };
        let permit = first_permit(&call.member, callers, Arc::clone).await;
        let permit = permit.map_err(rejected)?;
        let queued = began.elapsed();
        if !queued.is_zero() {
            trace.queued = queued;
            self.metrics.queued(queued);
            if permit.braked || of_rule.as_ref().is_some_and(|rule| rule.braked) {
                self.metrics.event(Event::RateDelayed);
            }
            // Given back first: of a breaker that lets one call through at a time, this may be that
            // one.
            drop(pass.take());
            *pass = self.check_breaker(call, callers, Instant::now())?;
        }
        Ok(CallPermits::new(permit, of_rule))
    }

    fn no_permit(&self, call: &CallRequest, rejected: Rejected, queued: Duration) -> Cause {
        match rejected {
            Rejected::Full { queued } => {
                self.metrics.event(Event::QueueFull);
                Cause::Overloaded { waiting: queued }
            }
            Rejected::OverRate { rate } => {
                self.metrics.event(Event::RateExceeded);
                Cause::OverRate { rate }
            }
            Rejected::Held { left } => {
                self.metrics.event(Event::Held);
                Cause::Rejected {
                    why: Rejection::Held { left },
                }
            }
            Rejected::Late { .. } => {
                self.metrics.event(Event::QueueTimeout);
                self.metrics.queued(queued);
                Cause::Timeout {
                    phase: Phase::Queue,
                    after: queued,
                    limit: TimeLimit::after(queued, self.policy(call).timeouts.queue),
                }
            }
        }
    }
}

/// Waits in the line of the BFF that began the call, and in that of each BFF that joins it. The
/// first permit serves all of them, and counts for its BFF; the other lines are left then. So no
/// BFF waits longer because another, without permits, began the call. `line` selects the line of a
/// BFF: that of the service, or that of a rule.
///
/// # Errors
///
/// No line gave a permit; this is the error of the last one.
async fn first_permit(
    first: &Arc<Member>,
    callers: &Callers,
    line: impl Fn(&Arc<Member>) -> Arc<Member>,
) -> Result<Permit, Rejected> {
    let place = |member: Arc<Member>| async move { member.acquire(&callers.queue_end).await };
    let mut places = FuturesUnordered::new();
    places.push(place(line(first)));
    let mut joined = 0;
    loop {
        tokio::select! {
            biased;
            Some(result) = places.next() => match result {
                Ok(permit) => return Ok(permit),
                Err(rejected) if places.is_empty() && !callers.more_than(joined) => {
                    return Err(rejected);
                }
                Err(_) => {}
            },
            member = callers.member(joined) => {
                joined += 1;
                places.push(place(line(&member)));
            }
        }
    }
}
