//! How long callers wait for the journal.
//!
//! Another program may hold a lock on it, for example an operator's `sqlite3` in a transaction. The
//! thread of the journal waits for that lock in short turns, so that what is read, and what another
//! team wants, does not wait behind it. What a rollback, or another change of what is live, waits
//! for is shorter still: the lock of the BFF for commits is held meanwhile.

use std::time::Duration;

use crate::file::TIMEOUT;
use crate::releases::journal::Outcome;
use crate::releases::trial::CanaryChange;

/// How long the thread waits for a lock before others have their turn.
pub(super) const TURN: Duration = Duration::from_millis(50);

/// How long a caller waits.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    /// For an answer; `None` for as long as it takes.
    pub(super) answer: Option<Duration>,
    /// For a lock that another program holds.
    pub(super) lock: Duration,
}

impl Wait {
    /// What somebody waits for who can wait.
    pub(super) const USUAL: Self = Self {
        answer: Some(TIMEOUT),
        lock: Duration::from_secs(5),
    };
    /// What has to be known in any case.
    pub(super) const EVER: Self = Self {
        answer: None,
        lock: Duration::from_secs(5),
    };
    /// What is live already, and is recorded later if not now.
    pub(super) const SHORT: Self = Self {
        answer: Some(Duration::from_secs(5)),
        lock: Duration::from_millis(250),
    };
    /// What memory knows nearly as well.
    pub(super) const GLANCE: Self = Self {
        answer: Some(Duration::from_millis(500)),
        lock: Duration::ZERO,
    };

    /// The end of a release. What is not recorded is tried again by the caller, so that a rollback
    /// has its turn.
    pub(super) fn of_end(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Live { .. } | Outcome::Canary { .. } | Outcome::Refused { .. } => Self {
                lock: Self::SHORT.lock,
                ..Self::EVER
            },
            Outcome::Preview { .. } => Self::EVER,
        }
    }

    /// A change of a trial.
    pub(super) fn of_change(change: &CanaryChange) -> Self {
        match change {
            CanaryChange::Back { .. } | CanaryChange::Abort { .. } => Self::SHORT,
            CanaryChange::Advance { .. }
            | CanaryChange::Promote { .. }
            | CanaryChange::Pause { .. } => Self {
                lock: Self::SHORT.lock * 2,
                ..Self::USUAL
            },
        }
    }
}
