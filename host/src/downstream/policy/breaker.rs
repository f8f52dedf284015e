//! The breaker of a service: rejects calls that would most likely fail, until a probe shows that the service is back.
//!
//! Closed lets all calls through and counts how they end. Open rejects them. Half-open lets one at a time through as a probe.
//! A call is judged by its end, and only if the breaker has not changed since it began: what comes of calls from before it
//! opened says nothing about the service of now. Only a bad call opens the breaker, so a good one costs two loads
//! and one addition.

mod mode;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::mode::{Mode, Place};
use self::window::{Counts, Window, nanos};
use crate::config;

/// The breaker of one service, shared by all who call it.
pub struct Breaker {
    settings: config::Breaker,
    start: Instant,
    mode: AtomicU64,
    /// When an open breaker lets a probe through, nanoseconds after `start`.
    until: AtomicU64,
    window: Window,
    /// Held by whoever changes `mode`. The way of a call through a closed or open breaker does without it.
    changing: Mutex<()>,
}

/// The right to make one call. Dropped without a word, because the caller hung up, it counts for nothing.
#[must_use]
pub struct Pass<'a> {
    breaker: &'a Breaker,
    /// The mode under which the call was let through.
    mode: Mode,
}

/// The call is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When a probe is let through; `None` when that is not known: a probe is under way, or the operator forced the breaker.
    pub until: Option<Instant>,
}

/// What an operator forces a breaker to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// Rejects all calls.
    Open,
    /// Lets all calls through, and goes on counting.
    Closed,
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Lets them through.
    Closed,
    /// Rejects them.
    Open,
    /// Lets one at a time through.
    HalfOpen,
}

/// A breaker as it is now, to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What it does with calls.
    pub position: Position,
    /// Whether an operator forced it.
    pub forced: bool,
    /// Time until it lets a probe through, when it is open and not forced.
    pub until: Option<Duration>,
    /// Calls in the window.
    pub calls: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were slow, failed ones included.
    pub slow: u32,
}

/// A breaker changed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It rejects calls from now on.
    Opened {
        /// What was too much.
        why: Why,
        /// For how long, until the first probe.
        lasts: Duration,
    },
    /// A probe was good: it lets calls through again.
    Closed,
}

/// Why a breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Too large a part of the calls in the window failed.
    Failed {
        /// Those that failed.
        failed: u32,
        /// All.
        calls: u32,
    },
    /// Too large a part of the calls in the window was slow.
    Slow {
        /// Those that were slow.
        slow: u32,
        /// All.
        calls: u32,
    },
    /// The probe failed or was slow.
    Probe,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { failed, calls } => write!(f, "{failed} of {calls} calls failed"),
            Self::Slow { slow, calls } => write!(f, "{slow} of {calls} calls were slow"),
            Self::Probe => f.write_str("the probe failed or was slow"),
        }
    }
}

impl Breaker {
    /// A closed breaker that has seen no call.
    pub fn new(settings: config::Breaker) -> Self {
        let start = Instant::now();
        Self {
            window: Window::new(start, settings.window),
            settings,
            start,
            mode: AtomicU64::new(Mode::FIRST.0),
            until: AtomicU64::new(0),
            changing: Mutex::new(()),
        }
    }

    /// A breaker with other settings that stands as this one does, the operator's order included. What is
    /// counted does not mean the same under them, and is forgotten.
    pub fn with_settings(&self, settings: config::Breaker) -> Self {
        let mode = match self.mode() {
            // Whoever probes reports to the breaker that let it through.
            mode if mode.place() == Place::Probing => mode.next(Place::HalfOpen),
            mode => mode,
        };
        Self {
            window: Window::new(self.start, settings.window),
            settings,
            start: self.start,
            mode: AtomicU64::new(mode.0),
            until: AtomicU64::new(self.until.load(Ordering::Acquire)),
            changing: Mutex::new(()),
        }
    }

    /// Asks whether a call may be made. `patient` tells whether it gives the service all the time that
    /// the operator lets it have: it need not wait for a probe that does not.
    ///
    /// # Errors
    ///
    /// The breaker is open, or half-open with a probe under way.
    pub fn admit(&self, now: Instant, patient: bool) -> Result<Pass<'_>, Open> {
        let mode = self.mode();
        match mode.place() {
            Place::Closed | Place::ForcedClosed => Ok(self.pass(mode)),
            Place::Probing | Place::ForcedOpen => Err(Open { until: None }),
            Place::ShortProbe if !patient => Err(Open { until: None }),
            Place::Open if now < self.until() => Err(Open {
                until: Some(self.until()),
            }),
            Place::Open | Place::HalfOpen | Place::ShortProbe => self.admit_probe(now, patient),
        }
    }

    /// Does as the operator says. `None` makes the breaker automatic again: closed, with nothing in its window.
    pub fn force(&self, forced: Option<Forced>) {
        let _changing = self.changing();
        match forced {
            Some(Forced::Open) => self.change(Place::ForcedOpen),
            Some(Forced::Closed) => self.change(Place::ForcedClosed),
            None => {
                self.window.forget();
                self.change(Place::Closed)
            }
        };
    }

    /// The breaker as it is now.
    pub fn state(&self, now: Instant) -> State {
        let place = self.mode().place();
        let left = self.until().saturating_duration_since(now);
        let (position, until) = match place {
            Place::Closed | Place::ForcedClosed => (Position::Closed, None),
            Place::ForcedOpen => (Position::Open, None),
            Place::Open if left > Duration::ZERO => (Position::Open, Some(left)),
            Place::Open | Place::HalfOpen | Place::Probing | Place::ShortProbe => {
                (Position::HalfOpen, None)
            }
        };
        let Counts {
            calls,
            failed,
            slow,
        } = self.window.counts(now);
        State {
            position,
            forced: matches!(place, Place::ForcedOpen | Place::ForcedClosed),
            until,
            calls,
            failed,
            slow,
        }
    }

    fn admit_probe(&self, now: Instant, patient: bool) -> Result<Pass<'_>, Open> {
        let _changing = self.changing();
        let mode = self.mode();
        match mode.place() {
            Place::Closed | Place::ForcedClosed => Ok(self.pass(mode)),
            Place::Probing | Place::ForcedOpen => Err(Open { until: None }),
            Place::ShortProbe if !patient => Err(Open { until: None }),
            Place::Open if now < self.until() => Err(Open {
                until: Some(self.until()),
            }),
            // Of a short probe that is under way, nothing is learnt any more.
            Place::Open | Place::HalfOpen | Place::ShortProbe => {
                let probe = match patient {
                    true => Place::Probing,
                    false => Place::ShortProbe,
                };
                Ok(self.pass(self.change(probe)))
            }
        }
    }

    fn ended(&self, began: Mode, now: Instant, took: Duration, failed: bool) -> Option<Change> {
        if self.mode() != began {
            return None;
        }
        let slow = took >= self.settings.slow_call;
        match began.place() {
            Place::Closed => {
                self.window.add(now, failed, slow);
                // A good call makes nothing worse.
                let why = (failed || slow).then(|| self.judge(now)).flatten()?;
                self.open(began, now, why)
            }
            Place::ForcedClosed => {
                self.window.add(now, failed, slow);
                None
            }
            Place::Probing | Place::ShortProbe if failed || slow => {
                self.open(began, now, Why::Probe)
            }
            Place::Probing | Place::ShortProbe => {
                let _changing = self.changing();
                if self.mode() != began {
                    return None;
                }
                self.window.forget();
                self.change(Place::Closed);
                Some(Change::Closed)
            }
            // Under these no call is let through.
            Place::Open | Place::HalfOpen | Place::ForcedOpen => None,
        }
    }

    fn judge(&self, now: Instant) -> Option<Why> {
        let Counts {
            calls,
            failed,
            slow,
        } = self.window.counts(now);
        let settings = &self.settings;
        let too_many = |part: u32, rate: u32| {
            u64::from(part) * 100 >= u64::from(rate) * u64::from(calls) && part > 0
        };
        if calls < settings.min_calls {
            None
        } else if too_many(failed, settings.error_rate) {
            Some(Why::Failed { failed, calls })
        } else if too_many(slow, settings.slow_rate) {
            Some(Why::Slow { slow, calls })
        } else {
            None
        }
    }

    fn open(&self, began: Mode, now: Instant, why: Why) -> Option<Change> {
        let _changing = self.changing();
        // Of several bad calls that end at the same time, one opens.
        if self.mode() != began {
            return None;
        }
        // Without chance the hosts of a fleet, which all opened together, would probe together.
        let open_for = nanos(self.settings.open_for);
        let lasts = open_for.saturating_add(fastrand::u64(0..=open_for / 5));
        let since_start = nanos(now.saturating_duration_since(self.start));
        self.until
            .store(since_start.saturating_add(lasts), Ordering::Release);
        self.change(Place::Open);
        Some(Change::Opened {
            why,
            lasts: Duration::from_nanos(lasts),
        })
    }

    /// For the holder of `changing`.
    fn change(&self, place: Place) -> Mode {
        let mode = self.mode().next(place);
        self.mode.store(mode.0, Ordering::Release);
        mode
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mode(&self) -> Mode {
        Mode(self.mode.load(Ordering::Acquire))
    }

    fn until(&self) -> Instant {
        self.start + Duration::from_nanos(self.until.load(Ordering::Acquire))
    }

    fn pass(&self, mode: Mode) -> Pass<'_> {
        Pass {
            breaker: self,
            mode,
        }
    }
}

impl Pass<'_> {
    /// The call ended well, `took` after it began. It may still have been slow.
    pub fn succeeded(self, now: Instant, took: Duration) -> Option<Change> {
        self.breaker.ended(self.mode, now, took, false)
    }

    /// The call failed, `took` after it began.
    pub fn failed(self, now: Instant, took: Duration) -> Option<Change> {
        self.breaker.ended(self.mode, now, took, true)
    }

    /// The caller gave up before the service had all the time that the operator lets it have. That says
    /// nothing, unless the call was slow by then: who leaves early cannot make it count as fast.
    pub fn given_up(self, now: Instant, took: Duration) -> Option<Change> {
        if took < self.breaker.settings.slow_call {
            return None;
        }
        self.breaker.ended(self.mode, now, took, false)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !matches!(self.mode.place(), Place::Probing | Place::ShortProbe) {
            return;
        }
        let _changing = self.breaker.changing();
        // A probe that was told of has changed the mode.
        if self.breaker.mode() == self.mode {
            self.breaker.change(Place::HalfOpen);
        }
    }
}
