//! Step 6: the attempts of a call, with the host's credentials, within the budget, beside each other where
//! that helps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use tokio::time::Instant;

use super::Pipeline;
use crate::config::Hedge;
use crate::downstream::call::CallRequest;
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::error::{Cause, Phase, Rejection, TimeLimit};
use crate::downstream::policy::attempts::{self, Plan, Tried, Try, Verdict};
use crate::downstream::policy::backoff::retry_after;
use crate::downstream::policy::credentials::{Credentials, Used};
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;
use crate::downstream::trace::Trace;
use crate::downstream::transport::{Attempted, Bounds};
use crate::telemetry::metrics::Event;

/// How hedging is done where only a profile asks for it.
const HEDGE: Hedge = Hedge {
    percentile: 95,
    min_delay: Duration::from_millis(5),
};

impl Pipeline {
    /// Attempts, with the host's credentials where there are any.
    pub(super) async fn attempts(
        &self,
        call: &CallRequest,
        request: &ServiceRequest,
        deadline: &SharedDeadline,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        match &self.credentials.of_service {
            None => {
                self.attempt_with_retries(call, request, deadline, trace)
                    .await
            }
            // Boxed, like what follows here and in `attempts::run`: a future is as large as all that it may ever do, and
            // is moved about.
            Some(credentials) => {
                Box::pin(self.with_credentials(credentials, call, request, deadline, trace)).await
            }
        }
    }

    /// A round of attempts with credentials. One more when these are refused and there are newer ones.
    async fn with_credentials(
        &self,
        credentials: &Credentials,
        call: &CallRequest,
        request: &ServiceRequest,
        deadline: &SharedDeadline,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        let mut sent = request.clone();
        let mut again = true;
        loop {
            let used = self.apply(credentials, call, &mut sent, deadline).await?;
            let result = self
                .attempt_with_retries(call, &sent, deadline, trace)
                .await;
            let refused =
                matches!(&result, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED);
            let renewed = refused
                && std::mem::take(&mut again)
                && deadline
                    .timeout(None, credentials.refused(used))
                    .await
                    .unwrap_or(false);
            if !renewed {
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
    ) -> Result<Used, Cause> {
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
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        const NONE: usize = usize::MAX;
        let read = request.method == Method::GET;
        let hedge_after = (call.limits.hedge && read)
            .then(|| self.hedge_delay())
            .flatten();
        let plan = Plan {
            retry: &self.settings.retry,
            retries: call.limits.retries,
            hedge_after,
            budget: &self.budget,
            deadline,
        };
        let last = AtomicUsize::new(NONE);
        let attempt = |attempt: Try| {
            let (avoid, last) = (last.load(Ordering::Relaxed), &last);
            async move {
                // A call holds one permit; an attempt beside it needs one of its own, and is not worth a wait.
                let permit = attempt.hedge.then(|| call.member.try_acquire());
                if matches!(permit, Some(None)) {
                    return self.no_room_to_hedge();
                }
                let bounds = Bounds {
                    started: call.started,
                    end: deadline,
                    first_byte: call.limits.first_byte,
                    size: self.settings.max_response_size,
                };
                let avoid = (avoid != NONE).then_some(avoid);
                // Awaited where it is made, here and above: a future that has a name is in the one around it twice.
                let attempted = self
                    .transport
                    .attempt(call.worker, request, bounds, avoid)
                    .await;
                last.store(attempted.endpoint, Ordering::Relaxed);
                let verdict = self.verdict(&request.method, &attempted.result);
                Tried {
                    value: attempted,
                    verdict,
                }
            }
        };
        let ended = attempts::run(plan, attempt).await;
        let Attempted {
            result,
            judgement,
            timing,
            ..
        } = ended.value;
        trace.judgement = judgement;
        trace.connect = timing.connect;
        trace.first_byte = timing.first_byte;
        trace.body = timing.body;
        trace.attempts += ended.attempts;
        trace.hedged |= ended.hedged;
        if ended.hedged {
            self.metrics.event(Event::Hedge);
        }
        for _ in 1 + u32::from(ended.hedged)..ended.attempts {
            self.metrics.event(Event::Retry);
        }
        if call.limits.hedge && result.is_ok() {
            let took = timing.connect + timing.first_byte + timing.body;
            self.latency.record(Instant::now(), took);
        }
        result
    }

    /// When a call that was not answered by then is worth another beside it; `None` while too little is known. Looked up in the
    /// histogram now and then only: that is a walk over memory which other workers write to.
    fn hedge_delay(&self) -> Option<Duration> {
        let known = self.hedge_delay.load(Ordering::Relaxed);
        if known == 0 || fastrand::u8(..) < 8 {
            let hedge = self.settings.hedge.as_ref().unwrap_or(&HEDGE);
            let delay = self
                .latency
                .percentile(hedge.percentile)?
                .max(hedge.min_delay);
            let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
            self.hedge_delay.store(micros, Ordering::Relaxed);
            return Some(delay);
        }
        Some(Duration::from_micros(known))
    }

    fn no_room_to_hedge(&self) -> Tried<Attempted> {
        Tried {
            value: Attempted::none(Cause::Overloaded { waiting: 0 }),
            verdict: Verdict::Again { after: None },
        }
    }

    /// Whether a further attempt is safe and may go better (RFC 9110 section 9.2.2).
    fn verdict(&self, method: &Method, result: &Result<ServiceResponse, Cause>) -> Verdict {
        let idempotent = matches!(
            *method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
        );
        match result {
            Ok(answer) if idempotent && self.settings.retry.statuses.contains(&answer.status) => {
                Verdict::Again {
                    after: retry_after(&answer.headers, SystemTime::now()),
                }
            }
            Ok(_)
            | Err(Cause::TooLarge { .. } | Cause::HeadTooLarge { .. } | Cause::Malformed { .. }) => {
                Verdict::Final
            }
            Err(error) if idempotent || !error.sent() => Verdict::Again { after: None },
            Err(_) => Verdict::Final,
        }
    }
}
