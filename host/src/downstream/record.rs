//! One call as it went: for the access log, for the headers that tell a client what is missing and where the time went, and
//! for whoever runs a component by hand. Holds no path and no header: these can be personal.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::contract::Source;
use crate::degraded::{Part, What};
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
    /// What happened on the way.
    pub trace: Trace,
}

/// What happened on the way of a call.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Where the answer came from.
    pub source: Source,
    /// How old it was, if it was not live.
    pub age: Duration,
    /// Time in the service's queue.
    pub queued: Duration,
    /// Time to get a connection, zero for one that was kept.
    pub connect: Duration,
    /// Time from the request sent to the head of the answer.
    pub first_byte: Duration,
    /// Time for the rest of the answer.
    pub body: Duration,
    /// How often the service was asked: 0 for an answer from the cache.
    pub attempts: u32,
    /// Whether one of these was made beside another that was slow.
    pub hedged: bool,
    /// Whether the call was made for another request, which asked the same at the same time.
    pub coalesced: bool,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            source: Source::Live,
            age: Duration::ZERO,
            queued: Duration::ZERO,
            connect: Duration::ZERO,
            first_byte: Duration::ZERO,
            body: Duration::ZERO,
            attempts: 0,
            hedged: false,
            coalesced: false,
        }
    }
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
            (_, Ok(status)) => What::Failed(fault(status)?),
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

/// A status with which a service says that it failed.
fn fault(status: u16) -> Option<&'static str> {
    Some(match status {
        500 => "status-500",
        502 => "status-502",
        503 => "status-503",
        504 => "status-504",
        501 | 505.. => "status-5xx",
        _ => return None,
    })
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
