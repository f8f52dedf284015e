//! Why a request is not recorded, and how it ended.

use std::fmt;

use thiserror::Error;

use crate::fixture::{Difference, FixtureError};
use crate::tape::TooMuch;

/// A request is not recorded.
#[derive(Debug, Error)]
pub enum NotRecorded {
    /// It is too large.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The guest learns something that is not kept.
    #[error("its component imports {import}, and what that answers is not recorded")]
    Import {
        /// The interface.
        import: String,
    },
    /// A body is not text.
    #[error("{what} is not UTF-8, and a fixture holds text")]
    NotText {
        /// Which body.
        what: String,
    },
    /// Nothing can be taken out of a body.
    #[error(
        "{what} is not JSON, and nothing can be taken out of it; record.text-bodies = true records \
         such bodies whole"
    )]
    NotJson {
        /// Which body.
        what: String,
    },
    /// With what is left, the BFF does something else.
    #[error(
        "its BFF does something else with what is recorded of it: {0} (values that are taken out, the \
         request's id and its host name are others then)"
    )]
    Otherwise(String),
    /// The BFF does not do the same twice.
    #[error("its BFF does not do the same twice: {0}")]
    Unstable(Difference),
    /// What was written is not a fixture, which is a fault of tailor.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The host failed while it was made.
    #[error("the host has no room to run it again: {0}")]
    Host(String),
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its BFF answered with this status.
    Answered(u16),
    /// It did not, for this reason.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "an answer with status {status}"),
            Self::Failed(error) => write!(f, "no answer ({error})"),
        }
    }
}
