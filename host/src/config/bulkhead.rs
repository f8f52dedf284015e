//! The limits on concurrent calls of a service and on their rate.

use std::fmt::{self, Display};
use std::time::Duration;

/// The limits on concurrent calls to a service, of all BFFs and workers, and on their rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulkhead {
    /// Calls under way at once. With HTTP/1.1 each has a connection of its own, so it is also the
    /// most open connections.
    pub max_calls: usize,
    /// Calls that may wait for that.
    pub max_queued: usize,
    /// The part of `max_calls` that one BFF may have when several may call the service, percent.
    pub bff_share: u32,
    /// The rate limit; `None` for none.
    pub rate: Option<Rate>,
    /// The longest pause that an answer of the service can request; zero ignores pauses.
    pub max_retry_after: Duration,
}

/// A rate limit: never more requests in a time than this number and a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests in each `per`; at least one.
    pub count: u32,
    /// Per second, minute or hour.
    pub per: Duration,
    /// Requests that may be sent at once after a quiet time; at least one.
    pub burst: u32,
}

impl Display for Rate {
    /// As it is written in the file, without the burst.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            3600 => "h",
            60 => "m",
            _ => "s",
        };
        write!(f, "{}/{unit}", self.count)
    }
}
