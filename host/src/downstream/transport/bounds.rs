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
    /// When it must have ended. That may become later while it is made, when others wait for the
    /// same.
    pub end: &'a SharedDeadline,
    /// Time for waiting until the service lets one more call be on a connection.
    pub queue: Duration,
    /// Time from the request sent to the head of the answer.
    pub first_byte: Duration,
    /// The operator's own limits for such a call. What they end is the service's fault.
    pub timeouts: &'a Timeouts,
    /// Most bytes of the body.
    pub size: usize,
}

/// What took how long, as far as the attempt came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// To wait until the service let one more call be on a connection.
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
