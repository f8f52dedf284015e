//! Step 7: what a caller gets when nothing came of its call.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Uri};

use super::Pipeline;
use crate::downstream::call::CallOutcome;
use crate::downstream::policy::cache::Hit;
use crate::downstream::policy::fallback;
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;
use crate::downstream::status::is_fault;
use crate::downstream::trace::{Source, Trace};
use crate::telemetry::metrics::Event;

/// What is needed of a call when it failed.
pub(super) struct FallbackContext {
    method: Method,
    target: Uri,
    /// A stale response that may be used instead.
    pub(super) stale: Option<Hit>,
}

impl FallbackContext {
    pub(super) fn new(request: &ServiceRequest) -> Self {
        Self {
            method: request.method.clone(),
            target: request.target.clone(),
            stale: None,
        }
    }
}

impl Pipeline {
    /// Replaces a failure by a stale response, then by what the operator declared.
    pub(super) fn fallback(&self, outcome: CallOutcome, context: FallbackContext) -> CallOutcome {
        if matches!(&outcome.result, Ok(response) if !is_fault(response.status)) {
            return outcome;
        }
        let instead = |response, source, age| CallOutcome {
            result: Ok(response),
            trace: Trace {
                source,
                age,
                ..outcome.trace
            },
        };
        if let Some(hit) = context.stale {
            self.metrics.event(Event::Stale);
            return instead(hit.answer, Source::Stale, hit.age);
        }
        let path = context.target.path();
        let path = path
            .strip_prefix(self.settings.shape.path_prefix.as_str())
            .unwrap_or(path);
        match fallback::last_resort(&self.settings.fallbacks, &context.method, path) {
            None => outcome,
            Some(declared) => {
                self.metrics.event(Event::Fallback);
                let response = ServiceResponse {
                    status: declared.status,
                    headers: HeaderMap::from_iter([(CONTENT_TYPE, declared.content_type)]),
                    body: declared.body,
                };
                instead(response, Source::Fallback, Duration::ZERO)
            }
        }
    }
}
