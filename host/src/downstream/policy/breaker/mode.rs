//! The state of a breaker, in one word of memory.

/// The state in the lowest bits, and above them a number that grows with each change: it identifies
/// calls from before a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode(pub(super) u64);

/// The internal state of a breaker, finer than the one that operators see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    Open,
    /// No probe is under way.
    HalfOpen,
    /// A probe is under way.
    Probing,
    ForcedOpen,
    ForcedClosed,
    /// A probe is under way whose caller may leave before the service had its time.
    ShortProbe,
    /// A probe was good: the calls at once may grow.
    SlowStart,
}

impl Mode {
    /// The initial mode: closed.
    pub(super) const FIRST: Self = Self(0);
    const BITS: u32 = 3;

    pub(super) fn state(self) -> State {
        match self.0 & ((1 << Self::BITS) - 1) {
            0 => State::Closed,
            1 => State::Open,
            2 => State::HalfOpen,
            3 => State::Probing,
            4 => State::ForcedOpen,
            5 => State::ForcedClosed,
            6 => State::ShortProbe,
            _ => State::SlowStart,
        }
    }

    /// Whether `now` directly follows a slow start with this mode.
    pub(super) fn ended_slow_start(self, now: Self) -> bool {
        self.state() == State::SlowStart && now == self.next(State::Closed)
    }

    pub(super) fn next(self, state: State) -> Self {
        Self((((self.0 >> Self::BITS) + 1) << Self::BITS) | state as u64)
    }
}
