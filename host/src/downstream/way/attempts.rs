//! The attempts of a call: with what the host proves itself with, within the budget, beside each other where that helps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::Way;
use crate::config::Hedge;
use crate::downstream::Answer;
use crate::downstream::error::{DownstreamError, Phase, Rejection};
use crate::downstream::outbound::Outbound;
use crate::downstream::policy::attempts::{self, Plan, Tried, Try, Verdict};
use crate::downstream::policy::backoff::retry_after;
use crate::downstream::policy::coalesce::Until;
use crate::downstream::policy::credentials::{Credentials, Used};
use crate::downstream::record::Trace;
use crate::downstream::service::Ask;
use crate::downstream::transport::{Attempted, Bounds};
use crate::telemetry::metrics::Event;

/// How hedging is done where only a profile asks for it.
const HEDGE: Hedge = Hedge {
    percentile: 95,
    min_delay: Duration::from_millis(5),
};

impl Way {
    /// Attempts, with the host's credentials. One more round of them when these are refused and there are newer ones.
    pub(super) async fn attempts(
        &self,
        ask: &Ask,
        outbound: &Outbound,
        until: &Until,
        trace: &mut Trace,
    ) -> Result<Answer, DownstreamError> {
        let Some(credentials) = &self.proof.credentials else {
            return self.round(ask, outbound, until, trace).await;
        };
        let mut sent = outbound.clone();
        let used = self.prove(credentials, ask, &mut sent, until).await?;
        let result = self.round(ask, &sent, until, trace).await;
        let refused = matches!(&result, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED);
        let renewed = refused
            && timeout_at(until.latest(), credentials.refused(used))
                .await
                .unwrap_or(false);
        if !renewed {
            return result;
        }
        self.prove(credentials, ask, &mut sent, until).await?;
        self.round(ask, &sent, until, trace).await
    }

    /// Puts the host's credentials into a call.
    async fn prove(
        &self,
        credentials: &Credentials,
        ask: &Ask,
        sent: &mut Outbound,
        until: &Until,
    ) -> Result<Used, DownstreamError> {
        let service = || self.settings.name.clone();
        match timeout_at(until.latest(), credentials.apply(&mut sent.headers)).await {
            Ok(Ok(used)) => Ok(used),
            Ok(Err(error)) => {
                self.metrics.event(Event::NoCredentials);
                tracing::debug!(downstream = self.settings.name, "no credentials: {error}");
                Err(DownstreamError::Rejected {
                    service: service(),
                    why: Rejection::NoCredentials,
                })
            }
            Err(_) => Err(DownstreamError::Timeout {
                service: service(),
                phase: Phase::Credentials,
                after: ask.started.elapsed(),
            }),
        }
    }

    async fn round(
        &self,
        ask: &Ask,
        outbound: &Outbound,
        until: &Until,
        trace: &mut Trace,
    ) -> Result<Answer, DownstreamError> {
        const NONE: usize = usize::MAX;
        let read = outbound.method == Method::GET;
        let hedge = self.settings.hedge.as_ref().unwrap_or(&HEDGE);
        let hedge_after = (ask.limits.hedge && read)
            .then(|| self.latency.percentile(hedge.percentile))
            .flatten()
            .map(|delay| delay.max(hedge.min_delay));
        let plan = Plan {
            retry: &self.settings.retry,
            retries: ask.limits.retries,
            hedge_after,
            budget: &self.budget,
            end: until.latest(),
        };
        let last = AtomicUsize::new(NONE);
        let attempt = |attempt: Try| {
            let (avoid, last) = (last.load(Ordering::Relaxed), &last);
            async move {
                // A call holds one permit; an attempt beside it needs one of its own, and is not worth a wait.
                let permit = attempt.hedge.then(|| ask.member.try_acquire());
                if matches!(permit, Some(None)) {
                    return self.no_room_to_hedge();
                }
                let bounds = Bounds {
                    started: ask.started,
                    end: until,
                    first_byte: ask.limits.first_byte,
                    size: self.settings.max_response_size,
                };
                let avoid = (avoid != NONE).then_some(avoid);
                let transport = &self.transport;
                let attempted = transport.attempt(ask.worker, outbound, bounds, avoid);
                let attempted = attempted.await;
                last.store(attempted.endpoint, Ordering::Relaxed);
                let verdict = self.verdict(&outbound.method, &attempted.result);
                Tried {
                    value: attempted,
                    verdict,
                }
            }
        };
        let ended = attempts::run(plan, attempt).await;
        let Attempted { result, timing, .. } = ended.value;
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
        if result.is_ok() {
            let took = timing.connect + timing.first_byte + timing.body;
            self.latency.record(Instant::now(), took);
        }
        result
    }

    fn no_room_to_hedge(&self) -> Tried<Attempted> {
        Tried {
            value: Attempted::none(DownstreamError::Overloaded {
                service: self.settings.name.clone(),
                waiting: 0,
            }),
            verdict: Verdict::Again { after: None },
        }
    }

    /// Whether a further attempt is safe and may go better (RFC 9110 section 9.2.2).
    fn verdict(&self, method: &Method, result: &Result<Answer, DownstreamError>) -> Verdict {
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
            Ok(_) | Err(DownstreamError::TooLarge { .. } | DownstreamError::Malformed { .. }) => {
                Verdict::Final
            }
            Err(error) if idempotent || !error.sent() => Verdict::Again { after: None },
            Err(_) => Verdict::Final,
        }
    }
}
