//! The breaker of a service: rejects calls that would most likely fail, until a probe succeeds.
//!
//! Closed lets all calls through and counts how they end. Open rejects them. Half-open lets one at
//! a time through as a probe. A call is judged by its outcome, and only if the breaker has not
//! changed since it began: earlier calls say nothing about the service's current state. Only a bad
//! call opens the breaker, so a good one costs two loads and one addition.
//!
//! One path that fails, or one BFF whose calls do, does not block the others: the breaker opens
//! when the other calls fail, too, or there are none ([`source`]). After a good probe it is closed,
//! but for a while lets only a few calls through at once, and more with each good answer.

mod judge;
mod mode;
mod report;
mod source;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

// Tests are the same each time.
#[cfg(test)]
use foldhash::fast::FixedState as RandomState;
#[cfg(not(test))]
use foldhash::fast::RandomState;
use tokio::time::Instant;

pub use self::report::{BreakerState, Change, Forced, Open, OpenReason, Position, Rejects};
pub use self::source::Source;

use self::judge::judge;
use self::mode::{Mode, State};
use self::source::CELLS;
use crate::config;
use crate::downstream::window::{CallEnd, Counts, Window};
use crate::sync;
use crate::time::nanos;

/// Initial concurrent calls of a slow start: about as many as one request makes.
const FIRST_CALLS: u32 = 8;

/// The breaker of one service, shared by all who call it.
pub struct Breaker {
    settings: config::Breaker,
    start: Instant,
    mode: AtomicU64,
    /// When an open breaker lets a probe through, nanoseconds after `start`.
    until: AtomicU64,
    window: Window<CELLS>,
    /// Hashes paths. Seeded at random, so that collisions cannot be precomputed.
    paths: RandomState,
    /// Held while `mode` changes, and in a slow start. A call through a closed or open breaker does
    /// not lock it.
    changing: Mutex<SlowStart>,
}

/// The right to make one call. Dropped because the caller hung up, it counts for nothing.
#[must_use]
pub struct Pass<'a> {
    breaker: &'a Breaker,
    /// The mode under which the call was let through.
    mode: Mode,
    source: Source,
    /// When the call becomes slow.
    slow_call: Duration,
}

/// The limits of a slow start.
struct SlowStart {
    /// Calls that may be made beside those under way.
    room: u32,
    /// When it is over.
    until: Instant,
}

impl Breaker {
    /// A closed breaker that has seen no call.
    pub fn new(settings: config::Breaker) -> Self {
        let start = Instant::now();
        Self {
            window: Window::new(start, settings.window),
            settings,
            start,
            paths: RandomState::default(),
            mode: AtomicU64::new(Mode::FIRST.0),
            until: AtomicU64::new(0),
            changing: Mutex::new(SlowStart {
                room: 0,
                until: start,
            }),
        }
    }

    /// A breaker with new settings in the same state, the operator's order included. Its counts are
    /// dropped, because the new settings judge them differently.
    pub fn with_settings(&self, settings: config::Breaker) -> Self {
        let mode = match self.mode() {
            // The probing call reports to the breaker that let it through.
            mode if matches!(mode.state(), State::Probing | State::ShortProbe) => {
                mode.next(State::HalfOpen)
            }
            mode if mode.state() == State::SlowStart => mode.next(State::Closed),
            mode => mode,
        };
        Self {
            window: Window::new(self.start, settings.window),
            settings,
            start: self.start,
            mode: AtomicU64::new(mode.0),
            until: AtomicU64::new(self.until.load(Ordering::Acquire)),
            paths: self.paths.clone(),
            changing: Mutex::new(SlowStart {
                room: 0,
                until: self.start,
            }),
        }
    }

    /// The source of a call, given the hash of its path and the number of its BFF.
    pub fn source(&self, path: impl Hash, caller: usize) -> Source {
        Source::new(self.paths.hash_one(path), caller)
    }

    /// Admits or rejects a call. `full_time` says whether it gives the service all the time that the
    /// operator lets it have: it need not wait for a probe that does not.
    ///
    /// # Errors
    ///
    /// It is open, half-open with a probe under way, or lets no more calls through at once.
    pub fn admit(&self, now: Instant, source: Source, full_time: bool) -> Result<Pass<'_>, Open> {
        let mode = self.mode();
        match mode.state() {
            State::Closed | State::ForcedClosed => Ok(self.pass(mode, source)),
            State::Probing | State::ForcedOpen => Err(Open { until: None }),
            State::ShortProbe if !full_time => Err(Open { until: None }),
            State::Open if now < self.until() => Err(Open {
                until: Some(self.until()),
            }),
            State::Open | State::HalfOpen | State::ShortProbe | State::SlowStart => {
                self.admit_one(now, source, full_time)
            }
        }
    }

    /// Why it rejects calls, when it does.
    pub fn rejects(&self) -> Rejects {
        match self.mode().state() {
            State::ForcedOpen => Rejects::Forced,
            State::SlowStart => Rejects::SlowStart,
            _ => Rejects::Failing,
        }
    }

    /// Applies the operator's order. `None` makes it automatic again: closed, with an empty window.
    pub fn force(&self, forced: Option<Forced>) {
        let _changing = self.changing();
        match forced {
            Some(Forced::Open) => self.change(State::ForcedOpen),
            Some(Forced::Closed) => self.change(State::ForcedClosed),
            None => {
                self.window.forget();
                // Not the end of a slow start, whose calls would count yet.
                self.change(State::ForcedClosed);
                self.change(State::Closed)
            }
        };
    }

    /// The operator's order in force.
    pub fn forced(&self) -> Option<Forced> {
        match self.mode().state() {
            State::ForcedOpen => Some(Forced::Open),
            State::ForcedClosed => Some(Forced::Closed),
            _ => None,
        }
    }

    /// The breaker as it is now.
    pub fn state(&self, now: Instant) -> BreakerState {
        let state = self.mode().state();
        let left = self.until().saturating_duration_since(now);
        let (position, until) = match state {
            State::Closed | State::ForcedClosed | State::SlowStart => (Position::Closed, None),
            State::ForcedOpen => (Position::Open, None),
            State::Open if left > Duration::ZERO => (Position::Open, Some(left)),
            State::Open | State::HalfOpen | State::Probing | State::ShortProbe => {
                (Position::HalfOpen, None)
            }
        };
        let Counts {
            calls,
            failed,
            slow,
        } = self.window.counts(now);
        BreakerState {
            position,
            forced: matches!(state, State::ForcedOpen | State::ForcedClosed),
            until,
            calls,
            failed,
            slow,
        }
    }

    /// Admits a call where not all are: as a probe, or within a slow start.
    fn admit_one(&self, now: Instant, source: Source, full_time: bool) -> Result<Pass<'_>, Open> {
        let mut slow_start = self.changing();
        let mode = self.mode();
        match mode.state() {
            State::Closed | State::ForcedClosed => Ok(self.pass(mode, source)),
            State::SlowStart if now >= slow_start.until => {
                Ok(self.pass(self.change(State::Closed), source))
            }
            State::SlowStart => {
                let room = slow_start.room.checked_sub(1);
                slow_start.room = room.ok_or(Open {
                    until: Some(slow_start.until),
                })?;
                Ok(self.pass(mode, source))
            }
            State::Probing | State::ForcedOpen => Err(Open { until: None }),
            State::ShortProbe if !full_time => Err(Open { until: None }),
            State::Open if now < self.until() => Err(Open {
                until: Some(self.until()),
            }),
            // The result of the short probe no longer matters.
            State::Open | State::HalfOpen | State::ShortProbe => {
                let probe = match full_time {
                    true => State::Probing,
                    false => State::ShortProbe,
                };
                Ok(self.pass(self.change(probe), source))
            }
        }
    }

    fn ended(
        &self,
        pass: &Pass<'_>,
        source: Source,
        now: Instant,
        took: Duration,
        failed: bool,
    ) -> Option<Change> {
        let (began, mode) = (pass.mode, self.mode());
        if mode != began && !began.ended_slow_start(mode) {
            return None;
        }
        let slow = took >= pass.slow_call;
        let end = CallEnd { failed, slow };
        match began.state() {
            State::Closed | State::SlowStart => {
                self.window.add(now, source.cell(), end);
                // A good call cannot open it.
                if failed || slow {
                    return self.open(mode, now, judge(&self.settings, self.window.cells(now))?);
                }
                if began.state() == State::SlowStart {
                    self.make_room(began);
                }
                None
            }
            State::ForcedClosed => {
                self.window.add(now, source.cell(), end);
                None
            }
            State::Probing | State::ShortProbe if failed || slow => {
                self.open(began, now, OpenReason::Probe)
            }
            State::Probing | State::ShortProbe => {
                let mut slow_start = self.changing();
                if self.mode() != began {
                    return None;
                }
                self.window.forget();
                if self.settings.slow_start.is_zero() {
                    self.change(State::Closed);
                } else {
                    slow_start.room = FIRST_CALLS;
                    slow_start.until = now + self.settings.slow_start;
                    self.change(State::SlowStart);
                }
                Some(Change::Closed)
            }
            // These modes let no call through.
            State::Open | State::HalfOpen | State::ForcedOpen => None,
        }
    }

    /// Allows one more concurrent call, if the slow start is still the same.
    fn make_room(&self, began: Mode) {
        let mut slow_start = self.changing();
        if self.mode() == began {
            slow_start.room = slow_start.room.saturating_add(1);
        }
    }

    fn open(&self, began: Mode, now: Instant, why: OpenReason) -> Option<Change> {
        let _changing = self.changing();
        // Of several bad calls that end at the same time, one opens.
        if self.mode() != began {
            return None;
        }
        // Random, so that hosts whose breakers opened together do not probe together.
        let open_for = nanos(self.settings.open_for);
        let lasts = open_for.saturating_add(fastrand::u64(0..=open_for / 5));
        let since_start = nanos(now.saturating_duration_since(self.start));
        self.until
            .store(since_start.saturating_add(lasts), Ordering::Release);
        self.change(State::Open);
        Some(Change::Opened {
            why,
            lasts: Duration::from_nanos(lasts),
        })
    }

    /// To be called with `changing` locked.
    fn change(&self, state: State) -> Mode {
        let mode = self.mode().next(state);
        self.mode.store(mode.0, Ordering::Release);
        mode
    }

    fn changing(&self) -> MutexGuard<'_, SlowStart> {
        sync::lock(&self.changing)
    }

    fn mode(&self) -> Mode {
        Mode(self.mode.load(Ordering::Acquire))
    }

    fn until(&self) -> Instant {
        self.start + Duration::from_nanos(self.until.load(Ordering::Acquire))
    }

    fn pass(&self, mode: Mode, source: Source) -> Pass<'_> {
        Pass {
            breaker: self,
            mode,
            source,
            slow_call: self.settings.slow_call,
        }
    }
}

impl Pass<'_> {
    /// A pass with another threshold for slow calls.
    pub fn with_slow_call(mut self, slow_call: Duration) -> Self {
        self.slow_call = slow_call;
        self
    }

    /// Whether the call is a probe.
    pub fn is_probe(&self) -> bool {
        matches!(self.mode.state(), State::Probing | State::ShortProbe)
    }

    /// The call ended well, `took` after it began. It may still have been slow.
    pub fn succeeded(self, now: Instant, took: Duration) -> Option<Change> {
        self.breaker.ended(&self, self.source, now, took, false)
    }

    /// The call failed, `took` after it began.
    pub fn failed(self, now: Instant, took: Duration) -> Option<Change> {
        self.breaker.ended(&self, self.source, now, took, true)
    }

    /// The call failed before anything of it was sent, as any other would have.
    pub fn failed_unsent(self, now: Instant, took: Duration) -> Option<Change> {
        self.breaker.ended(&self, Source::ANY, now, took, true)
    }

    /// The caller gave up before the service had all the time that the operator lets it have. That
    /// says nothing, unless the call was slow by then: it must not count as fast.
    pub fn given_up(self, now: Instant, took: Duration) -> Option<Change> {
        if took < self.slow_call {
            return None;
        }
        self.breaker.ended(&self, self.source, now, took, false)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        match self.mode.state() {
            State::SlowStart => self.breaker.make_room(self.mode),
            State::Probing | State::ShortProbe => {
                let _changing = self.breaker.changing();
                // A reported probe has changed the mode.
                if self.breaker.mode() == self.mode {
                    self.breaker.change(State::HalfOpen);
                }
            }
            _ => {}
        }
    }
}
