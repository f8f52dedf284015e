//! One shadow: what it is about, which requests it takes, and what it has found.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::budget::{Budget, Held};
use super::report::Report;
use super::run::{Answered, Ran};
use crate::bff::admission::Admission;
use crate::bff::error::BffError;
use crate::bff::load::Loaded;
use crate::bff::response::CheckedResponse;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::sync;
use crate::tape::Tap;
use crate::telemetry::metrics::BffMetrics;
use crate::time::writable;

/// How long the report of one that has ended is there.
pub(super) const KEPT: Duration = Duration::from_secs(3600);
/// Records of one shadow that wait for their runs.
pub(super) const MAX_WAITING: usize = 16;

/// A shadow to begin.
pub struct NewShadow {
    /// The BFF.
    pub bff: String,
    /// What is live.
    pub live: Arc<Loaded>,
    /// The digest of the component that is compared.
    pub candidate: String,
    /// How long it lasts.
    pub lasts: Duration,
    /// Of 100 requests, how many are taken.
    pub sample: u8,
    /// The operator's limits.
    pub settings: config::Shadow,
    /// The processors of the workers.
    pub workers: usize,
    /// The counters of the BFF.
    pub metrics: Arc<BffMetrics>,
    /// Who orders it.
    pub actor: String,
}

/// A shadow.
pub(super) struct Shadow {
    pub(super) new: NewShadow,
    pub(super) budget: Budget,
    since: SystemTime,
    until: Instant,
    seen: AtomicU64,
    taken: AtomicU64,
    state: Mutex<State>,
    /// Tells the run that it has ended.
    ended: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Record>,
    /// The component that is compared, while it runs.
    candidate: Option<Arc<Loaded>>,
    report: Report,
    shed: BTreeMap<&'static str, u64>,
    records: u64,
    end: Option<End>,
}

struct End {
    why: String,
    at: SystemTime,
    instant: Instant,
}

/// A request that is taken, while it runs.
pub struct Capture {
    /// Keeps what its guest learns.
    pub tap: Arc<Tap>,
    pub(super) shadow: Arc<Shadow>,
    /// Whether what became of it is known. Its client may go while it runs.
    pub(super) has_ended: bool,
    pub(super) request: Request,
    pub(super) held: Held,
    /// Whether what its guest learns is counted elsewhere until it ends.
    pub(super) is_shared: bool,
}

impl Drop for Capture {
    fn drop(&mut self) {
        if !self.has_ended {
            self.shadow.shed("gone");
        }
    }
}

/// A request that has ended.
pub struct Ended<'a> {
    /// Its version.
    pub version: &'a Version,
    /// Its answer, or why there is none, with the code.
    pub answer: Result<&'a CheckedResponse, (&'a BffError, &'static str)>,
    /// CPU time of its guest.
    pub cpu: Duration,
    /// Memory of its guest, bytes.
    pub memory: usize,
}

/// One that waits for its run.
pub(super) struct Record {
    pub(super) capture: Capture,
    pub(super) answer: Answered,
    /// CPU time that the live version took.
    pub(super) cpu: Duration,
    pub(super) settings: Arc<config::Bff>,
    pub(super) admission: Arc<Admission>,
}

impl Shadow {
    pub(super) fn new(new: NewShadow, budget: Budget) -> Self {
        Self {
            since: SystemTime::now(),
            until: Instant::now() + new.lasts,
            seen: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            state: Mutex::default(),
            ended: Notify::new(),
            budget,
            new,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// The candidate is there, and requests are taken from now on.
    pub(super) fn is_loaded(&self, candidate: Arc<Loaded>) {
        let mut state = self.state();
        if state.end.is_none() {
            state.candidate = Some(candidate);
        }
    }

    /// Ends it, if it has not ended yet. What waits does not run.
    pub(super) fn end(&self, why: &str) {
        let mut state = self.state();
        state.candidate = None;
        state.end.get_or_insert_with(|| End {
            why: why.to_owned(),
            at: SystemTime::now(),
            instant: Instant::now(),
        });
        // What clients asked is kept no longer than it is needed.
        let waited = std::mem::take(&mut state.waiting);
        drop(state);
        waited.iter().for_each(|_| self.shed("ended"));
        self.ended.notify_one();
    }

    /// Waits until it has ended.
    pub(super) async fn end_of_it(&self) {
        while !self.has_ended() {
            self.ended.notified().await;
        }
    }

    /// How many records wait.
    pub(super) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// A record is to run.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) fn wait(&self, record: Record) -> Result<(), &'static str> {
        let mut state = self.state();
        match () {
            () if state.end.is_some() => Err("ended"),
            () if state.waiting.len() >= MAX_WAITING => Err("waiting"),
            () => {
                state.waiting.push_back(record);
                Ok(())
            }
        }
    }

    /// Gives back what its records have beyond this part of the memory, which others have now. The
    /// newest that wait do not run.
    pub(super) fn keep_within(&self, bytes: usize) {
        while !self.budget.is_within(bytes) {
            let newest = self.state().waiting.pop_back();
            let Some(newest) = newest else {
                return;
            };
            drop(newest);
            self.shed("memory");
        }
    }

    /// The record that is to run next, and the candidate.
    pub(super) fn next(&self) -> Option<(Record, Arc<Loaded>)> {
        let mut state = self.state();
        let candidate = state.candidate.clone()?;
        Some((state.waiting.pop_front()?, candidate))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().end.is_some()
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Whether nobody needs its report any more.
    pub(super) fn is_old(&self) -> bool {
        let state = self.state();
        let end = state.end.as_ref();
        end.is_some_and(|end| end.instant.elapsed() >= KEPT)
    }

    /// Whether a request of this version is one to take.
    pub(super) fn takes(&self, version: &Version) -> bool {
        let is_live = version.loaded().digest == self.new.live.digest;
        if !is_live || self.is_over() || self.state().candidate.is_none() {
            return false;
        }
        self.seen.fetch_add(1, Ordering::Relaxed);
        fastrand::u8(0..100) < self.new.sample
    }

    pub(super) fn took(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was left out.
    pub(super) fn shed(&self, reason: &'static str) {
        *self.state().shed.entry(reason).or_default() += 1;
        self.new.metrics.shadow_shed(reason);
    }

    /// The number of the record that runs next, from 0 on.
    pub(super) fn next_record(&self) -> u64 {
        let mut state = self.state();
        let number = state.records;
        state.records += 1;
        number
    }

    /// The candidate ran.
    pub(super) fn ran(&self, ran: Ran) {
        let what = self.state().report.ran(ran);
        self.new.metrics.shadow_run(what);
    }

    /// Adds to what was found.
    pub(super) fn found(&self, add: impl FnOnce(&mut Report)) {
        add(&mut self.state().report);
    }

    /// What it has found so far.
    pub(super) fn document(&self) -> Value {
        let state = self.state();
        let mut document = state.report.document();
        let dropped: u64 = state.shed.values().sum();
        let (name, ended) = match (&state.end, &state.candidate) {
            (Some(end), _) => ("ended", Some(end)),
            (None, None) => ("loading", None),
            (None, Some(_)) => ("running", None),
        };
        let is_early = ended.is_some_and(|end| end.instant < self.until);
        if let (true, Some(unknown)) = (is_early, document["unknown"].as_array_mut()) {
            unknown.push(json!("it ended before its time"));
        }
        let left = self.until.saturating_duration_since(Instant::now());
        let until = SystemTime::now().checked_add(left).unwrap_or(self.since);
        let until = ended.map_or(until, |end| end.at);
        for (member, value) in [
            ("bff", json!(self.new.bff)),
            ("state", json!(name)),
            ("reason", json!(ended.map(|end| &end.why))),
            ("live", json!(self.new.live.digest)),
            ("candidate", json!(self.new.candidate)),
            ("actor", json!(self.new.actor)),
            ("since", json!(time(self.since))),
            ("until", json!(time(until))),
            ("sample", json!(self.new.sample)),
            ("values", json!(self.new.settings.values)),
            ("requests", json!(self.seen.load(Ordering::Relaxed))),
            ("taken", json!(self.taken.load(Ordering::Relaxed))),
            ("dropped", json!(dropped)),
            ("shed", json!(state.shed)),
        ] {
            document[member] = value;
        }
        document
    }
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable(at)).to_string()
}
