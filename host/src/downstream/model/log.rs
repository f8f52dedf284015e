//! The events of a run, in order: calls, their outcomes, and the requests that reached the service.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::downstream::error::{Phase, TimeLimit};
use crate::downstream::policy::breaker::Position;
use crate::downstream::trace::Source;

/// A position in the order of events. It orders events at the same time.
pub type Sequence = u64;

/// All events.
#[derive(Default)]
pub struct Log {
    pub calls: Vec<Call>,
    pub requests: Vec<Request>,
    pub dials: Vec<Dial>,
    /// The observed states of the breaker, after each possible change.
    pub breaker: Vec<(Instant, Position)>,
    /// The operator's invalidations.
    pub forgotten: Vec<Sequence>,
    /// The first broken rule of a step that is judged when it is made.
    pub broken: Option<Broken>,
    places: Sequence,
}

/// A broken rule, and the evidence.
#[derive(Clone, Debug)]
pub struct Broken {
    pub rule: &'static str,
    pub what: String,
}

/// The caller and the target of a call, as far as a service sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTarget {
    pub path: usize,
    /// The identity; 0 for none.
    pub who: usize,
    pub language: usize,
    pub write: bool,
}

/// A call of a caller.
#[derive(Debug)]
pub struct Call {
    pub asked: CallTarget,
    pub bff: usize,
    pub started: (Sequence, Instant),
    /// When it must have its answer.
    pub end: Instant,
    /// Until when it may wait in the queue.
    pub end_of_queue: Instant,
    pub ended: Option<(Sequence, Instant, Ended)>,
}

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An answer of the service, by its number; from there.
    Answer(usize, u16, Source),
    /// A time limit passed.
    Late(Phase, TimeLimit),
    /// The breaker is open, or lets few calls through yet.
    Rejected,
    /// Another failure.
    Failed(String),
    /// The caller hung up.
    HungUp,
}

/// The caching fields of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Silent,
    Private,
    NoStore,
    /// With a `set-cookie`.
    Cookie,
    /// All callers, for this time, seconds.
    Fresh(u64),
    /// All callers with the same language, for this time, seconds.
    Varied(u64),
}

/// A request as it came to the service. Its answer has the same number.
#[derive(Debug)]
pub struct Request {
    /// Of which call.
    pub call: usize,
    pub asked: CallTarget,
    pub endpoint: usize,
    pub came: (Sequence, Instant),
    pub kind: Kind,
    /// Whether it was answered that it did nothing.
    pub refused: bool,
    /// The status, and when it was answered.
    pub answered: Option<(Sequence, Instant, u16)>,
    /// When the service was done with it, or saw that the caller was gone.
    pub left: Option<Instant>,
    /// Whether the service never answers, or breaks the connection.
    pub lost: bool,
}

/// An attempt to open a connection.
#[derive(Debug)]
pub struct Dial {
    pub endpoint: usize,
    pub at: Instant,
    /// Whether it was refused, or left without an answer.
    pub failed: bool,
    /// Connections to the endpoint that were open then.
    pub open: usize,
    /// Calls that were under way then.
    pub under_way: usize,
    pub closed: bool,
}

impl Log {
    /// The position of the next event.
    pub fn now(&mut self) -> (Sequence, Instant) {
        self.places += 1;
        (self.places, Instant::now())
    }

    /// A call begins; returns its number.
    pub fn begins(
        &mut self,
        asked: CallTarget,
        bff: usize,
        total: Duration,
        queue: Duration,
    ) -> usize {
        let started = self.now();
        let end = started.1 + total;
        self.calls.push(Call {
            asked,
            bff,
            started,
            end,
            end_of_queue: end.min(started.1 + queue),
            ended: None,
        });
        self.calls.len() - 1
    }

    /// A call ended.
    pub fn ended(&mut self, call: usize, got: Ended) {
        let (place, at) = self.now();
        self.calls[call].ended = Some((place, at, got));
    }

    /// The whole answer to a request is sent.
    pub fn answers(&mut self, number: usize, status: u16) {
        let (place, at) = self.now();
        let request = &mut self.requests[number];
        request.answered = Some((place, at, status));
        request.refused = status == 404;
        if status != 200 {
            // It is never reported then.
            request.kind = Kind::Silent;
        }
    }

    /// The operator invalidates all stored answers.
    pub fn forgets(&mut self) {
        let (place, _) = self.now();
        self.forgotten.push(place);
    }

    /// Opens a connection; returns its number.
    pub fn dials(&mut self, endpoint: usize, failed: bool) -> usize {
        let here = |dial: &&Dial| dial.endpoint == endpoint && !dial.failed && !dial.closed;
        self.dials.push(Dial {
            endpoint,
            at: Instant::now(),
            failed,
            open: self.dials.iter().filter(here).count(),
            under_way: self
                .calls
                .iter()
                .filter(|call| call.ended.is_none())
                .count(),
            closed: false,
        });
        self.dials.len() - 1
    }

    /// Records the state of the breaker.
    pub fn sees(&mut self, position: Position) {
        if self
            .breaker
            .last()
            .is_none_or(|(_, last)| *last != position)
        {
            self.breaker.push((Instant::now(), position));
        }
    }

    /// Records a broken rule. The first one counts.
    pub fn breaks(&mut self, rule: &'static str, what: String) {
        self.broken.get_or_insert(Broken { rule, what });
    }
}

/// One event a line, in their order, each with the milliseconds since the first one.
impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        let Some(first) = self.calls.first().map(|call| call.started.1) else {
            return Ok(());
        };
        let since = |at: Instant| at.saturating_duration_since(first).as_millis();
        for (number, call) in self.calls.iter().enumerate() {
            let (asked, end) = (call.asked, since(call.end));
            let text = format!("call {number} of BFF {} until {end}: {asked:?}", call.bff);
            lines.push((call.started, text));
            if let Some((place, at, got)) = &call.ended {
                lines.push(((*place, *at), format!("call {number} got {got:?}")));
            }
        }
        for (number, request) in self.requests.iter().enumerate() {
            let Request {
                call,
                endpoint,
                kind,
                ..
            } = request;
            let text = format!("request {number} of call {call} at endpoint {endpoint}: {kind:?}");
            lines.push((request.came, text));
            if let Some((place, at, status)) = request.answered {
                lines.push((
                    (place, at),
                    format!("request {number} is answered {status}"),
                ));
            }
        }
        lines.sort_by_key(|((place, _), _)| *place);
        for ((_, at), text) in lines {
            writeln!(f, "{:6} ms  {text}", since(at))?;
        }
        for (at, position) in &self.breaker {
            writeln!(f, "{:6} ms  the breaker is {position:?}", since(*at))?;
        }
        Ok(())
    }
}
