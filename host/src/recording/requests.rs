//! The requests of a running host that are recorded: which ones, what is kept of them, and the
//! texts that are taken away.
//!
//! A request that may be recorded has a recorder while it runs. When it ends, it is dropped, kept
//! for a while (so that it can be asked for by its id), or queued. One task makes the texts of those
//! that are queued, one by one. All of it is bounded, and what has no room is counted.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::{NotRecorded, Outcome, Source, record};
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::fixture::{Place, Redaction};
use crate::sync;
use crate::tape::{Recorder, Tap, TooMuch};

/// Time after which nobody wants what was not taken.
const LEASE: Duration = Duration::from_secs(10);
/// Requests and texts that wait, of each at most.
const MAX_WAITING: usize = 1000;
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

/// Why an order is not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// The operator does not want it.
    #[error("nothing is recorded: set record.enabled = true, and what is taken out")]
    Disabled,
    /// Someone else samples.
    #[error(
        "requests are being sampled for somebody else; try again when that has ended, or ask for one \
         by its id"
    )]
    Taken,
    /// No such request is kept.
    #[error(
        "request {id:?} is not kept: its BFF did not fail (record.keep-all keeps all), or it is too \
         long ago (record.keep), or too large (record.max-size)"
    )]
    NotKept {
        /// Its id.
        id: String,
    },
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
    request: Request,
    settings: Arc<config::Record>,
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
struct Kept {
    capture: Capture,
    ended: Ended,
    size: usize,
}

/// One whose text is to be made.
struct Queued {
    kept: Arc<Kept>,
    /// For whom.
    session: String,
    /// Bytes that it adds; none for one that is kept besides.
    size: usize,
}

/// A text that waits for whom it was made.
struct Ready {
    taken: Taken,
    session: String,
    until: Instant,
}

#[derive(Default)]
struct State {
    order: Option<(Order, Instant)>,
    /// Of those that the order is about.
    seen: u32,
    /// Those that can be asked for.
    kept: VecDeque<Arc<Kept>>,
    queue: VecDeque<Queued>,
    ready: VecDeque<Ready>,
    /// Bytes of all these.
    size: usize,
    /// Requests that there was no room for.
    dropped: u64,
}

/// The requests of a host that are recorded.
#[derive(Default)]
pub struct Recordings {
    state: Mutex<State>,
    /// Whether samples are wanted, so that requests need not look.
    sampling: AtomicBool,
    work: Notify,
}

impl Recordings {
    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// A request is about to run. `None` when it will not be recorded.
    pub fn begin(&self, settings: &Arc<config::Record>, request: &Request) -> Option<Capture> {
        let keeps = settings.keep > 0 || self.sampling.load(Ordering::Relaxed);
        (settings.enabled && keeps).then(|| Capture {
            tap: Arc::new(Tap::Recording(Recorder::new(settings.max_size))),
            request: request.clone(),
            settings: settings.clone(),
        })
    }

    /// It has ended.
    pub fn ended(&self, capture: Capture, ended: Ended) {
        let size = capture.size();
        let mut state = self.state();
        if !state.is_leased() {
            self.sampling.store(false, Ordering::Relaxed);
        }
        let session = state.wants(&ended);
        let keeps = capture.settings.keep > 0 && (ended.failed || capture.settings.keep_all);
        if session.is_none() && !keeps {
            return;
        }
        let (limit, most) = (capture.settings.max_total, capture.settings.keep);
        if !state.make_room(size, limit) {
            state.drop_one();
            return;
        }
        let kept = Arc::new(Kept {
            capture,
            ended,
            size,
        });
        if keeps {
            state.size += size;
            state.kept.push_back(kept.clone());
            while state.kept.len() > most {
                state.drop_oldest();
            }
        }
        if let Some(session) = session {
            let size = if keeps { 0 } else { size };
            if state.queue.len() >= MAX_WAITING {
                state.drop_one();
                return;
            }
            state.size += size;
            state.queue.push_back(Queued {
                kept,
                session,
                size,
            });
            drop(state);
            self.work.notify_one();
        }
    }

    /// Samples requests for someone who asks again within [`LEASE`], and gives what was made since.
    ///
    /// # Errors
    ///
    /// When nothing is recorded, or for somebody else.
    pub fn sample(
        &self,
        settings: &config::Record,
        order: Order,
    ) -> Result<(Vec<Taken>, u64), RecordError> {
        if !settings.enabled {
            return Err(RecordError::Disabled);
        }
        let mut state = self.state();
        let session = order.session.clone();
        if order.one_in > 0 {
            if state.is_leased()
                && let Some((other, _)) = &state.order
                && other.session != order.session
            {
                return Err(RecordError::Taken);
            }
            self.sampling.store(true, Ordering::Relaxed);
            state.order = Some((order, Instant::now() + LEASE));
        }
        Ok(state.take_ready(&session))
    }

    /// Ends what [`sample`](Self::sample) began, and gives what is left.
    pub fn end(&self, session: &str) -> (Vec<Taken>, u64) {
        let mut state = self.state();
        let left = state.take_ready(session);
        let is_own = |(order, _): &(Order, Instant)| order.session == session;
        if state.order.as_ref().is_some_and(is_own) {
            state.end_order();
            self.sampling.store(false, Ordering::Relaxed);
        }
        left
    }

    /// Makes the text of a request that is kept, for someone who takes it by
    /// [`sample`](Self::sample) within [`LEASE`]. It stays kept.
    ///
    /// # Errors
    ///
    /// When nothing is recorded, or when it is not kept.
    pub fn ask(
        &self,
        settings: &config::Record,
        session: &str,
        id: &str,
    ) -> Result<(), RecordError> {
        if !settings.enabled {
            return Err(RecordError::Disabled);
        }
        let mut state = self.state();
        // Ids are the clients' to choose, and the last one with it is meant.
        let kept = state.kept.iter().rfind(|it| it.capture.request.id == id);
        let kept = kept.cloned().filter(|_| state.queue.len() < MAX_WAITING);
        let kept = kept.ok_or_else(|| RecordError::NotKept { id: id.to_owned() })?;
        state.queue.push_back(Queued {
            kept,
            session: session.to_owned(),
            size: 0,
        });
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Makes the texts of requests that were queued, for ever, with what is taken out at that time.
    /// What needs a processor runs on a thread that may block.
    pub async fn work(
        &self,
        runtime: &Arc<Runtime>,
        settings: impl Fn() -> Arc<config::Record>,
    ) -> Infallible {
        loop {
            let next = self.state().queue.pop_front();
            let Some(Queued {
                kept,
                session,
                size,
            }) = next
            else {
                self.work.notified().await;
                continue;
            };
            let settings = settings();
            let limit = settings.max_total;
            let (handle, runtime) = (Handle::current(), runtime.clone());
            let making = settings.clone();
            let made = spawn_blocking(move || handle.block_on(kept.text(&runtime, &making))).await;
            let mut state = self.state();
            state.forget(size);
            state.forget_old();
            let Ok(taken) = made else {
                state.drop_one();
                continue;
            };
            let (size, until) = (taken.size(), Instant::now() + LEASE);
            if settings.enabled && state.ready.len() < MAX_WAITING && state.make_room(size, limit) {
                state.size += size;
                state.ready.push_back(Ready {
                    taken,
                    session,
                    until,
                });
            } else {
                state.drop_one();
            }
        }
    }

    /// Settings are in force. What was kept is dropped where nothing is recorded any more.
    pub fn apply(&self, settings: &config::Record) {
        if !settings.enabled {
            *self.state() = State::default();
            self.sampling.store(false, Ordering::Relaxed);
        }
    }
}

impl State {
    /// Whether someone still takes samples.
    fn is_leased(&mut self) -> bool {
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
    fn wants(&mut self, ended: &Ended) -> Option<String> {
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
    fn make_room(&mut self, size: usize, limit: usize) -> bool {
        while self.size.saturating_add(size) > limit {
            if self.kept.is_empty() {
                return false;
            }
            self.drop_oldest();
        }
        true
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.forget(oldest.size);
        }
    }

    fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    fn forget(&mut self, size: usize) {
        self.size = self.size.saturating_sub(size);
    }

    /// Forgets texts that nobody took.
    fn forget_old(&mut self) {
        let now = Instant::now();
        self.keep_ready(|ready| ready.until > now);
    }

    fn keep_ready(&mut self, is_kept: impl Fn(&Ready) -> bool) {
        let mut size = 0;
        self.ready.retain(|ready| {
            let is_kept = is_kept(ready);
            size += if is_kept { 0 } else { ready.taken.size() };
            is_kept
        });
        self.forget(size);
    }

    /// The texts for one session, as many as one answer has.
    fn take_ready(&mut self, session: &str) -> (Vec<Taken>, u64) {
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
    fn end_order(&mut self) {
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
    fn size(&self) -> usize {
        self.id.len() + self.fixture.as_ref().map_or(0, String::len)
    }
}

impl Capture {
    /// Bytes that it holds.
    fn size(&self) -> usize {
        let request = &self.request;
        let pairs = request.headers.iter().chain(&request.query);
        let pairs: usize = pairs.map(|(a, b)| a.len() + b.len()).sum();
        let tape = self.tap.recorder().map_or(0, Recorder::size);
        request.body.as_bytes().len() + request.path.len() + pairs + tape
    }
}

impl Kept {
    /// Makes its text.
    async fn text(&self, runtime: &Runtime, settings: &config::Record) -> Taken {
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
