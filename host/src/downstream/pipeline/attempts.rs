//! Step 6: the attempts of a call, with the host's credentials, within the retry budget, with a
//! hedge where that helps.

use http::{Method, StatusCode};
use tokio::time::Instant;

use super::Pipeline;
use super::hedge::HedgeRight;
use super::permits::CallPermits;
use crate::downstream::call::CallRequest;
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::error::{Cause, Phase, Rejection, TimeLimit};
use crate::downstream::policy::attempts::{self, AttemptsOutcome, Plan, Try, Verdict};
use crate::downstream::policy::credentials::{Credentials, UsedCredentials};
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;
use crate::downstream::trace::Trace;
use crate::downstream::transport::{Attempted, Bounds, Course};
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Attempts, with the host's credentials where there are any.
    pub(super) async fn attempts(
        &self,
        call: &CallRequest,
        request: &ServiceRequest,
        deadline: &SharedDeadline,
        permits: &CallPermits,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        match &self.credentials.of_service {
            None => {
                self.attempt_with_retries(call, request, deadline, permits, trace)
                    .await
            }
            // Boxed, like what follows here and in `attempts::run`: a future is as large as all
            // that it may ever do, and is moved about.
            Some(credentials) => {
                Box::pin(self.with_credentials(
                    credentials,
                    call,
                    request,
                    deadline,
                    permits,
                    trace,
                ))
                .await
            }
        }
    }

    /// Attempts with credentials. They are repeated once when these are refused and there are newer
    /// ones.
    async fn with_credentials(
        &self,
        credentials: &Credentials,
        call: &CallRequest,
        request: &ServiceRequest,
        deadline: &SharedDeadline,
        permits: &CallPermits,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        let mut sent = request.clone();
        let mut again = true;
        loop {
            let used = self.apply(credentials, call, &mut sent, deadline).await?;
            let result = self
                .attempt_with_retries(call, &sent, deadline, permits, trace)
                .await;
            let refused =
                matches!(&result, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED);
            let renewed = refused
                && std::mem::take(&mut again)
                && deadline
                    .timeout(None, credentials.refused(used))
                    .await
                    .unwrap_or(false);
            if !(renewed && self.may_again(permits, deadline).await) {
                return result;
            }
        }
    }

    /// Puts the host's credentials into a call.
    async fn apply(
        &self,
        credentials: &Credentials,
        call: &CallRequest,
        sent: &mut ServiceRequest,
        deadline: &SharedDeadline,
    ) -> Result<UsedCredentials, Cause> {
        let applying = credentials.apply(&mut sent.headers);
        match deadline.timeout(None, applying).await {
            Some(Ok(used)) => Ok(used),
            Some(Err(error)) => {
                self.metrics.event(Event::NoCredentials);
                tracing::debug!(downstream = self.settings.name, "no credentials: {error}");
                Err(Cause::Rejected {
                    why: Rejection::NoCredentials,
                })
            }
            None => Err(Cause::Timeout {
                phase: Phase::Credentials,
                after: call.started.elapsed(),
                limit: TimeLimit::Caller,
            }),
        }
    }

    async fn attempt_with_retries(
        &self,
        call: &CallRequest,
        request: &ServiceRequest,
        deadline: &SharedDeadline,
        permits: &CallPermits,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        let policy = self.policy(call);
        let hedge_after = (call.limits.hedge && call.class.effect.is_read())
            .then(|| self.hedge_delay(call))
            .flatten();
        let plan = Plan {
            retry: &policy.retry,
            retries: call.limits.retries,
            hedge_after,
            budget: permits.budget(),
            deadline,
        };
        let (course, hedge_course) = (Course::default(), Course::default());
        if trace.probe {
            // Connections from before may be as dead as the service was.
            course.want_fresh();
        }
        let queue = call.limits.queue.saturating_sub(trace.queued);
        let beside = || {
            hedge_course.follow(&course);
            HedgeRight::new(permits, &policy.retry, &hedge_course)
        };
        let again = || self.may_again(permits, deadline);
        let attempt = |attempt: Try| {
            let course = match attempt.hedge {
                true => &hedge_course,
                false => &course,
            };
            async move {
                let bounds = Bounds {
                    started: call.started,
                    end: deadline,
                    queue,
                    first_byte: call.limits.first_byte,
                    timeouts: &policy.timeouts,
                    size: self.settings.max_response_size,
                };
                // Awaited where it is made, here and above: a future that is bound to a name is
                // stored twice.
                let attempted = self
                    .transport
                    .attempt(call.worker, request, bounds, course)
                    .await;
                if let Some(asked) = attempted.rest {
                    self.hold_back(asked, &attempted.result, permits);
                }
                let verdict = self.verdict(call, &attempted.result);
                AttemptsOutcome {
                    value: attempted,
                    verdict,
                }
            }
        };
        let ended = attempts::run(plan, beside, again, attempt).await;
        let Attempted {
            result,
            judgement,
            timing,
            ..
        } = ended.value;
        trace.judgement = judgement;
        // A hedge that was overtaken before it was sent does not count.
        let hedged = ended.hedged && hedge_course.sent();
        let attempts = ended.attempts - u32::from(ended.hedged && !hedged);
        if !timing.queued.is_zero() {
            trace.queued += timing.queued;
            self.metrics.queued(timing.queued);
        }
        if is_queue_timeout(&result) {
            self.metrics.event(Event::QueueTimeout);
        }
        trace.connect = timing.connect;
        trace.first_byte = timing.first_byte;
        trace.body = timing.body;
        trace.until_close = timing.until_close;
        trace.attempts += attempts;
        trace.hedged |= hedged;
        if hedged {
            self.metrics.event(Event::Hedge);
        }
        for _ in 1 + u32::from(hedged)..attempts {
            self.metrics.event(Event::Retry);
        }
        if matches!(result, Err(Cause::Host { .. })) {
            self.metrics.event(Event::HostFailure);
        }
        if call.limits.hedge && result.is_ok() {
            let took = timing.connect + timing.first_byte + timing.body;
            self.known(call).latency.record(Instant::now(), took);
        }
        result
    }

    /// Whether a further attempt is safe and may succeed (RFC 9110 section 9.2.2). An idempotent
    /// method is not always safe to repeat: a DELETE that did its work is answered 404 the second
    /// time. The operator decides.
    fn verdict(&self, call: &CallRequest, result: &Result<ServiceResponse, Cause>) -> Verdict {
        let retry = &self.policy(call).retry;
        let repeatable = || {
            let as_get = call.class.effect.is_like_get() && retry.methods.contains(&Method::GET);
            as_get || retry.methods.contains(&call.request.method)
        };
        match result {
            Ok(answer) if retry.statuses.contains(&answer.status) && repeatable() => Verdict::Again,
            Ok(_)
            | Err(Cause::TooLarge { .. } | Cause::HeadTooLarge { .. } | Cause::Malformed { .. }) => {
                Verdict::Final
            }
            Err(error) if !error.sent() || repeatable() => Verdict::Again,
            Err(_) => Verdict::Final,
        }
    }
}

/// Whether the service's connections had no room for the call for too long.
fn is_queue_timeout(result: &Result<ServiceResponse, Cause>) -> bool {
    matches!(
        result,
        Err(Cause::Timeout {
            phase: Phase::Queue,
            ..
        })
    )
}
