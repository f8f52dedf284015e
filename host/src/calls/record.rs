//! The calls of a request as they went: for the access log, for the headers that inform a client of
//! what is missing and where the time went, and for commands that run a BFF for its author. Holds no
//! header, and in production no path: these can be personal.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use tokio::time::Instant;

use super::error::kind_name;
use crate::config;
use crate::contract::{Call, FailureKind};
use crate::degraded::{Degradation, Part};
use crate::downstream::status::degraded_reason;
use crate::downstream::{Source, Trace};
use crate::path::MAX_LENGTH;
use crate::query::push_parameter;
use crate::server_timing::{self, CallTiming, Timing};
use crate::text::{excerpt, shorten};

/// Records of one request from which on calls with equal outcomes are merged.
const MAX_RECORDS: usize = 128;
/// Records of one request. A guest's text can make any number of distinct ones: those past this
/// have one record for each outcome.
const MOST_RECORDS: usize = 2 * MAX_RECORDS;
/// The service of these.
const OTHERS: &str = "*";

/// What clients are told in place of what is no name of a service.
const ELSEWHERE: &str = "elsewhere";
/// Bytes of a path that are shown.
const MAX_SHOWN: usize = 1 << 10;

/// One call, or several with an equal outcome: a hostile guest makes very many.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// The called service.
    pub service: Arc<str>,
    /// What was asked of it, where the session keeps that: it can be personal.
    pub target: Option<Box<Target>>,
    /// When the guest made it.
    pub started: Instant,
    /// The status of the reply, or the kind of failure.
    pub outcome: Result<u16, &'static str>,
    /// From the guest's call to its result.
    pub took: Duration,
    /// Bytes of the answers' bodies.
    pub bytes: usize,
    /// Bytes of the calls' own bodies.
    pub sent: usize,
    /// The number of these calls. The times are those of the first.
    pub calls: u32,
    /// The trace of the call.
    pub trace: Trace,
}

/// What a call asks of its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The method.
    pub method: Method,
    /// Path and query as they are sent; as the guest has them where the call ended before that.
    pub path: String,
    /// Whether the guest picks values out of the answer.
    pub picks: bool,
}

impl Target {
    /// What a call asks: path and query as far as they could be sent.
    pub fn of(call: &Call) -> Self {
        let mut path = shorten(&call.path, MAX_LENGTH).to_owned();
        for (index, (name, value)) in call.query.iter().enumerate() {
            if path.len() + name.len() + value.len() > MAX_LENGTH {
                break;
            }
            push_parameter(&mut path, if index == 0 { "?" } else { "&" }, name, value);
        }
        Self {
            method: call.method.into(),
            path,
            picks: !call.select.is_empty(),
        }
    }
}

/// `GET /users/ada`, to be shown: a guest chose it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, excerpt(&self.path, MAX_SHOWN))
    }
}

impl CallRecord {
    /// Whether it is a call past the budget of its request. These all have equal outcomes.
    pub fn is_exhausted(&self) -> bool {
        self.outcome == Err(kind_name(FailureKind::Exhausted))
    }

    /// Adds this one to the records of its request, or merges it into one with an equal outcome.
    pub(super) fn add_to(mut self, records: &mut Vec<Self>) {
        let few = records.len() < MAX_RECORDS;
        if (!few || self.is_exhausted())
            && let Some(alike) = records.iter_mut().find(|record| record.is_like(&self))
        {
            alike.calls = alike.calls.saturating_add(self.calls);
            alike.bytes = alike.bytes.saturating_add(self.bytes);
            alike.sent = alike.sent.saturating_add(self.sent);
            alike.trace.age = alike.trace.age.max(self.trace.age);
        } else if records.len() < MOST_RECORDS || &*self.service == OTHERS {
            records.push(self);
        } else {
            self.service = OTHERS.into();
            self.target = None;
            self.add_to(records);
        }
    }

    /// Whether both are equal for log and client.
    fn is_like(&self, other: &Self) -> bool {
        let outcome = match (self.outcome, other.outcome) {
            (Ok(one), Ok(other)) => degraded_reason(one) == degraded_reason(other),
            (one, other) => one == other,
        };
        outcome && self.trace.source == other.trace.source && self.service == other.service
    }

    /// What its BFF got instead of a live answer; `None` for a live one.
    fn lack(&self) -> Option<Part<'_>> {
        let what = match (self.trace.source, self.outcome) {
            (_, Err(kind)) => Degradation::Failed(kind),
            (Source::Stale, _) => Degradation::Stale {
                age: self.trace.age,
            },
            (Source::Fallback, _) => Degradation::Fallback,
            (_, Ok(status)) => Degradation::Failed(degraded_reason(status)?),
        };
        Some(Part {
            service: self.place(),
            what,
            calls: self.calls,
        })
    }

    /// The service, as clients are told. What is no name of one came from a guest, such as a place
    /// on the network, and is none of theirs.
    fn place(&self) -> &str {
        match config::is_name(&self.service) {
            true => &self.service,
            false => ELSEWHERE,
        }
    }

    fn timing(&self) -> CallTiming<'_> {
        let outcome = match (self.outcome, self.trace.source) {
            (Err(kind), _) => kind,
            (Ok(_), Source::Live) if self.trace.coalesced => "coalesced",
            (Ok(_), Source::Live) => "live",
            (Ok(_), Source::Cached) => "cached",
            (Ok(_), Source::Stale) => "stale",
            (Ok(_), Source::Fallback) => "fallback",
        };
        CallTiming {
            service: self.place(),
            outcome,
            total: self.took,
            queue: self.trace.queued,
            connect: self.trace.connect,
            first_byte: self.trace.first_byte,
            body: self.trace.body,
        }
    }
}

/// The degraded parts of an answer.
pub fn parts(calls: &[CallRecord]) -> Vec<Part<'_>> {
    calls.iter().filter_map(CallRecord::lack).collect()
}

/// The value of `server-timing` for an answer.
pub fn server_timing(
    calls: &[CallRecord],
    guest_cpu: Duration,
    total: Duration,
) -> Option<HeaderValue> {
    let calls: Vec<CallTiming<'_>> = calls.iter().map(CallRecord::timing).collect();
    server_timing::value(&Timing {
        calls: &calls,
        guest_cpu,
        total,
    })
}
