//! Where a run first learned something that nobody asked for when it was recorded.

use std::fmt;

use serde::Serialize;

use crate::fixture::escaped;
use crate::tape::Missing;

/// Something that a run asked for and that the recording does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// The place in the file where it would be, as a JSON pointer (RFC 6901):
    /// `/recorded/settings/theme`.
    pub pointer: String,
    /// What was asked: `runtime.config`.
    pub asked: &'static str,
}

impl Departure {
    pub(super) fn of(missing: &Missing) -> Self {
        let mut pointer = "/recorded".to_owned();
        let steps = missing.members.iter().map(|it| (*it).to_owned());
        for step in steps.chain(missing.step.as_deref().map(escaped)) {
            pointer.push('/');
            pointer.push_str(&step);
        }
        Self {
            pointer,
            asked: missing.what,
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, asked } = self;
        write!(f, "{pointer}: not asked for when recorded ({asked})")
    }
}
