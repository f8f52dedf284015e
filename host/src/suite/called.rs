//! A call of a fixture's request, with the entry of the fixture that answered it.

use std::fmt;

use crate::calls::CallRecord;
use crate::fixture::Fixture;
use crate::text::{excerpt, visible};

/// Bytes of a path that are shown.
const MAX_SHOWN: usize = 1 << 10;

/// A call as it went.
#[derive(Clone, Debug)]
pub struct Called {
    /// The call with its outcome.
    pub record: CallRecord,
    /// The index of the entry in `downstreams` that answered it.
    pub entry: Option<usize>,
}

impl Called {
    /// A call of this fixture's request.
    pub(super) fn new(record: CallRecord, fixture: &Fixture) -> Self {
        let target = record.target.as_deref();
        let entry = target.and_then(|it| fixture.entry_of(&record.service, &it.method, &it.path));
        Self { record, entry }
    }

    /// Whether it failed, and the fixture does not say so.
    pub fn is_unforeseen(&self) -> bool {
        self.record.outcome.is_err() && self.entry.is_none()
    }
}

/// `GET heart /users/ada`, to be shown: a guest chose it.
impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = visible(&self.record.service);
        match &self.record.target {
            Some(target) => {
                let path = excerpt(&target.path, MAX_SHOWN);
                write!(f, "{} {service} {path}", target.method)
            }
            None => write!(f, "{service}"),
        }
    }
}
