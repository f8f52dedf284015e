//! Step 3: joins equal calls that are under way at the same time. If the response turns out to be
//! for the first caller only, the others make their own calls side by side, and so do later ones
//! for a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Pipeline;
use super::callers::Callers;
use super::lookup::CacheIntent;
use crate::downstream::call::{CallOutcome, CallRequest};
use crate::downstream::class::CallClass;
use crate::downstream::error::{Cause, Phase, TimeLimit};
use crate::downstream::policy::cache::{ExactKey, may_join, serves_others};
use crate::telemetry::metrics::Event;
use crate::time::time_of_day;

/// The wait for a shared call beyond the caller's deadline: the call itself ends then, with a
/// better error.
const GRACE: Duration = Duration::from_millis(2);

impl Pipeline {
    /// Makes the call, or waits for an equal one that is under way.
    pub(super) async fn coalesce(
        self: &Arc<Self>,
        call: Box<CallRequest>,
        intent: CacheIntent,
    ) -> CallOutcome {
        let request = &call.request;
        let like_get = call.class.effect.is_like_get();
        if !(like_get && self.policy(&call).coalesce && may_join(&request.headers)) {
            return self.alone(call, intent).await;
        }
        let (class, started, end) = (call.class, call.started, call.end);
        let Some(key) = ExactKey::new(
            &request.method,
            &request.target,
            &request.headers,
            call.query(),
            call.limits.kind(),
        ) else {
            return self.alone(call, intent).await;
        };
        let hash = key.spread();
        if self.unshared.contains(hash, started) {
            let outcome = self.alone(call, intent).await;
            self.learn(class, hash, &outcome);
            return outcome;
        }
        let mut joined = self.coalescer.join(
            key,
            (call, intent),
            |callers: &Callers, (call, _)| callers.join(call),
            |(call, intent)| {
                let callers = Arc::new(Callers::new(&call));
                (callers.clone(), self.clone().send(call, callers, intent))
            },
        );
        let own = joined.own.take();
        let mut outcome = match timeout_at(end + GRACE, joined).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => CallOutcome::failed(Cause::Interrupted {
                sent: true,
                source: panicked.into(),
            }),
            Err(_) => CallOutcome::failed(Cause::Timeout {
                phase: Phase::FirstByte,
                after: started.elapsed(),
                limit: TimeLimit::Caller,
            }),
        };
        if let Some((mut call, intent)) = own {
            if !self.learn(class, hash, &outcome) {
                // Its time in the queue and that until the first byte begin now: so far it only
                // waited.
                call.started = Instant::now();
                return self.alone(call, intent).await;
            }
            self.metrics.event(Event::Coalesced);
            outcome.trace.coalesced = true;
            outcome.trace.attempts = 0;
        }
        outcome
    }

    /// Makes the call for its caller alone.
    async fn alone(self: &Arc<Self>, call: Box<CallRequest>, intent: CacheIntent) -> CallOutcome {
        let callers = Arc::new(Callers::new(&call));
        Box::pin(self.clone().send(call, callers, intent)).await
    }

    /// Whether the outcome of a call is valid for all of its callers. Remembers for a while when it
    /// is not.
    fn learn(&self, class: CallClass, hash: u64, outcome: &CallOutcome) -> bool {
        let Ok(response) = &outcome.result else {
            return true;
        };
        let policy = class.policy(&self.settings);
        let cache = policy.cache.as_ref().and(self.settings.cache.as_ref());
        let cookies = cache.is_some_and(|cache| cache.keep_set_cookie);
        let shared = serves_others(response, cookies, time_of_day());
        if shared {
            self.unshared.remove(hash);
        } else {
            let until = Instant::now() + policy.coalesce_pause;
            self.unshared.insert(hash, until);
        }
        shared
    }
}
