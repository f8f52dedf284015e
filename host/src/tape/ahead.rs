//! The clocks of a run that waits for nothing: each wait of its guest ends at once, and the clocks
//! go on by as much.

use std::collections::BTreeMap;

/// Nanoseconds of a millisecond.
const MS: u64 = 1_000_000;

/// How far the clocks of a run are ahead of its tape.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    ns: u64,
    /// What WASI's monotonic clock said last, with what it has gone on since.
    monotonic: u64,
    /// When each of WASI's timers is over, by that clock.
    timers: BTreeMap<u32, u64>,
}

/// When one of WASI's timers is over, nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// When the monotonic clock says this.
    At(u64),
    /// After so long.
    After(u64),
}

impl Ahead {
    /// Whether they are.
    pub(super) fn is_any(&self) -> bool {
        self.ns > 0
    }

    pub(super) fn ms(&self) -> u64 {
        self.ns / MS
    }

    pub(super) fn ns(&self) -> u64 {
        self.ns
    }

    /// What the monotonic clock says, for what the tape says.
    pub(super) fn monotonic(&mut self, taped: u64) -> u64 {
        let now = taped.saturating_add(self.ns);
        self.monotonic = self.monotonic.max(now);
        now
    }

    pub(super) fn begin(&mut self, timer: u32, when: Timer) {
        let when = match when {
            Timer::At(when) => when,
            Timer::After(duration) => self.monotonic.saturating_add(duration),
        };
        self.timers.insert(timer, when);
    }

    pub(super) fn forget(&mut self, timer: u32) {
        self.timers.remove(&timer);
    }

    /// Whether a timer is over; `None` for what is no timer.
    pub(super) fn is_over(&self, timer: u32) -> Option<bool> {
        let when = self.timers.get(&timer)?;
        Some(*when <= self.monotonic)
    }

    /// The clocks go on until the first of these timers is over. `false` if there is none.
    pub(super) fn go_on_to(&mut self, timers: &[u32]) -> bool {
        let all = timers.iter().filter_map(|it| self.timers.get(it));
        let Some(first) = all.min().copied() else {
            return false;
        };
        self.go_on(first.saturating_sub(self.monotonic));
        true
    }

    pub(super) fn go_on(&mut self, ns: u64) {
        self.ns = self.ns.saturating_add(ns);
        self.monotonic = self.monotonic.saturating_add(ns);
    }
}
