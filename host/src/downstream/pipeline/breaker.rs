//! Step 4: checks the breaker before the call, and reports the outcome to it.

use http::uri::PathAndQuery;
use tokio::time::Instant;
use tracing::field;

use super::Pipeline;
use super::callers::Callers;
use crate::downstream::call::CallRequest;
use crate::downstream::error::{Cause, Phase, Rejection, TimeLimit};
use crate::downstream::policy::breaker::{Change, Pass, Rejects};
use crate::downstream::response::ServiceResponse;
use crate::downstream::status::Judgement;
use crate::telemetry::metrics::Event;
use crate::time;

impl Pipeline {
    /// Checks the breaker; `None` without one.
    ///
    /// # Errors
    ///
    /// The breaker is open.
    pub(super) fn check_breaker(
        &self,
        call: &CallRequest,
        callers: &Callers,
        now: Instant,
    ) -> Result<Option<Pass<'_>>, Cause> {
        let policy = self.policy(call);
        let (Some(breaker), Some(settings)) = (&self.known(call).breaker, &policy.breaker) else {
            return Ok(None);
        };
        let allowed = policy.timeouts.first_byte;
        let left = callers.deadline.latest().saturating_duration_since(now);
        let full_time = left.min(call.limits.first_byte) >= allowed;
        let (method, target) = (call.request.method.as_str(), &call.request.target);
        let path = target.path_and_query().map(PathAndQuery::as_str);
        let source = breaker.source((method, path), call.member.number());
        let pass = breaker.admit(now, source, full_time);
        // Calls of a rule that share the service's breaker may take another time.
        let pass = pass.map(|pass| Some(pass.with_slow_call(settings.slow_call)));
        pass.map_err(|_| {
            self.metrics.event(Event::BreakerOpen);
            Cause::Rejected {
                why: match breaker.rejects() {
                    Rejects::Forced => Rejection::BreakerForced,
                    Rejects::SlowStart => Rejection::BreakerSlowStart,
                    Rejects::Failing => Rejection::BreakerOpen,
                },
            }
        })
    }

    /// Records with the breaker how a call ended.
    pub(super) fn record(
        &self,
        call: &CallRequest,
        pass: Option<Pass<'_>>,
        judgement: Judgement,
        result: &Result<ServiceResponse, Cause>,
        began: Instant,
    ) {
        let Some(pass) = pass.filter(|_| call.counts) else {
            return;
        };
        let now = Instant::now();
        let took = now - began;
        let change = match judgement {
            Judgement::Good => pass.succeeded(now, took),
            Judgement::Fault => match result {
                Err(cause) if !cause.sent() => pass.failed_unsent(now, took),
                _ => pass.failed(now, took),
            },
            Judgement::Nothing if !gave_up_waiting(result) => None,
            // The operator's limit for the whole call, which no single attempt may have met.
            Judgement::Nothing if took >= self.policy(call).timeouts.total => {
                pass.failed(now, took)
            }
            Judgement::Nothing => pass.given_up(now, took),
        };
        let service = &*self.settings.name;
        let rule = call
            .class
            .rule
            .and_then(|rule| self.settings.rules.get(rule));
        let rule = rule
            .filter(|rule| rule.own_breaker)
            .map(|rule| &rule.pattern);
        match change {
            None => {}
            Some(Change::Opened { why, lasts }) => {
                self.metrics.event(Event::BreakerOpened);
                let lasts_ms = time::millis(lasts);
                tracing::warn!(
                    downstream = service,
                    rule = rule.map(field::display),
                    lasts_ms,
                    "breaker opened: {why}"
                );
            }
            Some(Change::Closed) => {
                self.metrics.event(Event::BreakerClosed);
                tracing::info!(
                    downstream = service,
                    rule = rule.map(field::display),
                    "breaker closed: a probe was answered"
                );
            }
        }
    }
}

/// Whether the caller's time ended while the service processed the call.
fn gave_up_waiting(result: &Result<ServiceResponse, Cause>) -> bool {
    matches!(
        result,
        Err(Cause::Timeout {
            phase: Phase::Connect | Phase::FirstByte | Phase::Body,
            limit: TimeLimit::Caller,
            ..
        })
    )
}
