//! What a host keeps of requests that may be recorded, and what waits to be taken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::error::{NotRecorded, Outcome};
use super::inputs::Source;
use super::record;
use crate::bff::load::Loaded;
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::fixture::{Place, Redaction};
use crate::sync;
use crate::tape::{Recorder, Room, Tap, TooMuch};

/// Time after which nobody wants what was not taken.
pub(super) const LEASE: Duration = Duration::from_secs(10);
/// Requests and texts that wait, of each at most.
pub(super) const MAX_WAITING: usize = 1000;
/// Components whose requests are kept. One may be no version any more, and its code stays loaded.
pub(super) const MAX_COMPONENTS: usize = 4;
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
    /// The bytes of the request.
    pub(super) _held: Held,
}

/// Bytes that are counted for as long as this is there.
#[derive(Debug)]
pub(super) struct Held {
    used: Arc<AtomicUsize>,
    bytes: AtomicUsize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
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

/// One that is kept. It has the component, which may be the last thing of its version that is left.
pub(super) struct Kept {
    pub(super) capture: Capture,
    bff: Arc<str>,
    component: Arc<Loaded>,
    settings: Arc<config::Bff>,
    code: String,
    outcome: Outcome,
}

/// One whose text is to be made.
pub(super) struct Queued {
    pub(super) kept: Arc<Kept>,
    /// For whom.
    pub(super) session: String,
}

/// A text that waits for whom it was made.
pub(super) struct Ready {
    pub(super) taken: Taken,
    pub(super) session: String,
    pub(super) until: Instant,
    pub(super) _held: Held,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) order: Option<(Order, Instant)>,
    /// Of those that the order is about.
    pub(super) seen: u32,
    /// Those that can be asked for.
    kept: VecDeque<Arc<Kept>>,
    /// Their components, each with their number.
    components: Vec<(Arc<Loaded>, usize)>,
    pub(super) queue: VecDeque<Queued>,
    pub(super) ready: VecDeque<Ready>,
    /// Bytes of all these, and of requests that run. They grow only where this state is locked.
    used: Arc<AtomicUsize>,
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

    /// Takes room for so many bytes, of `limit`. The oldest that is kept makes place.
    pub(super) fn hold(&mut self, bytes: usize, limit: usize) -> Option<Held> {
        let held = Held {
            used: self.used.clone(),
            bytes: AtomicUsize::new(0),
        };
        self.grow(&held, bytes, limit).then_some(held)
    }

    fn grow(&mut self, held: &Held, bytes: usize, limit: usize) -> bool {
        while self.used().saturating_add(bytes) > limit {
            if !self.drop_oldest() {
                return false;
            }
        }
        self.used.fetch_add(bytes, Ordering::Relaxed);
        held.bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }

    /// Keeps one more, and of all at most `limit`. The oldest go, also where many versions of BFFs
    /// are kept with them.
    pub(super) fn keep(&mut self, kept: Arc<Kept>, limit: usize) {
        let components = self.components.iter_mut();
        match find(components, &kept.component) {
            Some((_, requests)) => *requests += 1,
            None => self.components.push((kept.component.clone(), 1)),
        }
        self.kept.push_back(kept);
        while self.kept.len() > limit || self.components.len() > MAX_COMPONENTS {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(kept) = self.kept.pop_front() else {
            return false;
        };
        if let Some((_, requests)) = find(self.components.iter_mut(), &kept.component) {
            *requests -= 1;
        }
        self.components.retain(|(_, requests)| *requests > 0);
        true
    }

    /// The last one with this id, which clients choose.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Kept>> {
        let mut kept = self.kept.iter();
        kept.rfind(|it| it.capture.request.id == id).cloned()
    }

    /// Bytes that are taken.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Drops all but what still runs.
    pub(super) fn clear(&mut self) {
        *self = Self {
            used: self.used.clone(),
            ..Self::default()
        };
    }

    pub(super) fn drop_one(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Forgets texts that nobody took.
    pub(super) fn forget_old(&mut self) {
        let now = Instant::now();
        self.ready.retain(|ready| ready.until > now);
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
        (taken, std::mem::take(&mut self.dropped))
    }

    /// Drops the order, with what was made and is still to be made for it.
    pub(super) fn end_order(&mut self) {
        let Some((order, _)) = self.order.take() else {
            return;
        };
        self.seen = 0;
        self.queue.retain(|queued| queued.session != order.session);
        self.ready.retain(|ready| ready.session != order.session);
    }
}

fn find<'a>(
    mut components: impl Iterator<Item = &'a mut (Arc<Loaded>, usize)>,
    component: &Arc<Loaded>,
) -> Option<&'a mut (Arc<Loaded>, usize)> {
    components.find(|(known, _)| Arc::ptr_eq(known, component))
}

/// Room in a state for one that runs.
pub(super) fn room(state: &Arc<Mutex<State>>, held: Held, limit: usize) -> Room {
    // What is kept has its room still, and the state has what is kept.
    let state: Weak<Mutex<State>> = Arc::downgrade(state);
    Box::new(move |bytes| {
        let state = state.upgrade();
        state.is_some_and(|state| sync::lock(&state).grow(&held, bytes, limit))
    })
}

impl Taken {
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.fixture.as_ref().map_or(0, String::len)
    }
}

impl Capture {
    /// Bytes that it has besides what its guest learns.
    pub(super) fn size_of(request: &Request) -> usize {
        let pairs = request.headers.iter().chain(&request.query);
        let pairs: usize = pairs.map(|(a, b)| a.len() + b.len()).sum();
        request.body.as_bytes().len() + request.path.len() + pairs
    }

    fn size(&self) -> usize {
        let tape = self.tap.recorder().map_or(0, Recorder::size);
        Self::size_of(&self.request) + tape
    }

    /// Whether there was room for all of it.
    pub(super) fn had_room(&self) -> bool {
        self.tap.recorder().is_none_or(Recorder::had_room)
    }
}

impl Kept {
    pub(super) fn new(capture: Capture, ended: Ended) -> Self {
        let version = ended.version;
        Self {
            capture,
            bff: version.bff().clone(),
            component: version.loaded().clone(),
            settings: version.settings().clone(),
            code: ended.code,
            outcome: ended.outcome,
        }
    }

    /// Makes its text.
    pub(super) async fn text(&self, runtime: &Runtime, settings: &config::Record) -> Taken {
        let made = Box::pin(self.make(runtime, settings)).await;
        let (fixture, refused) = match made {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Taken {
            id: self.capture.request.id.clone(),
            bff: self.bff.to_string(),
            outcome: self.code.clone(),
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
        let tape = tape.filter(|_| self.capture.size() <= limit);
        let source = Source {
            request,
            tape: tape.ok_or(TooMuch { limit })?,
            loaded: &self.component,
            settings: &self.settings,
            redaction: &redaction(settings),
            text_bodies: settings.text_bodies,
            outcome: &self.outcome,
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
