//! The right to make one call, which reports how the call ended.

use std::time::Duration;

use tokio::time::Instant;

use super::mode::{Mode, Place};
use super::{Breaker, Change, Source};

/// The right to make one call. Dropped without a word, because the caller hung up, it counts for nothing.
#[must_use]
pub struct Pass<'a> {
    pub(super) breaker: &'a Breaker,
    /// The mode under which the call was let through.
    pub(super) mode: Mode,
    pub(super) source: Source,
}

impl Pass<'_> {
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

    /// The caller gave up before the service had all the time that the operator lets it have. That says
    /// nothing, unless the call was slow by then: who leaves early cannot make it count as fast.
    pub fn given_up(self, now: Instant, took: Duration) -> Option<Change> {
        if took < self.breaker.settings.slow_call {
            return None;
        }
        self.breaker.ended(&self, self.source, now, took, false)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        match self.mode.place() {
            Place::SlowStart => self.breaker.make_room(self.mode),
            Place::Probing | Place::ShortProbe => {
                let _changing = self.breaker.changing();
                // A probe that was told of has changed the mode.
                if self.breaker.mode() == self.mode {
                    self.breaker.change(Place::HalfOpen);
                }
            }
            _ => {}
        }
    }
}
