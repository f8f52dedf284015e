//! One call as it went: for the access log, for the headers that tell a client what is missing and where the time went, and
//! for whoever runs a component by hand. Holds no path and no header: these can be personal.

use std::sync::Arc;
use std::time::Duration;

use crate::contract::Source;

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
