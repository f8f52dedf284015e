//! Step 7: the answer for a caller, also when the call failed.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Uri};

use super::Pipeline;
use crate::config::is_json;
use crate::downstream::call::{CallOutcome, CallRequest};
use crate::downstream::class::Effect;
use crate::downstream::error::Cause;
use crate::downstream::policy::cache::Hit;
use crate::downstream::policy::fallback;
use crate::downstream::response::ServiceResponse;
use crate::downstream::status::is_fault;
use crate::downstream::trace::{Source, Trace};
use crate::telemetry::metrics::Event;

/// What the fallback needs to know of a call.
pub(super) struct FallbackContext {
    method: Method,
    effect: Effect,
    target: Uri,
    /// Whether the caller may be unable to read a response that was stored for others.
    picky: bool,
    /// Whether the caller declines a fallback.
    pub(super) none: bool,
    /// A stale response that may be used instead.
    pub(super) stale: Option<Hit>,
}

impl FallbackContext {
    pub(super) fn new(call: &CallRequest) -> Self {
        Self {
            method: call.request.method.clone(),
            effect: call.class.effect,
            target: call.request.target.clone(),
            picky: call.readable.is_some(),
            none: false,
            stale: None,
        }
    }
}

impl Pipeline {
    /// Returns what the caller reads of the response. A failure, or an unreadable response, is
    /// replaced by a stale response, then by the operator's fallback.
    pub(super) fn read_or_fall_back<R>(
        &self,
        outcome: CallOutcome,
        context: FallbackContext,
        read: &mut impl FnMut(ServiceResponse, Source) -> Result<R, Cause>,
    ) -> CallOutcome<R> {
        let CallOutcome { result, trace } = outcome;
        let failed = match result {
            Ok(response) if context.none || !is_fault(response.status) => {
                let of_others = trace.source != Source::Live || trace.coalesced;
                let broken = context.picky && of_others && claims_json(&response.headers);
                match read(response, trace.source) {
                    Err(cause @ Cause::Malformed { .. }) => {
                        if broken {
                            // The next caller could not use it either.
                            self.forget(&context.target);
                        }
                        Err(Arc::new(cause))
                    }
                    done => {
                        let result = done.map_err(Arc::new);
                        return CallOutcome { result, trace };
                    }
                }
            }
            failed => failed,
        };
        let instead = |value, source, age| CallOutcome {
            result: Ok(value),
            trace: Trace {
                source,
                age,
                ..trace
            },
        };
        if let Some(hit) = context.stale
            && let Ok(value) = read(hit.answer, Source::Stale)
        {
            self.metrics.event(Event::Stale);
            return instead(value, Source::Stale, hit.age);
        }
        if let Some(declared) = self.declared(&context.method, context.effect, &context.target)
            && let Ok(value) = read(declared, Source::Fallback)
        {
            self.metrics.event(Event::Fallback);
            return instead(value, Source::Fallback, Duration::ZERO);
        }
        let result = failed.and_then(|response| read(response, trace.source).map_err(Arc::new));
        CallOutcome { result, trace }
    }

    /// The operator's fallback for a failed call.
    fn declared(&self, method: &Method, effect: Effect, target: &Uri) -> Option<ServiceResponse> {
        let path = target.path();
        let path = path
            .strip_prefix(self.settings.shape.path_prefix.as_str())
            .unwrap_or(path);
        let safe = effect.is_safe();
        let declared = fallback::last_resort(&self.settings.fallbacks, method, safe, path)?;
        Some(ServiceResponse {
            status: declared.status,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, declared.content_type)]),
            body: declared.body,
        })
    }
}

/// Whether a response claims to be JSON. Another one may be valid for other callers.
fn claims_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(is_json)
}
