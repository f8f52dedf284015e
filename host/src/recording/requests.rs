//! The requests of a running host that are recorded: which ones, what is kept of them, and the
//! texts that are taken away.
//!
//! A request that may be recorded has a recorder while it runs. When it ends, it is dropped, kept
//! for a while (so that it can be asked for by its id), or queued. One task makes the texts of those
//! that are queued, one by one. All of it is bounded, and what has no room is counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{NotRecorded, Source, record};
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::fixture::{Place, Redaction};
use crate::sync;
use crate::tape::{Recorder, Tap, TooMuch};

/// Time after which nobody asks for samples any more, where nobody took any.
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
    #[error("requests are being sampled for somebody else; try again in {} s", LEASE.as_secs())]
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
    /// The status of its answer, or the code of a problem.
    pub outcome: String,
    /// Whether it failed.
    pub failed: bool,
}

/// One that is kept.
struct Kept {
    capture: Capture,
    ended: Ended,
    size: usize,
}

#[derive(Default)]
struct State {
    order: Option<(Order, Instant)>,
    /// Of those that the order is about.
    seen: u32,
    /// Those that can be asked for.
    kept: VecDeque<Kept>,
    queue: VecDeque<Kept>,
    ready: VecDeque<Taken>,
    /// Bytes of all these.
    size: usize,
    /// Requests of which there was no room for.
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
        let wanted = state.wants(&ended);
        if !self.is_leased(&mut state) {
            self.sampling.store(false, Ordering::Relaxed);
        }
        let keeps = capture.settings.keep > 0 && (ended.failed || capture.settings.keep_all);
        if !wanted && !keeps {
            return;
        }
        let (limit, most) = (capture.settings.max_total, capture.settings.keep);
        let kept = Kept {
            capture,
            ended,
            size,
        };
        if !state.make_room(size, limit) {
            state.dropped = state.dropped.saturating_add(1);
            return;
        }
        state.size += size;
        if wanted {
            if state.queue.len() >= MAX_WAITING {
                state.forget(size);
                state.dropped = state.dropped.saturating_add(1);
                return;
            }
            state.queue.push_back(kept);
            drop(state);
            self.work.notify_one();
            return;
        }
        state.kept.push_back(kept);
        while state.kept.len() > most {
            state.drop_oldest();
        }
    }

    /// Whether someone still takes samples.
    fn is_leased(&self, state: &mut State) -> bool {
        let is_over = |(_, until): &mut (Order, Instant)| *until <= Instant::now();
        if state.order.as_mut().is_some_and(|order| is_over(order)) {
            state.end_order();
        }
        state.order.is_some()
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
        self.lease(settings, order)?;
        Ok(self.state().take_ready())
    }

    fn lease(&self, settings: &config::Record, order: Order) -> Result<(), RecordError> {
        if !settings.enabled {
            return Err(RecordError::Disabled);
        }
        let mut state = self.state();
        if self.is_leased(&mut state)
            && let Some((other, _)) = &state.order
            && other.session != order.session
        {
            return Err(RecordError::Taken);
        }
        self.sampling.store(order.one_in > 0, Ordering::Relaxed);
        state.order = Some((order, Instant::now() + LEASE));
        Ok(())
    }

    /// Ends what [`sample`](Self::sample) began, and gives what is left.
    pub fn end(&self, session: &str) -> (Vec<Taken>, u64) {
        let mut state = self.state();
        let is_own = |(order, _): &(Order, Instant)| order.session == session;
        if !state.order.as_ref().is_some_and(is_own) {
            return (Vec::new(), 0);
        }
        let left = state.take_ready();
        state.end_order();
        self.sampling.store(false, Ordering::Relaxed);
        left
    }

    /// Makes the text of a request that is kept, for someone who takes it by
    /// [`sample`](Self::sample) within [`LEASE`].
    ///
    /// # Errors
    ///
    /// When nothing is recorded, when it is not kept, or for somebody else.
    pub fn ask(
        &self,
        settings: &config::Record,
        session: &str,
        id: &str,
    ) -> Result<(), RecordError> {
        let order = Order {
            session: session.to_owned(),
            bff: None,
            one_in: 0,
            failed: false,
        };
        self.lease(settings, order)?;
        let mut state = self.state();
        // Ids are the clients' to choose, and the last one with it is meant.
        let place = state
            .kept
            .iter()
            .rposition(|it| it.capture.request.id == id);
        let kept = place.and_then(|place| state.kept.remove(place));
        let kept = kept.ok_or_else(|| RecordError::NotKept { id: id.to_owned() })?;
        state.queue.push_back(kept);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// Makes the texts of requests that were queued, for ever.
    pub async fn work(&self, runtime: &Runtime) {
        loop {
            let next = self.state().queue.pop_front();
            let Some(kept) = next else {
                self.work.notified().await;
                continue;
            };
            let size = kept.size;
            let taken = kept.text(runtime).await;
            let mut state = self.state();
            state.forget(size);
            if state.order.is_some() && state.ready.len() < MAX_WAITING {
                state.size += taken.size();
                state.ready.push_back(taken);
            }
        }
    }
}

impl State {
    /// Whether a sample of this one is wanted.
    fn wants(&mut self, ended: &Ended) -> bool {
        let Some((order, _)) = &self.order else {
            return false;
        };
        let bff = &**ended.version.bff();
        let is_other = order.bff.as_deref().is_some_and(|name| name != bff);
        if order.one_in == 0 || is_other || (order.failed && !ended.failed) {
            return false;
        }
        let is_one = self.seen.is_multiple_of(order.one_in);
        self.seen = self.seen.wrapping_add(1);
        is_one
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

    fn forget(&mut self, size: usize) {
        self.size = self.size.saturating_sub(size);
    }

    fn take_ready(&mut self) -> (Vec<Taken>, u64) {
        let (mut ready, mut size) = (Vec::new(), 0);
        while let Some(taken) = self.ready.pop_front() {
            size += taken.size();
            ready.push(taken);
            if size > MAX_TAKEN {
                break;
            }
        }
        self.forget(size);
        (ready, std::mem::take(&mut self.dropped))
    }

    fn end_order(&mut self) {
        self.order = None;
        self.seen = 0;
        let queue = std::mem::take(&mut self.queue);
        let ready = std::mem::take(&mut self.ready);
        let ready: usize = ready.iter().map(Taken::size).sum();
        self.forget(queue.iter().map(|kept| kept.size).sum::<usize>() + ready);
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
    async fn text(self, runtime: &Runtime) -> Taken {
        let id = self.capture.request.id.clone();
        let bff = self.ended.version.bff().to_string();
        let outcome = self.ended.outcome.clone();
        let made = Box::pin(self.make(runtime)).await;
        let (fixture, refused) = match made {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Taken {
            id,
            bff,
            outcome,
            fixture,
            refused,
        }
    }

    async fn make(self, runtime: &Runtime) -> Result<String, NotRecorded> {
        let Capture {
            tap,
            request,
            settings,
        } = self.capture;
        let limit = settings.max_size;
        if self.size > limit {
            return Err(TooMuch { limit }.into());
        }
        let tape = match tap.recorder() {
            Some(recorder) => recorder.take()?,
            None => return Err(TooMuch { limit }.into()),
        };
        let source = Source {
            request: &request,
            tape,
            loaded: self.ended.version.loaded(),
            settings: self.ended.version.settings(),
            redaction: &redaction(&settings),
            text_bodies: settings.text_bodies,
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
