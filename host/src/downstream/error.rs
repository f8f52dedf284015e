//! Why a downstream call gave no reply: what happened, and whether anything may have reached the service.

use std::time::Duration;

use thiserror::Error;

use crate::contract::{Failure, FailureKind};

/// A call without a reply. Messages hold no address and no secret: a guest reads them.
#[derive(Debug, Error)]
pub enum DownstreamError {
    /// The operator does not grant this service, or not this call of it, to this BFF.
    #[error("downstream {service:?}: {why}")]
    Denied {
        /// The name that the guest asked for, cut to a length that is safe to log.
        service: String,
        /// What is not granted, and what is.
        why: String,
    },
    /// The guest's call is not legal.
    #[error("downstream {service:?}: {source}")]
    Invalid {
        /// The service.
        service: String,
        /// The rule that it breaks.
        source: InvalidCall,
    },
    /// The request used up its calls.
    #[error("downstream {service:?}: the request has used up its {limit} calls")]
    Exhausted {
        /// The service.
        service: String,
        /// The number of calls a request may make.
        limit: u32,
    },
    /// A limit of time passed.
    #[error("downstream {service:?}: {phase} timed out after {}ms", after.as_millis())]
    Timeout {
        /// The service.
        service: String,
        /// What was waited for.
        phase: Phase,
        /// How long.
        after: Duration,
    },
    /// No connection.
    #[error("downstream {service:?}: no connection: {source}")]
    Unreachable {
        /// The service.
        service: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("downstream {service:?}: connection broke before the answer was complete: {source}")]
    Interrupted {
        /// The service.
        service: String,
        /// Whether a part of the request may have been sent.
        sent: bool,
        /// What broke.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too many calls wait.
    #[error("downstream {service:?}: {waiting} calls are waiting already")]
    Overloaded {
        /// The service.
        service: String,
        /// How many wait.
        waiting: usize,
    },
    /// The host has too many calls under way.
    #[error("downstream {service:?}: {limit} calls are under way in the host already")]
    Shed {
        /// The service.
        service: String,
        /// The limit in force.
        limit: usize,
    },
    /// The answer is too large.
    #[error("downstream {service:?}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// The service.
        service: String,
        /// The limit in force: the service's, or what was left of the request's.
        limit: usize,
    },
    /// Nothing was sent because it would have been of no use.
    #[error("downstream {service:?}: {why}")]
    Rejected {
        /// The service.
        service: String,
        /// The reason.
        why: Rejection,
    },
    /// The answer can't be understood.
    #[error("downstream {service:?}: {what}")]
    Malformed {
        /// The service.
        service: String,
        /// What is wrong with it.
        what: String,
    },
}

/// What a call was waiting for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its turn.
    Queue,
    /// What the host proves itself with.
    Credentials,
    /// A connection.
    Connect,
    /// The head of the answer.
    FirstByte,
    /// The rest of the answer.
    Body,
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

/// Why a call was not sent although it is legal and there was room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// Calls fail too often at present.
    #[error("calls fail too often at present; its breaker is open")]
    BreakerOpen,
    /// The operator shut the breaker off.
    #[error("its breaker was opened by the operator")]
    BreakerForced,
    /// There is no token to call it with.
    #[error("the host has no credentials for it at present")]
    NoCredentials,
}

/// The rule that a guest's call breaks.
#[derive(Debug, Error)]
pub enum InvalidCall {
    /// Not a path.
    #[error("path {path:?} {why}")]
    Path {
        /// As given, cut.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Not a legal header.
    #[error("header {name:?} {why}")]
    Header {
        /// As given, cut.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Too many or too large headers.
    #[error("headers are larger than {limit} bytes together")]
    HeadersTooLarge {
        /// The limit.
        limit: usize,
    },
    /// A body where there may be none.
    #[error("a {method} call may not have a body")]
    Body {
        /// The method.
        method: http::Method,
    },
    /// No such profile.
    #[error("profile {name:?} is not defined; defined are: {known}")]
    Profile {
        /// As given, cut.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Not a legal `select`.
    #[error("select: {0}")]
    Select(#[from] super::select::SelectError),
    /// The result was taken before.
    #[error("the result of this exchange was taken already")]
    Waited,
}

impl DownstreamError {
    /// Whether any part of the call may have reached the service. `false` makes a repetition safe.
    pub fn sent(&self) -> bool {
        match self {
            Self::Denied { .. }
            | Self::Invalid { .. }
            | Self::Exhausted { .. }
            | Self::Unreachable { .. }
            | Self::Overloaded { .. }
            | Self::Shed { .. }
            | Self::Rejected { .. } => false,
            Self::Interrupted { sent, .. } => *sent,
            Self::Timeout { phase, .. } => match phase {
                Phase::Queue | Phase::Credentials | Phase::Connect => false,
                Phase::FirstByte | Phase::Body => true,
            },
            Self::TooLarge { .. } | Self::Malformed { .. } => true,
        }
    }

    /// The kind that the guest sees.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Denied { .. } => FailureKind::Denied,
            Self::Invalid { .. } => FailureKind::Invalid,
            Self::Exhausted { .. } => FailureKind::Exhausted,
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::Unreachable { .. } => FailureKind::Unreachable,
            Self::Interrupted { .. } => FailureKind::Interrupted,
            Self::Overloaded { .. } | Self::Shed { .. } => FailureKind::Overloaded,
            Self::TooLarge { .. } => FailureKind::TooLarge,
            Self::Malformed { .. } => FailureKind::Malformed,
            Self::Rejected { .. } => FailureKind::Rejected,
        }
    }
}

impl From<&DownstreamError> for Failure {
    fn from(error: &DownstreamError) -> Self {
        Self {
            kind: error.kind(),
            sent: error.sent(),
            detail: error.to_string(),
        }
    }
}

/// The name of a kind in logs, metrics and fixtures: as in the WIT.
pub fn kind_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Denied => "denied",
        FailureKind::Invalid => "invalid",
        FailureKind::Exhausted => "exhausted",
        FailureKind::Timeout => "timeout",
        FailureKind::Unreachable => "unreachable",
        FailureKind::Interrupted => "interrupted",
        FailureKind::Overloaded => "overloaded",
        FailureKind::TooLarge => "too-large",
        FailureKind::Malformed => "malformed",
        FailureKind::Rejected => "rejected",
    }
}
