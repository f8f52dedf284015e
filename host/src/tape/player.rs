//! Tells a guest what is on a tape.

mod waits;

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ahead::Ahead;
use super::dice::{Dice, Names};
use super::learned::{CallResult, Tape};
use super::matched::{Matched, Unlike};
use crate::contract::{Call, Failure, FailureKind};
use crate::sync;
use crate::time;

/// How much a run has to be like the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It makes the same calls, and learns no more than is on the tape.
    Same,
    /// As many calls of the same services by the same methods: what is asked may differ, where
    /// the tape has other texts than the recorded run had.
    SameServices,
    /// Whatever it does, and no call goes to a service: each gets the result of a call of the tape
    /// that asked the same, in whatever order, and none has another. It waits for nothing: where
    /// the tape does not say how a wait ends, it ends at once, and the clocks go on by as much.
    Matching,
    /// Whatever it does. Calls go to services; only the clocks and random bytes are the tape's, as
    /// far as there are any.
    Any,
}

/// Something that a run asked for and that is not on the tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its name: `runtime.now-ms`.
    pub what: &'static str,
    /// The members of a recording that lead to where it would be: `wasi` and `polls`.
    pub members: &'static [&'static str],
    /// The name or the number below these; `None` where it is the last of them itself.
    pub step: Option<String>,
    /// Calls that the run had made until then.
    pub calls: usize,
}

const NOW_MS: Names = ("runtime.now-ms", &["now-ms"]);
const TIME_LEFT_MS: Names = ("runtime.time-left-ms", &["time-left-ms"]);
const ELAPSED_NS: Names = ("runtime.elapsed-ns", &["elapsed-ns"]);
const SETTINGS: Names = ("runtime.config", &["settings"]);
const WAITS: Names = ("downstream.wait-any", &["waits"]);
const WALL_NS: Names = ("wasi:clocks/wall-clock.now", &["wasi", "wall-ns"]);
const MONOTONIC_NS: Names = ("wasi:clocks/monotonic-clock.now", &["wasi", "monotonic-ns"]);
const INSECURE_SEED: Names = ("wasi:random/insecure-seed", &["wasi", "insecure-seed"]);
const POLLS: Names = ("wasi:io/poll", &["wasi", "polls"]);

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// The calls that it made, up to one after the first that is another than the tape has.
    pub calls: Vec<Call>,
    /// The number of the first call that is another.
    pub differs_at: Option<usize>,
    /// The first thing that was missing.
    pub missing: Option<Missing>,
}

/// Makes of a call what is written down of it.
pub type Mask = Box<dyn Fn(&Call) -> Call + Send + Sync>;

/// Tells one guest what is on a tape.
pub struct Player {
    tape: Tape,
    strictness: Strictness,
    mask: Mask,
    /// When the run is over, nanoseconds from its beginning.
    deadline: u64,
    /// The same of its calls.
    end_of_calls: u64,
    over: Notify,
    /// Apart, since few taps are played.
    progress: Box<Mutex<Progress>>,
}

#[derive(Debug, Default)]
struct Progress {
    now_ms: usize,
    time_left_ms: usize,
    elapsed_ns: usize,
    wall_ns: usize,
    monotonic_ns: usize,
    random: [usize; Dice::COUNT],
    waits: usize,
    polls: usize,
    calls: u32,
    played: Played,
    /// Whether it read a clock once more than the tape says.
    is_past_clocks: bool,
    /// When a clock was read last.
    read_at: Option<Instant>,
    /// How many of the tape's timers it began, and whether they were the same.
    timers: usize,
    has_other_timers: bool,
    /// What the tape's run took until the last of what this one had of it, nanoseconds.
    passed: u64,
    ahead: Ahead,
    /// Few runs have it.
    matched: Box<Matched>,
}

impl Player {
    /// Plays a tape from its beginning. Calls are compared, and kept, as `mask` makes them.
    pub fn new(tape: Tape, strictness: Strictness, mask: Mask) -> Self {
        Self {
            tape,
            strictness,
            mask,
            deadline: u64::MAX,
            end_of_calls: u64::MAX,
            over: Notify::new(),
            progress: Box::default(),
        }
    }

    /// Plays to a run that may do whatever it does, and that waits for nothing. It is over where
    /// it would have waited past its `deadline`; its calls are over by `reserve` before that.
    pub fn matching(tape: Tape, deadline: Duration, reserve: Duration) -> Self {
        Self {
            deadline: time::nanos(deadline),
            end_of_calls: time::nanos(deadline.saturating_sub(reserve)),
            ..Self::new(tape, Strictness::Matching, Box::new(Call::clone))
        }
    }

    /// The tape.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// What came of the run so far.
    pub fn played(&self) -> Played {
        self.progress().played.clone()
    }

    /// Of a run that may do whatever it does: its calls that the tape does not have, and those of
    /// the tape that it did not make.
    pub fn unlike(&self) -> Unlike {
        self.progress().matched.unlike(&self.tape.calls)
    }

    /// Whether calls get the tape's results.
    pub fn has_calls(&self) -> bool {
        self.strictness != Strictness::Any
    }

    fn miss(&self, progress: &mut Progress, (what, members): Names, step: Option<String>) {
        if self.has_calls() && progress.played.missing.is_none() {
            progress.played.missing = Some(Missing {
                what,
                members,
                step,
                calls: progress.played.calls.len(),
            });
        }
    }

    /// The next reading of a clock.
    fn reading<T: Clone>(
        &self,
        names: Names,
        all: &[T],
        place: impl FnOnce(&mut Progress) -> &mut usize,
    ) -> Option<T> {
        let next = self.next(names, all, place);
        let mut progress = self.progress();
        match next {
            Some(_) => progress.read_at = Some(Instant::now()),
            None => progress.is_past_clocks = true,
        }
        next
    }

    /// Whether a run read each clock as often as the tape says, and waited for nothing else, so
    /// that all that it was told of the time is what the recorded run was told.
    pub fn has_same_time(&self) -> bool {
        let progress = self.progress();
        let readings = &self.tape.readings;
        let wasi = &readings.wasi;
        let is_same = [
            progress.now_ms == readings.now_ms.len(),
            progress.time_left_ms == readings.time_left_ms.len(),
            progress.elapsed_ns == readings.elapsed_ns.len(),
            progress.wall_ns == wasi.wall_ns.len(),
            progress.monotonic_ns == wasi.monotonic_ns.len(),
            !progress.is_past_clocks,
            !progress.ahead.is_any(),
        ];
        is_same.into_iter().all(|it| it)
    }

    /// The next of a list of readings.
    fn next<T: Clone>(
        &self,
        names: Names,
        all: &[T],
        place: impl FnOnce(&mut Progress) -> &mut usize,
    ) -> Option<T> {
        let progress = &mut *self.progress();
        let place = place(progress);
        let next = all.get(*place).cloned();
        match next {
            Some(_) => *place += 1,
            None => self.miss(progress, names, Some(all.len().to_string())),
        }
        next
    }

    pub(super) fn now_ms(&self, real: impl FnOnce() -> u64) -> u64 {
        let all = &self.tape.readings.now_ms;
        let next = self.reading(NOW_MS, all, |it| &mut it.now_ms);
        let past = || {
            all.last()
                .map(|last| last.saturating_add(self.since() / 1_000_000))
        };
        let now = next.unwrap_or_else(|| past().unwrap_or_else(real));
        now.saturating_add(self.progress().ahead.ms())
    }

    pub(super) fn time_left_ms(&self, real: u32) -> u32 {
        let all = &self.tape.readings.time_left_ms;
        let next = self.reading(TIME_LEFT_MS, all, |it| &mut it.time_left_ms);
        let left = next.unwrap_or_else(|| {
            let real = self.left_of_own().unwrap_or(real);
            all.last().map_or(real, |last| real.min(*last))
        });
        let ahead = u32::try_from(self.progress().ahead.ms()).unwrap_or(u32::MAX);
        left.saturating_sub(ahead)
    }

    pub(super) fn elapsed_ns(&self, real: u64) -> u64 {
        let all = &self.tape.readings.elapsed_ns;
        let next = self.reading(ELAPSED_NS, all, |it| &mut it.elapsed_ns);
        // The clock only goes on.
        let elapsed = next.unwrap_or(all.last().map_or(real, |last| real.max(*last)));
        elapsed.saturating_add(self.progress().ahead.ns())
    }

    pub(super) fn wall_ns(&self, real: u64) -> u64 {
        let all = &self.tape.readings.wasi.wall_ns;
        let next = self.reading(WALL_NS, all, |it| &mut it.wall_ns);
        let past = || all.last().map(|last| last.saturating_add(self.since()));
        let now = next.unwrap_or_else(|| past().unwrap_or(real));
        now.saturating_add(self.progress().ahead.ns())
    }

    pub(super) fn monotonic_ns(&self, real: u64) -> u64 {
        let all = &self.tape.readings.wasi.monotonic_ns;
        let next = self.reading(MONOTONIC_NS, all, |it| &mut it.monotonic_ns);
        let now = next.unwrap_or(all.last().map_or(real, |last| real.max(*last)));
        self.progress().ahead.monotonic(now)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        sync::lock(&self.progress)
    }

    /// Those of the tape, and of the machine those that it lacks.
    pub(super) fn random(&self, from: Dice, real: Vec<u8>) -> Vec<u8> {
        let all = from.kept(&self.tape.readings);
        let progress = &mut *self.progress();
        let rest = &all[progress.random[from.index()]..];
        let mut bytes = rest[..rest.len().min(real.len())].to_vec();
        progress.random[from.index()] += bytes.len();
        if bytes.len() < real.len() {
            self.miss(progress, from.names(), None);
            bytes.extend_from_slice(&real[bytes.len()..]);
        }
        bytes
    }

    pub(super) fn insecure_seed(&self, real: (u64, u64)) -> (u64, u64) {
        self.tape.readings.wasi.insecure_seed.unwrap_or_else(|| {
            let progress = &mut *self.progress();
            self.miss(progress, INSECURE_SEED, None);
            real
        })
    }

    /// What is ready when a wait with WASI's `poll` for one of `count` things ends, or `None` for
    /// one that does not end. The outer `None` says that the tape does not tell: where calls go to
    /// services, and where it has nothing of it, or nothing that fits.
    pub fn polled(&self, count: usize) -> Option<Option<Vec<u32>>> {
        if !self.has_calls() || self.departs() {
            return None;
        }
        let all = &self.tape.readings.wasi.polls;
        let next = self.next(POLLS, all, |it| &mut it.polls)?;
        let ready = next.map(|mut ready| {
            ready.retain(|place| (*place as usize) < count);
            ready
        });
        self.poll_has_passed();
        let is_any = ready.as_ref().is_some_and(|ready| !ready.is_empty());
        (is_any || !self.waits_for_nothing()).then_some(ready)
    }

    pub(super) fn setting(&self, key: &str, real: Option<String>) -> Option<String> {
        let settings = &self.tape.readings.settings;
        match settings.get(key) {
            // What the fixture says is what its author wants.
            Some(recorded) if self.has_calls() => recorded.clone(),
            Some(_) => real,
            None => {
                let progress = &mut *self.progress();
                self.miss(progress, SETTINGS, Some(key.to_owned()));
                real
            }
        }
    }

    /// The result of a `wait-any` for one of `calls`; `None` where calls go to services, and where
    /// the tape has none that fits.
    pub fn waited(&self, calls: usize) -> Option<Option<u32>> {
        if !self.has_calls() {
            return None;
        }
        let all = &self.tape.readings.waits;
        if self.departs() || self.waits_for_nothing() && self.progress().waits >= all.len() {
            return None;
        }
        let next = self.next(WAITS, all, |it| &mut it.waits);
        let is_one = |place: &u32| (*place as usize) < calls;
        Some(next.flatten().filter(is_one))
    }

    /// Whether what the tape says of waits does not fit this run, which may make other calls.
    fn departs(&self) -> bool {
        let progress = self.progress();
        let departs = progress.played.differs_at.is_some() || progress.has_other_timers;
        self.waits_for_nothing() && departs
    }

    pub(super) fn begin(&self, call: &Call) -> u32 {
        let progress = &mut *self.progress();
        let number = progress.calls;
        progress.calls = number.saturating_add(1);
        if self.strictness == Strictness::Matching {
            let place = progress.matched.begin(&self.tape.calls, call);
            if place != Some(number as usize) {
                progress.played.differs_at.get_or_insert(number as usize);
            }
            return number;
        }
        if !self.has_calls() || progress.played.differs_at.is_some() {
            return number;
        }
        let place = progress.played.calls.len();
        let call = (self.mask)(call);
        let recorded = self.tape.calls.get(place);
        let is_same = recorded.is_some_and(|recorded| {
            let recorded = &recorded.call;
            match self.strictness {
                Strictness::Same => *recorded == call,
                _ => recorded.service == call.service && recorded.method == call.method,
            }
        });
        progress.played.calls.push(call);
        if !is_same {
            progress.played.differs_at = Some(place);
        }
        number
    }

    /// What a call leads to; `None` when the tape says that nobody waited for it. A call that is
    /// another than the tape has, and all after it, fail.
    pub fn result(&self, number: u32) -> Option<CallResult> {
        let number = number as usize;
        let mut progress = self.progress();
        if self.strictness == Strictness::Matching {
            let (result, ended) = progress.matched.result(number, &self.tape.calls);
            progress.passed = progress.passed.max(ended);
            return Some(result);
        }
        let differs_at = progress.played.differs_at;
        drop(progress);
        if differs_at.is_some_and(|place| number >= place) {
            return Some(CallResult::Failed(Failure {
                kind: FailureKind::Rejected,
                sent: false,
                detail: "this call is not in the recording".to_owned(),
            }));
        }
        self.tape.calls.get(number)?.result.clone()
    }
}
