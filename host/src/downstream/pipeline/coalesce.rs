//! Step 3: equal calls that are under way at the same time are one.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::timeout_at;

use super::Pipeline;
use super::callers::Callers;
use super::lookup::CacheIntent;
use crate::downstream::call::{CallOutcome, CallRequest};
use crate::downstream::error::{Cause, Phase, TimeLimit};
use crate::downstream::policy::cache::ExactKey;
use crate::telemetry::metrics::Event;

/// What a caller waits for a shared call beyond its own deadline: the call itself ends then, and
/// reports what it knows of the service.
const GRACE: Duration = Duration::from_millis(2);

impl Pipeline {
    /// Makes the call, or waits for an equal one that is under way.
    pub(super) async fn coalesce(
        self: &Arc<Self>,
        call: CallRequest,
        intent: CacheIntent,
    ) -> CallOutcome {
        let request = &call.request;
        let safe = matches!(request.method, Method::GET | Method::HEAD);
        if !(safe && self.settings.coalesce) {
            let callers = Arc::new(Callers::new(&call));
            return Box::pin(self.clone().send(call, callers, intent)).await;
        }
        let (started, end) = (call.started, call.end);
        let key = ExactKey::new(
            &request.method,
            &request.target,
            &request.headers,
            call.limits.kind(),
        );
        let joined = self.coalescer.join(key, call, Callers::join, |call| {
            let callers = Arc::new(Callers::new(&call));
            (callers.clone(), self.clone().send(call, callers, intent))
        });
        let led = joined.led;
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
        if !led {
            self.metrics.event(Event::Coalesced);
            outcome.trace.coalesced = true;
            outcome.trace.attempts = 0;
        }
        outcome
    }
}
