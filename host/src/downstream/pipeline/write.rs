//! Invalidation by a call that may change something: later readers must not get responses from
//! before it.

use super::Pipeline;
use crate::downstream::call::CallRequest;
use crate::downstream::error::Cause;
use crate::downstream::request::ServiceRequest;
use crate::downstream::response::ServiceResponse;
use crate::downstream::trace::Trace;

/// A call that may change something, from before it is sent. Dropped before its end, because no
/// caller waits for it any more, it counts as one that may have done its work.
pub(super) struct Write<'a> {
    pipeline: &'a Pipeline,
    request: &'a ServiceRequest,
    ended: bool,
}

impl Pipeline {
    /// Records that a call is about to be sent; `None` for one that changes nothing.
    pub(super) fn begin_write<'a>(&'a self, call: &'a CallRequest) -> Option<Write<'a>> {
        // Made only for writes: dropping it counts as a write.
        (!call.class.effect.is_safe()).then(|| Write {
            pipeline: self,
            request: &call.request,
            ended: false,
        })
    }
}

impl Write<'_> {
    /// Drops what the call invalidated. A failed one may have done its work if any of it was sent.
    pub(super) fn end(mut self, result: &Result<ServiceResponse, Cause>, trace: &Trace) {
        self.ended = true;
        // What is known of the last attempt says nothing about the ones before it.
        let repeated = trace.attempts > 1;
        match result {
            Ok(response) => self.void(Some(response), repeated),
            Err(cause) if cause.sent() || repeated => self.void(None, repeated),
            Err(_) => {}
        }
    }

    fn void(&self, response: Option<&ServiceResponse>, repeated: bool) {
        let (pipeline, request) = (self.pipeline, self.request);
        if let Some(cache) = &pipeline.cache {
            let authority = &pipeline.settings.endpoints[0].authority;
            let (method, target) = (&request.method, &request.target);
            cache.after_write(method, target, authority, response, repeated);
        }
        pipeline.coalescer.start_generation();
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.void(None, false);
        }
    }
}
