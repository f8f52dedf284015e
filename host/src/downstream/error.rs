//! Why a call got no response, and whether anything may have reached the service. The service's
//! name is not part of it: the caller knows it.

use std::time::Duration;

use thiserror::Error;

use crate::config;

/// Why a call got no response. Messages hold no address and no secret: a guest reads them.
#[derive(Debug, Error)]
pub enum Cause {
    /// A limit of time passed.
    #[error("{phase} timed out after {}ms, {}", after.as_millis(), limit.name(*phase))]
    Timeout {
        /// The phase that timed out.
        phase: Phase,
        /// How long.
        after: Duration,
        /// Whose limit it was.
        limit: TimeLimit,
    },
    /// No connection.
    #[error("no connection: {source}")]
    Unreachable {
        /// What the system said.
        source: std::io::Error,
    },
    /// The host lacks a resource for the call. Not a fault of the service.
    #[error("the host itself cannot make the call: {source}")]
    Host {
        /// Whether a part of the request may have been sent.
        sent: bool,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke.
    #[error("connection broke before the answer was complete: {source}")]
    Interrupted {
        /// Whether a part of the request may have been sent.
        sent: bool,
        /// What broke.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too many calls wait.
    #[error("{waiting} calls are waiting already, its max-queued")]
    Overloaded {
        /// How many wait.
        waiting: usize,
    },
    /// The rate lets no further call through in time.
    #[error("its rate of {rate} lets no further call through in the time that this one has")]
    OverRate {
        /// The rate in force.
        rate: config::Rate,
    },
    /// The host has too many calls under way.
    #[error(
        "{limit} calls are under way in the host already, what calls.max-in-flight and optional-share allow"
    )]
    Shed {
        /// The limit in force.
        limit: usize,
    },
    /// The response is too large.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in force: the service's, or what was left of the request's.
        limit: usize,
    },
    /// The head of the response is too large.
    #[error(
        "the head of the answer is larger than {limit} bytes (max-header-size) or has more than 100 fields"
    )]
    HeadTooLarge {
        /// The limit in force.
        limit: usize,
    },
    /// Nothing was sent because it would have been useless.
    #[error("{why}")]
    Rejected {
        /// The reason.
        why: Rejection,
    },
    /// The response cannot be understood.
    #[error("{what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
    /// A fixture simulates a failure of the guest's side.
    #[error("{0}")]
    Scripted(Scripted),
}

/// The phase in which a call timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The queue.
    Queue,
    /// The host's credentials for the service.
    Credentials,
    /// A connection.
    Connect,
    /// The head of the response.
    FirstByte,
    /// The rest of the response.
    Body,
}

/// Whose limit of time passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// The operator's, for the service: it had its full time.
    Service,
    /// A shorter one: that of the guest, of its profile, or the request's deadline.
    Caller,
}

impl TimeLimit {
    /// The owner of the limit that ended a wait, given the limit of the service's settings.
    pub fn after(waited: Duration, allowed: Duration) -> Self {
        match waited >= allowed {
            true => Self::Service,
            false => Self::Caller,
        }
    }
}

impl TimeLimit {
    /// The limit in words: the setting of the service, or the call's.
    fn name(self, phase: Phase) -> &'static str {
        match (self, phase) {
            (Self::Caller, _) => "all the time that the call had",
            (Self::Service, Phase::Queue) => "its queue-timeout",
            (Self::Service, Phase::Credentials) => "its token-timeout",
            (Self::Service, Phase::Connect) => "its connect-timeout",
            (Self::Service, Phase::FirstByte) => "its first-byte-timeout",
            (Self::Service, Phase::Body) => "its between-bytes-timeout",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Queue => "waiting for its turn",
            Self::Credentials => "waiting for credentials",
            Self::Connect => "connect",
            Self::FirstByte => "waiting for the answer",
            Self::Body => "reading the answer",
        })
    }
}

/// Why a legal call was not sent although there was room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Calls fail too often at present.
    #[error("calls fail too often at present; its breaker is open")]
    BreakerOpen,
    /// Calls failed too often until a moment ago.
    #[error("calls failed too often until a moment ago; its breaker lets few through at once yet")]
    BreakerSlowStart,
    /// The operator opened the breaker.
    #[error("its breaker was opened by the operator")]
    BreakerForced,
    /// It answered 429, or 503, with `retry-after`: it is not called for that time.
    #[error("it asked not to be called for {}ms more (retry-after)", left.as_millis())]
    Held {
        /// The rest of that time.
        left: Duration,
    },
    /// There is no token for it.
    #[error("the host has no credentials for it at present")]
    NoCredentials,
}

/// A failure of the guest's side, simulated by a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Scripted {
    /// As if the operator had not granted the call.
    #[error("not granted to this BFF; granted are: none")]
    Denied,
    /// As if the request had used up its calls.
    #[error("the request has used up its 0 calls")]
    Exhausted,
}

impl Cause {
    /// Whether any part of the call may have reached the service. `false` makes a repetition safe.
    pub fn sent(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Overloaded { .. }
            | Self::OverRate { .. }
            | Self::Shed { .. }
            | Self::Rejected { .. }
            | Self::Scripted(_) => false,
            Self::Interrupted { sent, .. } | Self::Host { sent, .. } => *sent,
            Self::Timeout { phase, .. } => match phase {
                Phase::Queue | Phase::Credentials | Phase::Connect => false,
                Phase::FirstByte | Phase::Body => true,
            },
            Self::TooLarge { .. } | Self::HeadTooLarge { .. } | Self::Malformed { .. } => true,
        }
    }
}
