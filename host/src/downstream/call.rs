//! A call as it enters a service, its limits, and how it ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::class::{CallClass, Effect};
use super::error::Cause;
use super::policy::bulkhead::Member;
use super::policy::gate::Gate;
use super::request::ServiceRequest;
use super::response::ServiceResponse;
use super::trace::Trace;
use crate::config::{Policy, Profile};

/// Whether the caller can read a response.
pub type Readable = Arc<dyn Fn(&ServiceResponse) -> bool + Send + Sync>;

/// A call to a service: legal, granted and within the budget of its request.
#[derive(Clone)]
pub struct CallRequest {
    /// The request.
    pub request: ServiceRequest,
    /// Its class under the service's settings.
    pub class: CallClass,
    /// The calling BFF.
    pub member: Arc<Member>,
    /// The limit on all calls.
    pub gate: Arc<Gate>,
    /// The worker whose connections are used.
    pub worker: usize,
    /// When the guest made the call.
    pub started: Instant,
    /// When it must have its answer.
    pub end: Instant,
    /// The limits in force.
    pub limits: Limits,
    /// Which responses may be stored; `None` for all. An unreadable one must not replace a readable
    /// one.
    pub readable: Option<Readable>,
    /// Whether its end says something of the service to the breaker: not that of a version which no
    /// client gets.
    pub counts: bool,
}

impl CallRequest {
    /// The body, where it is part of the key: calls with another one are other calls.
    pub fn query(&self) -> Option<&[u8]> {
        (self.class.effect == Effect::Query).then_some(&*self.request.body)
    }

    /// Until when it may wait in the service's queue.
    pub fn end_of_queue(&self) -> Instant {
        self.end.min(self.started + self.limits.queue)
    }
}

/// The limits of one call: those of the service or its rule, of the profile that the guest named,
/// and of the call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// For the whole call.
    pub total: Duration,
    /// From the request sent to the head of the response.
    pub first_byte: Duration,
    /// For waiting in the service's queue.
    pub queue: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Whether slow attempts are hedged.
    pub hedge: bool,
    /// Whether the call is optional: among the first to be refused under load.
    pub optional: bool,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct CallOutcome<T = ServiceResponse> {
    /// The response or what was read of it, or why there is none. A cause is shared by all callers
    /// of a coalesced call.
    pub result: Result<T, Arc<Cause>>,
    /// The trace of the call.
    pub trace: Trace,
}

impl CallOutcome {
    /// A call that failed before anything happened.
    pub fn failed(cause: Cause) -> Self {
        Self {
            result: Err(Arc::new(cause)),
            trace: Trace::default(),
        }
    }
}

impl Limits {
    /// The limits in force for a call. A profile of the operator may extend those of the service or
    /// its rule; a guest may only shorten them.
    pub fn of(policy: &Policy, profile: Option<&Profile>, timeout_ms: Option<u32>) -> Self {
        let nothing = Profile::default();
        let profile = profile.unwrap_or(&nothing);
        let total = profile.timeout.unwrap_or(policy.timeouts.total);
        let shorter = timeout_ms.map_or(total, |ms| Duration::from_millis(ms.into()));
        Self {
            total: total.min(shorter),
            first_byte: profile
                .first_byte_timeout
                .unwrap_or(policy.timeouts.first_byte),
            queue: profile.queue_timeout.unwrap_or(policy.timeouts.queue),
            retries: profile.retries.unwrap_or(policy.retry.max),
            hedge: profile.hedge.unwrap_or(policy.hedge.is_some()),
            optional: profile.optional.unwrap_or(false),
        }
    }

    /// The limits that must be equal for two calls to be coalesced.
    pub fn kind(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.first_byte, self.queue, self.retries, self.hedge).hash(&mut hasher);
        hasher.finish()
    }
}
