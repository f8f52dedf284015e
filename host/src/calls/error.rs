//! Why a guest's call gave no reply: an error of the guest, or of the service.

use std::sync::Arc;

use thiserror::Error;

use super::select::SelectError;
use crate::contract::{Failure, FailureKind};
use crate::downstream::{Cause, Scripted};

/// A call without a reply, with the name of its service.
#[derive(Debug, Error)]
#[error("downstream {service:?}: {fault}")]
pub struct CallError {
    /// The service. A name that is not granted is a guest's text, and is cut.
    pub service: Arc<str>,
    /// What happened.
    pub fault: Fault,
}

/// What happened to a call.
#[derive(Debug, Error)]
pub enum Fault {
    /// The operator does not grant this service, or not this call of it, to this BFF.
    #[error("{0}")]
    Denied(String),
    /// The guest's call is not legal.
    #[error(transparent)]
    Invalid(#[from] InvalidCall),
    /// The request used up its calls.
    #[error("the request has used up its {limit} calls")]
    Exhausted {
        /// The number of calls that a request may make.
        limit: u32,
    },
    /// Bodies are larger together than a request may have.
    #[error("bodies are larger than the downstream-bytes of the request: {left} bytes were left")]
    Bytes {
        /// The bytes that were left.
        left: usize,
    },
    /// There is no response, or none that can be given to the guest.
    #[error("{cause}{}{}", shown(limit), shown_attempts(*attempts))]
    Service {
        /// The cause. Shared by all callers of a coalesced call.
        cause: Arc<Cause>,
        /// The limit that ended it, where that is the call's own.
        limit: Option<CallLimit>,
        /// Attempts that were made.
        attempts: u32,
    },
}

/// The origin of a call's total timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallLimit {
    /// The guest.
    Call,
    /// The profile that the guest named.
    Profile,
    /// The service's settings.
    Service,
    /// The request.
    Deadline,
}

impl CallLimit {
    /// Where it is set.
    fn name(self) -> &'static str {
        match self {
            Self::Call => "timeout-ms of the call",
            Self::Profile => "timeout of its profile",
            Self::Service => "timeout of the service",
            Self::Deadline => "deadline of the request",
        }
    }
}

fn shown(limit: &Option<CallLimit>) -> String {
    limit.map_or_else(String::new, |limit| format!(": {}", limit.name()))
}

/// Nothing for one attempt, which is the ordinary case.
fn shown_attempts(attempts: u32) -> String {
    match attempts {
        0 | 1 => String::new(),
        several => format!(" ({several} attempts)"),
    }
}

impl From<Cause> for Fault {
    fn from(cause: Cause) -> Self {
        Self::Service {
            cause: Arc::new(cause),
            limit: None,
            attempts: 0,
        }
    }
}

/// The rule that a guest's call broke.
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
    /// Not one of the methods of a call.
    #[error("method {method:?} is none that a call can have")]
    Method {
        /// As given, cut.
        method: String,
    },
    /// Not a legal query.
    #[error("query parameter {parameter:?} {why}")]
    Query {
        /// As given, cut.
        parameter: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The guest began a body and did not finish it, or not with the length that it had announced.
    #[error("the body of the call was not finished, or has another length than its content-length")]
    Unfinished,
    /// No such profile.
    #[error("profile {name:?} is not defined; defined are: {known}")]
    Profile {
        /// As given, cut.
        name: String,
        /// The defined names.
        known: String,
    },
    /// Not a legal `select`.
    #[error("select: {0}")]
    Select(#[from] SelectError),
    /// The result was taken before.
    #[error("the result of this exchange was taken already")]
    Waited,
}

impl Fault {
    /// Whether any part of the call may have reached the service. `false` makes a repetition safe.
    pub fn sent(&self) -> bool {
        match self {
            Self::Denied(_) | Self::Invalid(_) | Self::Exhausted { .. } => false,
            Self::Bytes { .. } => true,
            Self::Service { cause, .. } => cause.sent(),
        }
    }

    /// The kind that the guest sees.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Denied(_) => FailureKind::Denied,
            Self::Invalid(_) => FailureKind::Invalid,
            Self::Exhausted { .. } => FailureKind::Exhausted,
            Self::Bytes { .. } => FailureKind::TooLarge,
            Self::Service { cause, .. } => kind(cause),
        }
    }
}

fn kind(cause: &Cause) -> FailureKind {
    match cause {
        Cause::Timeout { .. } => FailureKind::Timeout,
        Cause::Unreachable { .. } => FailureKind::Unreachable,
        Cause::Interrupted { .. } => FailureKind::Interrupted,
        Cause::Host { sent: true, .. } => FailureKind::Interrupted,
        Cause::Overloaded { .. }
        | Cause::OverRate { .. }
        | Cause::Shed { .. }
        | Cause::Host { .. } => FailureKind::Overloaded,
        Cause::TooLarge { .. } | Cause::HeadTooLarge { .. } => FailureKind::TooLarge,
        Cause::Malformed { .. } => FailureKind::Malformed,
        Cause::Rejected { .. } => FailureKind::Rejected,
        Cause::Scripted(Scripted::Denied) => FailureKind::Denied,
        Cause::Scripted(Scripted::Exhausted) => FailureKind::Exhausted,
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self {
            kind: error.fault.kind(),
            sent: error.fault.sent(),
            detail: error.to_string(),
        }
    }
}

/// What became of a call that its guest gave up, or had under way when it answered. The contract has
/// no kind for it, as no guest sees it.
pub const CANCELLED: &str = "cancelled";

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
