//! Waits of a run that end at once.

use std::time::{Duration, Instant};

use super::{Player, Strictness};
use crate::tape::ahead::Timer;
use crate::time;

impl Player {
    /// Whether waits that the tape does not tell of end at once.
    pub fn waits_for_nothing(&self) -> bool {
        self.strictness == Strictness::Matching
    }

    /// The guest asks to wait, for as long as the tape says or not.
    pub fn asks_to_wait(&self, when: Timer) {
        if !self.waits_for_nothing() {
            return;
        }
        let progress = &mut *self.progress();
        let taped = self.tape.readings.timers.get(progress.timers);
        progress.has_other_timers |= taped != Some(&when);
        progress.timers += 1;
    }

    /// One of WASI's timers begins.
    pub fn timer_begins(&self, timer: u32, when: Timer) {
        self.asks_to_wait(when);
        if self.waits_for_nothing() {
            self.progress().ahead.begin(timer, when);
        }
    }

    /// It is no longer there.
    pub fn timer_ends(&self, timer: u32) {
        if self.waits_for_nothing() {
            self.progress().ahead.forget(timer);
        }
    }

    /// Whether one of WASI's timers is over; `None` for what is no timer.
    pub fn is_timer_over(&self, timer: u32) -> Option<bool> {
        self.progress().ahead.is_over(timer)
    }

    /// Nanoseconds since the tape had a reading. Where a run may do whatever it does, a clock that
    /// stood still past the tape would keep it for ever that waits by looking at it.
    pub(super) fn since(&self) -> u64 {
        let read_at = self.progress().read_at.filter(|_| self.waits_for_nothing());
        read_at.map_or(0, |at| time::nanos(at.elapsed()))
    }

    /// Milliseconds that are left of a run that waits for nothing, by the clocks of the tape; how
    /// far they are ahead is not taken off yet.
    pub(super) fn left_of_own(&self) -> Option<u32> {
        let first = || *self.progress().read_at.get_or_insert_with(Instant::now);
        let read_at = self.waits_for_nothing().then(first)?;
        let gone = time::nanos(read_at.elapsed()).saturating_add(self.progress().passed);
        let left = self.deadline.saturating_sub(gone) / 1_000_000;
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// How much longer than the tape's the run has waited.
    pub fn ahead(&self) -> Duration {
        Duration::from_nanos(self.progress().ahead.ns())
    }

    /// The last wait with WASI's `poll` that was told ended when it did in the tape's run.
    pub(super) fn poll_has_passed(&self) {
        let progress = &mut *self.progress();
        let place = progress.polls.checked_sub(1);
        let ended = place.and_then(|place| self.tape.readings.wasi.polls_ended.get(place));
        progress.passed = progress.passed.max(ended.copied().unwrap_or(0));
    }

    /// The clocks go on until the first of these timers is over. `false` where there is none, or
    /// where that is past the end of the run, which is over then.
    pub fn go_on_to(&self, timers: &[u32]) -> bool {
        let progress = &mut *self.progress();
        let goes_on = progress.ahead.go_on_to(timers);
        let now = progress.passed.saturating_add(progress.ahead.ns());
        self.goes_on(goes_on && now <= self.deadline)
    }

    /// The clocks go on, up to the end of calls.
    pub fn go_on(&self, by: Duration) {
        let progress = &mut *self.progress();
        let now = progress.passed.saturating_add(progress.ahead.ns());
        let left = self.end_of_calls.saturating_sub(now);
        progress.ahead.go_on(time::nanos(by).min(left));
    }

    fn goes_on(&self, goes_on: bool) -> bool {
        if !goes_on {
            self.over.notify_one();
        }
        goes_on
    }

    /// Waits until a wait of the run would have ended after the run.
    pub async fn is_over(&self) {
        self.over.notified().await;
    }
}
