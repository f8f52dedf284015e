//! How a call is made: the same for all calls of a service, except those that a rule selects. A
//! rule is resolved when the file is read, with the service's values for what it leaves out.

use std::time::Duration;

use http::{Method, StatusCode};

use super::CallPattern;
use super::bulkhead::Rate;

/// How a call is made. The parts are in the order in which a call meets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For how long answers are used again; `None` neither looks for nor stores any.
    pub cache: Option<CacheTimes>,
    /// Whether concurrent equal calls are coalesced.
    pub coalesce: bool,
    /// For how long equal calls are not coalesced after a response that could not be shared.
    pub coalesce_pause: Duration,
    /// When calls are rejected because they would fail; `None` never does.
    pub breaker: Option<Breaker>,
    /// The limits of time.
    pub timeouts: Timeouts,
    /// When a call is repeated.
    pub retry: Retry,
    /// Whether and when a slow call is hedged; `None` never.
    pub hedge: Option<Hedge>,
}

/// How the calls of a pattern are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// These calls.
    pub pattern: CallPattern,
    /// How they are made: by the rule, and for the rest by the service.
    pub policy: Policy,
    /// Whether the rule says anything of a breaker: then its calls count there, and not for the
    /// service's.
    pub own_breaker: bool,
    /// Whether the rule says anything of hedges: then they wait for a percentile of its own calls.
    pub own_hedge: bool,
    /// The rate limit of these calls, within the service's; `None` for none of their own.
    pub rate: Option<Rate>,
}

/// For how long answers are used (RFC 9111 section 4.2, RFC 5861).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheTimes {
    /// For how long an answer is fresh that says nothing about it; `None` does not store such an
    /// answer.
    pub ttl: Option<Duration>,
    /// The same for an answer with a status of 400 and more.
    pub negative_ttl: Option<Duration>,
    /// For how long after that an answer is used while a new one is fetched, where the answer does
    /// not say.
    pub stale_while_revalidate: Duration,
    /// For how long after that an answer is used when the service gives none, where the answer does
    /// not say.
    pub stale_if_error: Duration,
}

/// When calls are rejected because they would fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// The length of the window.
    pub window: Duration,
    /// Calls within it below which nothing is judged.
    pub min_calls: u32,
    /// Failed calls at which the breaker opens, percent.
    pub error_rate: u32,
    /// Slow calls at which it opens, percent.
    pub slow_rate: u32,
    /// From when on a call is slow.
    pub slow_call: Duration,
    /// How long it stays open before one call probes the service; up to a fifth is added at random.
    pub open_for: Duration,
    /// For how long after a good probe the calls at once may only grow step by step.
    pub slow_start: Duration,
}

/// The limits of time of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To get a connection: name, TCP, TLS.
    pub connect: Duration,
    /// From the request sent to the response head.
    pub first_byte: Duration,
    /// Between two parts of a body.
    pub between_bytes: Duration,
    /// To wait for the calls that are under way.
    pub queue: Duration,
    /// For the whole call: queue, all attempts, body.
    pub total: Duration,
}

/// When a call is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts after the first.
    pub max: u32,
    /// The longest wait before the first of them; it doubles each time, and what is waited is drawn
    /// from 0 to that.
    pub backoff: Duration,
    /// The longest wait of all.
    pub max_backoff: Duration,
    /// Methods whose calls are repeated although something was sent. GET includes HEAD.
    pub methods: Vec<Method>,
    /// Statuses that are repeated, with one of these methods.
    pub statuses: Vec<StatusCode>,
    /// Further attempts, hedges included, that the calls of a BFF may cause, in percent of these; 0
    /// allows none.
    pub budget: u32,
    /// Further attempts per second that a BFF may make in any case.
    pub min_per_second: u32,
}

/// When a slow GET is hedged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedge {
    /// After the time in which this share of calls is answered, percent.
    pub percentile: u32,
    /// But never sooner than this.
    pub min_delay: Duration,
}

/// Other limits for a call, which a BFF picks by name. What is `None` is as the service or its rule
/// has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// See [`Timeouts::total`].
    pub timeout: Option<Duration>,
    /// See [`Timeouts::first_byte`].
    pub first_byte_timeout: Option<Duration>,
    /// See [`Timeouts::queue`].
    pub queue_timeout: Option<Duration>,
    /// See [`Retry::max`].
    pub retries: Option<u32>,
    /// Whether calls are hedged; where the service has no settings for it, the defaults hold.
    pub hedge: Option<bool>,
    /// Whether a call with this profile is optional: refused first when the host has too many under
    /// way.
    pub optional: Option<bool>,
}
