//! What a terminal shows: builds, requests with their calls, and what went wrong.

use std::net::SocketAddr;
use std::time::Duration;

use tailor::development::GuestUsage;
use tailor::suite::Change;
use tracing::Level;

use super::place::Excerpt;

/// Something to show.
pub(super) enum Event {
    Serving {
        address: SocketAddr,
        routes: Vec<Route>,
    },
    Built {
        bff: String,
        size: u64,
        fresh: bool,
        took: Duration,
    },
    BuildFailed {
        bff: String,
        took: Duration,
        /// Whether there is a component of an earlier build.
        has_last: bool,
    },
    /// What compilers say, as it comes.
    Said(String),
    /// Its types are wrong; what was built serves.
    WrongTypes(String),
    /// They were wrong, and are right again.
    RightTypes(String),
    Live {
        bff: String,
        /// `None` when it is the one that served before.
        version: Option<String>,
        /// From the save.
        took: Duration,
    },
    Reloaded {
        needs_restart: Vec<&'static str>,
    },
    Request(Box<Finished>),
    Note(Note),
    Problem(String),
}

/// A request that has ended.
pub(super) struct Finished {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) status: u16,
    pub(super) outcome: String,
    pub(super) took: Duration,
    pub(super) bytes_in: usize,
    pub(super) bytes_out: usize,
    pub(super) usage: Option<GuestUsage>,
    pub(super) calls: Vec<Call>,
    /// How its cost differs from that of the last one like it.
    pub(super) changes: Vec<Change>,
    /// The fixture that has this request.
    pub(super) fixture: Option<String>,
    /// What to do about calls without an answer and lines that are missing.
    pub(super) hints: Vec<String>,
    pub(super) notes: Vec<Note>,
    pub(super) excerpt: Option<Excerpt>,
}

/// A call of a request.
pub(super) struct Call {
    pub(super) service: String,
    /// Method, path and query.
    pub(super) target: String,
    /// The status, or the kind of failure.
    pub(super) outcome: String,
    pub(super) failed: bool,
    /// From the request's begin.
    pub(super) from: Duration,
    pub(super) took: Duration,
    /// Bytes of the answers' bodies.
    pub(super) bytes: usize,
    /// Bytes of the calls' own bodies.
    pub(super) sent: usize,
    /// How many calls with this outcome.
    pub(super) times: u32,
}

/// A line about a request: the BFF's own, or the host's about its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) level: Level,
    pub(super) text: String,
    /// Further lines that belong to it, such as a stack.
    pub(super) more: Vec<String>,
}

/// A route, and a request that it leads to a BFF.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) bff: String,
    /// Path and query of a request.
    pub(super) example: String,
    /// Header fields that the route asks for.
    pub(super) headers: Vec<(String, String)>,
}
