//! The reported state of a breaker, and an operator's override.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// The call is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When a probe is let through; `None` when that is not known: a probe is under way, or the
    /// operator forced the breaker.
    pub until: Option<Instant>,
}

/// Why calls are rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejects {
    /// Calls fail too often.
    Failing,
    /// Slow start: they failed until a moment ago, and the calls at once are limited.
    SlowStart,
    /// The operator forced it.
    Forced,
}

/// What an operator forces a breaker to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// Rejects all calls.
    Open,
    /// Lets all calls through, and still counts.
    Closed,
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Lets them through.
    Closed,
    /// Rejects them.
    Open,
    /// Lets one at a time through.
    HalfOpen,
}

/// A breaker's current state, to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerState {
    /// What it does with calls.
    pub position: Position,
    /// Whether an operator forced it.
    pub forced: bool,
    /// Time until it lets a probe through, when it is open and not forced.
    pub until: Option<Duration>,
    /// Calls in the window.
    pub calls: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were slow, failed ones included.
    pub slow: u32,
}

/// A breaker changed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It rejects calls from now on.
    Opened {
        /// The exceeded threshold.
        why: OpenReason,
        /// For how long, until the first probe.
        lasts: Duration,
    },
    /// A probe was good: it lets calls through again.
    Closed,
}

/// Why a breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenReason {
    /// Too many calls in the window failed.
    Failed {
        /// Those that failed.
        failed: u32,
        /// All.
        calls: u32,
    },
    /// Too many calls in the window were slow.
    Slow {
        /// Those that were slow.
        slow: u32,
        /// All.
        calls: u32,
    },
    /// The probe failed or was slow.
    Probe,
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { failed, calls } => write!(f, "{failed} of {calls} calls failed"),
            Self::Slow { slow, calls } => write!(f, "{slow} of {calls} calls were slow"),
            Self::Probe => f.write_str("the probe failed or was slow"),
        }
    }
}
