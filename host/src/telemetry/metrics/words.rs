//! The closed sets of words that label how requests and calls end and what a service's policy does.

/// Classes of statuses, as labels.
pub(super) const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Kinds of failure of a call, as in the contract, and the one that no guest sees.
pub(super) const FAILURES: [&str; 11] = [
    "denied",
    "invalid",
    "exhausted",
    "timeout",
    "unreachable",
    "interrupted",
    "overloaded",
    "too-large",
    "malformed",
    "rejected",
    "cancelled",
];

/// The place of a status among [`STATUS_CLASSES`].
pub(super) fn class(status: u16) -> usize {
    usize::from((status / 100).clamp(1, 5) - 1)
}

/// How a request of a BFF ended, for metrics and the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The BFF's own answer, with its status.
    Answered(u16),
    /// An answer that the host made, with its code.
    Failed(&'static str),
    /// The client went before there was an answer.
    ClientGone,
}

impl Outcome {
    /// The word in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered(status) => STATUS_CLASSES[class(status)],
            Self::Failed(code) => code,
            Self::ClientGone => "client-gone",
        }
    }
}

/// Why a head is refused before it is a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no HTTP.
    Malformed,
    /// Its target is too long.
    Target,
    /// It has too many bytes or fields.
    Head,
}

impl Unreadable {
    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Target => 414,
            Self::Head => 431,
        }
    }
}

/// What a service's policy does, as labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Answered from the cache, fresh.
    CacheHit,
    /// Asked for, and not in the cache.
    CacheMiss,
    /// Answered from the cache, stale.
    Stale,
    /// Answered as the operator set for when all else fails.
    Fallback,
    /// Shared the call of another request.
    Coalesced,
    /// A further attempt after one that failed.
    Retry,
    /// A further attempt beside one that was slow.
    Hedge,
    /// Not sent: the breaker was open.
    BreakerOpen,
    /// Not sent: as many calls were waiting as may.
    QueueFull,
    /// Not sent: its turn did not come in time.
    QueueTimeout,
    /// Waited, or waited to be tried again, because of the rate or a hold.
    RateDelayed,
    /// Not sent: the rate let it through too late.
    RateExceeded,
    /// Not sent: the service had requested a pause longer than the call's time.
    Held,
    /// Not sent: the host had too many calls under way.
    Shed,
    /// Not sent: the same, for an optional call, which goes first.
    ShedOptional,
    /// Not sent: the host had no credentials.
    NoCredentials,
    /// Failed in the host itself, which is out of something.
    HostFailure,
    /// The service requested a pause, and calls are held back.
    Hold,
    /// The breaker opened.
    BreakerOpened,
    /// The breaker closed again.
    BreakerClosed,
}

/// All events, with their labels.
pub(super) const EVENTS: [(Event, &str); 20] = [
    (Event::CacheHit, "cache-hit"),
    (Event::CacheMiss, "cache-miss"),
    (Event::Stale, "stale"),
    (Event::Fallback, "fallback"),
    (Event::Coalesced, "coalesced"),
    (Event::Retry, "retry"),
    (Event::Hedge, "hedge"),
    (Event::BreakerOpen, "breaker-open"),
    (Event::QueueFull, "queue-full"),
    (Event::QueueTimeout, "queue-timeout"),
    (Event::RateDelayed, "rate-delayed"),
    (Event::RateExceeded, "rate-exceeded"),
    (Event::Held, "held"),
    (Event::Shed, "shed"),
    (Event::ShedOptional, "shed-optional"),
    (Event::NoCredentials, "no-credentials"),
    (Event::HostFailure, "host-failure"),
    (Event::Hold, "hold"),
    (Event::BreakerOpened, "breaker-opened"),
    (Event::BreakerClosed, "breaker-closed"),
];

// Counters are found by the place of their variant.
const _: () = {
    let mut place = 0;
    while place < EVENTS.len() {
        assert!(EVENTS[place].0 as usize == place);
        place += 1;
    }
};

/// Why the host ended a client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Too many frames of HTTP/2 that carry no part of a request.
    Frames,
    /// Too many streams of HTTP/2 that ended before their answers.
    Resets,
    /// It lay idle and another client needed its place.
    Room,
}

impl Cut {
    /// Its word in metrics and lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Resets => "resets",
            Self::Room => "room",
        }
    }
}
