//! What a host for development has and one in production has not: services that are answered in
//! process, and an observer of requests. Both see paths and queries, which can be personal.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::bff::error::BffError;
use crate::calls::CallRecord;
use crate::contract::Request;
use crate::downstream::Canned;

/// The parts of a host for development.
#[derive(Clone)]
pub struct Development {
    /// Is told of each request.
    pub observer: Arc<dyn Observer>,
    /// Answers services in process.
    pub stand_ins: StandIns,
}

/// What answers the service of this name in place of the network; `None` for one that is called.
pub type StandIns = Arc<dyn Fn(&str) -> Option<Canned> + Send + Sync>;

/// Is told of each request, on the thread that serves it: it must not block.
pub trait Observer: Send + Sync {
    /// A BFF is about to answer a request.
    fn begun(&self, request: &Request);

    /// A request has ended, also one whose client went.
    fn ended(&self, request: &EndedRequest<'_>);

    /// The page that a browser gets in place of a problem document; `None` for the document.
    fn page(&self, failure: &Failure<'_>) -> Option<String>;
}

/// A request that has ended.
pub struct EndedRequest<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path and query.
    pub target: &'a str,
    /// The BFF that was chosen, and its version.
    pub bff: Option<(&'a str, &'a str)>,
    /// The status of the answer; 499 when the client went.
    pub status: u16,
    /// As in the log: `2xx`, or the code of a problem.
    pub outcome: &'a str,
    /// When it began.
    pub started: Instant,
    /// How long it took.
    pub took: Duration,
    /// Bytes of its body.
    pub bytes_in: usize,
    /// Bytes of the answer's body.
    pub bytes_out: usize,
    /// What the guest used, if it ran.
    pub usage: Option<GuestUsage>,
    /// Lines of its log past the limit.
    pub log_dropped: u32,
    /// Its calls, in the order in which they ended.
    pub calls: &'a [CallRecord],
}

/// What a guest used.
#[derive(Clone, Copy, Debug)]
pub struct GuestUsage {
    /// CPU time, the host's work for it included.
    pub cpu: Duration,
    /// Linear memory, bytes.
    pub memory: usize,
    /// The limit of CPU time.
    pub cpu_limit: Duration,
    /// The limit of memory, bytes.
    pub memory_limit: usize,
    /// The limit of calls.
    pub calls_limit: u32,
    /// The limit of the bytes of their bodies and of those of their answers.
    pub bytes_limit: usize,
}

/// A request that its BFF did not answer.
pub struct Failure<'a> {
    /// The request's id.
    pub id: &'a str,
    /// The BFF.
    pub bff: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The code of the problem.
    pub code: &'static str,
    /// What that code says to people.
    pub title: &'static str,
    /// Why; `None` when there is no version of the BFF.
    pub error: Option<&'a BffError>,
}
