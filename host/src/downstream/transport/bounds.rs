//! The limits of one attempt, and the times that it took.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Timeouts;
use crate::downstream::deadline::SharedDeadline;

/// The limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// When the call began, of which this is an attempt; what a timeout reports is counted from
    /// here.
    pub started: Instant,
    /// When it must have ended. Callers that join can extend it.
    pub end: &'a SharedDeadline,
    /// Time limit for a stream on a connection.
    pub queue: Duration,
    /// Time from the request sent to the head of the answer.
    pub first_byte: Duration,
    /// The operator's own limits for such a call. Exceeding them is the service's fault.
    pub timeouts: &'a Timeouts,
    /// Most bytes of the body.
    pub size: usize,
}

/// The duration of each phase so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// The wait for a stream on a connection.
    pub queued: Duration,
    /// To open a connection; zero when a kept one served.
    pub connect: Duration,
    /// From the request sent to the head of the answer, or to the failure.
    pub first_byte: Duration,
    /// From there to the end of the body; zero when it came with the head.
    pub body: Duration,
    /// Whether the body ends where the connection does, which may be before its end.
    pub until_close: bool,
}
