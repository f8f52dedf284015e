//! A record of what happened to a call. It has no path and no header: these can be personal.

use std::time::Duration;

use super::status::Judgement;

/// Where a response came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The service, for this call.
    #[default]
    Live,
    /// The cache, fresh.
    Cached,
    /// The cache, past its time.
    Stale,
    /// The configuration.
    Fallback,
}

/// The trace of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace {
    /// Where the response came from.
    pub source: Source,
    /// How old it was, if it was not live.
    pub age: Duration,
    /// Time in the service's queue.
    pub queued: Duration,
    /// Time to get a connection, zero for a kept one.
    pub connect: Duration,
    /// Time from the request sent to the head of the response.
    pub first_byte: Duration,
    /// Time for the rest of the response.
    pub body: Duration,
    /// The number of attempts: 0 for a response from the cache.
    pub attempts: u32,
    /// What the last attempt says about the service.
    pub judgement: Judgement,
    /// Whether it was a probe of the breaker.
    pub probe: bool,
    /// Whether one of the attempts was a hedge.
    pub hedged: bool,
    /// Whether the response ended with the connection, so that it is unknown whether it is whole.
    pub until_close: bool,
    /// Whether the call was made for another request with an equal call at the same time.
    pub coalesced: bool,
}
