//! Which way a breaker is set, in one word.

/// Where the breaker is, in the lowest bits, and above them a number that grows with each change,
/// so that a call from before a change is known by it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode(pub(super) u64);

/// What a breaker does with calls, as it knows it itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Closed,
    Open,
    /// No probe is under way.
    HalfOpen,
    /// One is.
    Probing,
    ForcedOpen,
    ForcedClosed,
    /// A probe is under way whose caller may leave before the service had its time.
    ShortProbe,
    /// A probe was good: the calls at once may grow.
    SlowStart,
}

impl Mode {
    /// Closed, from the beginning.
    pub(super) const FIRST: Self = Self(0);
    const BITS: u32 = 3;

    pub(super) fn place(self) -> Place {
        match self.0 & ((1 << Self::BITS) - 1) {
            0 => Place::Closed,
            1 => Place::Open,
            2 => Place::HalfOpen,
            3 => Place::Probing,
            4 => Place::ForcedOpen,
            5 => Place::ForcedClosed,
            6 => Place::ShortProbe,
            _ => Place::SlowStart,
        }
    }

    /// Whether `now` is what a slow start with this mode ended in, with nothing between.
    pub(super) fn ended_slow_start(self, now: Self) -> bool {
        self.place() == Place::SlowStart && now == self.next(Place::Closed)
    }

    pub(super) fn next(self, place: Place) -> Self {
        Self((((self.0 >> Self::BITS) + 1) << Self::BITS) | place as u64)
    }
}
