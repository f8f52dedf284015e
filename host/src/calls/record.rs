//! One call as it went: for the access log, for the headers that tell a client what is missing and where the time went, and
//! for whoever runs a component by hand. Holds no path and no header: these can be personal.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::degraded::{Part, What};
use crate::downstream::status::degraded_reason;
use crate::downstream::{Source, Trace};
use crate::server_timing::{self, CallTiming, Timing};

/// One call as it went.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The service that was asked.
    pub service: Arc<str>,
    /// The status of the reply, or the kind of failure.
    pub outcome: Result<u16, &'static str>,
    /// From the guest's call to its result.
    pub took: Duration,
    /// Bytes of the answer's body.
    pub bytes: usize,
    /// What happened in its course.
    pub trace: Trace,
}

impl CallRecord {
    /// What its BFF got in place of a live answer; `None` for one that is good.
    fn lack(&self) -> Option<Part<'_>> {
        let what = match (self.trace.source, self.outcome) {
            (_, Err(kind)) => What::Failed(kind),
            (Source::Stale, _) => What::Stale {
                age: self.trace.age,
            },
            (Source::Fallback, _) => What::Fallback,
            (_, Ok(status)) => What::Failed(degraded_reason(status)?),
        };
        Some(Part {
            service: &self.service,
            what,
        })
    }

    fn timing(&self) -> CallTiming<'_> {
        let outcome = match (self.outcome, self.trace.source) {
            (Err(kind), _) => kind,
            (Ok(_), Source::Live) if self.trace.coalesced => "coalesced",
            (Ok(_), Source::Live) => "live",
            (Ok(_), Source::Cached) => "cached",
            (Ok(_), Source::Stale) => "stale",
            (Ok(_), Source::Fallback) => "fallback",
        };
        CallTiming {
            service: &self.service,
            outcome,
            total: self.took,
            queue: self.trace.queued,
            connect: self.trace.connect,
            first_byte: self.trace.first_byte,
            body: self.trace.body,
        }
    }
}

/// What of an answer was not live.
pub fn parts(calls: &[CallRecord]) -> Vec<Part<'_>> {
    calls.iter().filter_map(CallRecord::lack).collect()
}

/// Where the time of an answer went, as the value of `server-timing`.
pub fn server_timing(
    calls: &[CallRecord],
    guest_cpu: Duration,
    total: Duration,
) -> Option<HeaderValue> {
    let calls: Vec<CallTiming<'_>> = calls.iter().map(CallRecord::timing).collect();
    server_timing::value(&Timing {
        calls: &calls,
        guest_cpu,
        total,
    })
}
