//! The steps of a call, one file each, in this order:
//!
//! 1. [`lookup`]: a fresh response from the cache ends the call here.
//! 2. [`gate`]: the cap on the calls of the whole host.
//! 3. [`coalesce`]: waits for an equal call that is under way. Each caller leaves at its own
//!    deadline; the call goes on for the others, which [`callers`] tracks.
//! 4. [`breaker`]: nothing is sent while calls fail too often. It is checked once more after a wait
//!    in the queue, in case it opened meanwhile.
//! 5. [`queue`]: the caps on the calls of the service, by number and by rate, with a fair queue. A
//!    call of several BFFs waits in the line of each. It gets its [`permits`].
//! 6. [`attempts`]: the call itself, with [`credentials`], retries and a [`hedge`]. A service that
//!    requests a pause [holds](mod@hold) all calls back. After a [write](mod@write), no caller is
//!    given what was read before it.
//! 7. [`fallback`]: for a failed call, a stale response, then the operator's fallback, then the
//!    failure.

mod attempts;
mod breaker;
mod callers;
mod coalesce;
mod credentials;
mod error;
mod fallback;
mod gate;
mod hedge;
mod hold;
mod lookup;
mod permits;
mod queue;
mod state;
mod write;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::error::ServiceError;
pub use self::state::Pipeline;

use self::callers::Callers;
use self::fallback::FallbackContext;
use self::lookup::{CacheIntent, Lookup};
use super::call::{CallOutcome, CallRequest};
use super::error::Cause;
use super::policy::breaker::Pass;
use super::response::ServiceResponse;
use super::trace::{Source, Trace};

impl Pipeline {
    /// Makes a call. `read` decodes the response for the caller. Where that fails
    /// ([`Cause::Malformed`]), the call has failed.
    pub async fn call<R>(
        self: &Arc<Self>,
        call: Box<CallRequest>,
        mut read: impl FnMut(ServiceResponse, Source) -> Result<R, Cause>,
    ) -> CallOutcome<R> {
        let mut fallback = FallbackContext::new(&call);
        let outcome = match self.lookup(&call, &mut fallback) {
            Lookup::Response(outcome) => outcome,
            Lookup::Call(intent) => match self.enter_gate(&call) {
                Ok(_permit) => self.coalesce(call, intent).await,
                Err(cause) => CallOutcome::failed(cause),
            },
        };
        self.read_or_fall_back(outcome, fallback, &mut read)
    }

    /// Makes the call itself, for one caller or several.
    async fn send(
        self: Arc<Self>,
        call: Box<CallRequest>,
        callers: Arc<Callers>,
        intent: CacheIntent,
    ) -> CallOutcome {
        let mut trace = Trace::default();
        let result = self.admitted(&call, &callers, intent, &mut trace).await;
        CallOutcome {
            result: result.map_err(Arc::new),
            trace,
        }
    }

    async fn admitted(
        &self,
        call: &CallRequest,
        callers: &Callers,
        intent: CacheIntent,
        trace: &mut Trace,
    ) -> Result<ServiceResponse, Cause> {
        let mut pass = self.check_breaker(call, callers, call.started)?;
        let mut permits = self.wait_in_queue(call, callers, &mut pass, trace).await?;
        permits.spend();
        let conditional = intent.conditional(&call.request);
        let began = Instant::now();
        let request = conditional.as_ref().unwrap_or(&call.request);
        trace.probe = pass.as_ref().is_some_and(Pass::is_probe);
        let write = self.begin_write(call);
        let result = self
            .attempts(call, request, &callers.deadline, &permits, trace)
            .await;
        if let Some(write) = write {
            write.end(&result, trace);
        }
        self.record(call, pass, trace.judgement, &result, began);
        Ok(self.store(call, intent, result?, trace))
    }
}
