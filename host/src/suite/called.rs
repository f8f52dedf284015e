//! A call of a fixture's request, with the entry of the fixture that answered it.

use std::fmt;

use crate::calls::{CallRecord, kind_name};
use crate::contract::FailureKind;
use crate::fixture::{Exchange, Fixture};
use crate::text::{excerpt, visible};

/// The kinds of failures with which the host ends a call before it asks a service.
const REFUSALS: [FailureKind; 3] = [
    FailureKind::Denied,
    FailureKind::Exhausted,
    FailureKind::Invalid,
];

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
        let mut called = Self {
            record,
            entry: None,
        };
        // A call that was refused came as far as no entry, unless one says that it is.
        let says_so = |index| {
            let entry: Option<&Exchange> = fixture.downstreams.get(index);
            entry.and_then(|entry| entry.failure.as_deref()) == called.refusal()
        };
        called.entry = match called.refusal() {
            None => entry,
            Some(_) => entry.filter(|index| says_so(*index)),
        };
        called
    }

    /// The kind of failure with which the host ended it before it asked a service, if it did; an
    /// entry may say so, too.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        let kind = self.record.outcome.err()?;
        let is_refusal = REFUSALS
            .into_iter()
            .any(|refusal| kind_name(refusal) == kind);
        is_refusal.then_some(kind)
    }

    /// Whether this is what an entry is for.
    pub(super) fn is_of(&self, entry: &Exchange) -> bool {
        let target = self.record.target.as_deref();
        target.is_some_and(|it| entry.matches(&self.record.service, &it.method, &it.path))
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
