//! What a host keeps of requests that may be recorded, and what waits to be taken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::error::{NotRecorded, Outcome};
use super::inputs::Source;
use super::record;
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::fixture::{Place, Redaction};
use crate::tape::{Recorder, Tap, TooMuch};

/// Time after which nobody wants what was not taken.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// Requests and texts that wait, of each at most.
pub(super) const MAX_WAITING: usize = 1000;
/// Bytes of texts in one answer, unless a single one is larger.
const MAX_TAKEN: usize = 1 << 20;

/// Which requests are sampled, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Tells those apart who ask.
    pub session: String,
    /// The BFF; all without.
    pub bff: Option<String>,
    /// Of how many requests one is taken; 0 takes none.
    pub one_in: u32,
    /// Only those that failed: no answer of the BFF, or one with a status of 500 or above.
    pub failed: bool,
}

/// A text that was made, or why there is none.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Taken {
    /// The request's id.
    pub id: String,
    /// Its BFF.
    pub bff: String,
    /// The status or the code of its answer.
    pub outcome: String,
    /// The fixture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixture: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A request that may be recorded, while it runs.
pub struct Capture {
    /// Keeps what its guest learns.
    pub tap: Arc<Tap>,
    pub(super) request: Request,
    pub(super) settings: Arc<config::Record>,
}

/// A request that has ended.
pub struct Ended {
    /// Its version.
    pub version: Arc<Version>,
    /// The status of its answer, or the code of a problem: what logs say.
    pub code: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it failed.
    pub failed: bool,
}

/// One that is kept.
pub(super) struct Kept {
    pub(super) capture: Capture,
    pub(super) ended: Ended,
    pub(super) size: usize,
}

/// One whose text is to be made.
pub(super) struct Queued {
    pub(super) kept: Arc<Kept>,
    /// For whom.
    pub(super) session: String,
    /// Bytes that it adds; none for one that is kept besides.
    pub(super) size: usize,
}

/// A text that waits for whom it was made.
pub(super) struct Ready {
    pub(super) taken: Taken,
    pub(super) session: String,
    pub(super) until: Instant,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) order: Option<(Order, Instant)>,
    /// Of those that the order is about.
    pub(super) seen: u32,
    /// Those that can be asked for.
    pub(super) kept: VecDeque<Arc<Kept>>,
    pub(super) queue: VecDeque<Queued>,
    pub(super) ready: VecDeque<Ready>,
    /// Bytes of all these.
    pub(super) size: usize,
    /// Requests that there was no room for.
    pub(super) dropped: u64,
}

impl State {
    /// Whether someone still takes samples.
    pub(super) fn is_leased(&mut self) -> bool {
        let is_over = self
            .order
            .as_ref()
            .is_some_and(|(_, until)| *until <= Instant::now());
        if is_over {
            self.end_order();
        }
        self.order.is_some()
    }

    /// For whom a sample of this one is wanted.
    pub(super) fn wants(&mut self, ended: &Ended) -> Option<String> {
        let (order, _) = self.order.as_ref()?;
        let bff = &**ended.version.bff();
        let is_other = order.bff.as_deref().is_some_and(|name| name != bff);
        if is_other || (order.failed && !ended.failed) {
            return None;
        }
        let is_one = self.seen.is_multiple_of(order.one_in);
        let session = order.session.clone();
        self.seen = self.seen.wrapping_add(1);
        is_one.then_some(session)
    }

    /// Drops what was kept until there is room.
    pub(super) fn make_room(&mut self, size: usize, limit: usize) -> bool {
        while self.size.saturating_add(size) > limit {
            if self.kept.is_empty() {
                return false;
            }
            self.drop_oldest();
        }
        true
    }

    pub(super) fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.forget(oldest.size);
        }
    }

    pub(super) fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    pub(super) fn forget(&mut self, size: usize) {
        self.size = self.size.saturating_sub(size);
    }

    /// Forgets texts that nobody took.
    pub(super) fn forget_old(&mut self) {
        let now = Instant::now();
        self.keep_ready(|ready| ready.until > now);
    }

    pub(super) fn keep_ready(&mut self, is_kept: impl Fn(&Ready) -> bool) {
        let mut size = 0;
        self.ready.retain(|ready| {
            let is_kept = is_kept(ready);
            size += if is_kept { 0 } else { ready.taken.size() };
            is_kept
        });
        self.forget(size);
    }

    /// The texts for one session, as many as one answer has.
    pub(super) fn take_ready(&mut self, session: &str) -> (Vec<Taken>, u64) {
        let (mut taken, mut size) = (Vec::new(), 0);
        let ready = std::mem::take(&mut self.ready);
        for ready in ready {
            if ready.session == session && (size < MAX_TAKEN || taken.is_empty()) {
                size += ready.taken.size();
                taken.push(ready.taken);
            } else {
                self.ready.push_back(ready);
            }
        }
        self.forget(size);
        (taken, std::mem::take(&mut self.dropped))
    }

    /// Drops the order, with what was made and is still to be made for it.
    pub(super) fn end_order(&mut self) {
        let Some((order, _)) = self.order.take() else {
            return;
        };
        self.seen = 0;
        let queue = std::mem::take(&mut self.queue);
        let (own, others): (Vec<Queued>, Vec<Queued>) = queue
            .into_iter()
            .partition(|queued| queued.session == order.session);
        self.queue = others.into();
        self.forget(own.iter().map(|queued| queued.size).sum());
        self.keep_ready(|ready| ready.session != order.session);
    }
}

impl Taken {
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.fixture.as_ref().map_or(0, String::len)
    }
}

impl Capture {
    /// Bytes that it holds.
    pub(super) fn size(&self) -> usize {
        let request = &self.request;
        let pairs = request.headers.iter().chain(&request.query);
        let pairs: usize = pairs.map(|(a, b)| a.len() + b.len()).sum();
        let tape = self.tap.recorder().map_or(0, Recorder::size);
        request.body.as_bytes().len() + request.path.len() + pairs + tape
    }
}

impl Kept {
    /// Makes its text.
    pub(super) async fn text(&self, runtime: &Runtime, settings: &config::Record) -> Taken {
        let made = Box::pin(self.make(runtime, settings)).await;
        let (fixture, refused) = match made {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Taken {
            id: self.capture.request.id.clone(),
            bff: self.ended.version.bff().to_string(),
            outcome: self.ended.code.clone(),
            fixture,
            refused,
        }
    }

    async fn make(
        &self,
        runtime: &Runtime,
        settings: &config::Record,
    ) -> Result<String, NotRecorded> {
        let Capture { tap, request, .. } = &self.capture;
        let limit = settings.max_size;
        let tape = tap.recorder().map(Recorder::tape).transpose()?;
        let tape = tape.filter(|_| self.size <= limit);
        let source = Source {
            request,
            tape: tape.ok_or(TooMuch { limit })?,
            loaded: self.ended.version.loaded(),
            settings: self.ended.version.settings(),
            redaction: &redaction(settings),
            text_bodies: settings.text_bodies,
            outcome: &self.ended.outcome,
        };
        record(runtime, source).await
    }
}

/// What is taken out.
fn redaction(settings: &config::Record) -> Redaction {
    Redaction {
        headers: settings.redact_headers.clone(),
        query: settings.redact_query.clone(),
        // The configuration has only those that are pointers.
        bodies: settings
            .redact
            .iter()
            .filter_map(|it| Place::parse(it).ok())
            .collect(),
    }
}
