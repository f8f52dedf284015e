//! What makes a fixture worth less than it looks: a test that cannot fail as its author means it.

use std::fmt;

use super::called::Called;
use crate::calls::kind_name;
use crate::contract::FailureKind;
use crate::fixture::{Exchange, Fixture};
use crate::text::{cut, distance, shorten};

/// Bytes of a call that are compared with others.
const MAX_COMPARED: usize = 256;
/// Calls that are compared with an entry.
const MAX_CALLS: usize = 256;
/// Warnings of one fixture.
const MAX_WARNINGS: usize = 100;

/// What makes a fixture worth less than it looks. All of it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// No call used an entry of `downstreams`.
    Unused {
        /// Its index.
        index: usize,
        /// Its service, method and path.
        entry: String,
        /// The call that was probably meant.
        meant: Option<String>,
    },
    /// The expectation holds although no call succeeded, and no entry says that they fail.
    NothingArrived {
        /// The number of calls.
        calls: usize,
        /// One of them.
        example: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused {
                index,
                entry,
                meant,
            } => {
                write!(f, "downstreams[{index}], {entry}: no call used it; ")?;
                match meant {
                    Some(call) => write!(f, "no entry answers {call}: is it meant?"),
                    None => write!(f, "correct it, or leave it out"),
                }
            }
            Self::NothingArrived { calls, example } => write!(
                f,
                "the expectation holds although all calls ({calls}) failed, and no entry says so; \
                 write one for {example}"
            ),
        }
    }
}

/// The warnings of a fixture whose request was answered. `holds`: whether as expected.
pub(super) fn warnings(fixture: &Fixture, calls: &[Called], holds: bool) -> Vec<Warning> {
    let mut all = Vec::new();
    // Of very many calls, those with equal outcomes have one record: then it is not known which
    // entries they used.
    let exhausted = kind_name(FailureKind::Exhausted);
    let merged =
        (calls.iter()).any(|call| call.record.calls > 1 && call.record.outcome != Err(exhausted));
    if !merged {
        let used = |index| calls.iter().any(|call| call.entry == Some(index));
        let entries = fixture.downstreams.iter().enumerate();
        let unused = entries
            .filter(|(index, entry)| !used(*index) && !is_later_answer(fixture, *index, entry));
        all.extend(
            unused
                .take(MAX_WARNINGS)
                .map(|(index, entry)| Warning::Unused {
                    index,
                    entry: cut(&shown(entry)),
                    meant: meant(entry, calls),
                }),
        );
    }
    if holds
        && let Some(first) = calls.first()
        && calls.iter().all(Called::is_unforeseen)
    {
        all.push(Warning::NothingArrived {
            calls: calls.len(),
            example: cut(&first.to_string()),
        });
    }
    all
}

/// Whether a recorded service answered an earlier call of the same in another way.
fn is_later_answer(fixture: &Fixture, index: usize, entry: &Exchange) -> bool {
    let is_same = |earlier: &Exchange| {
        let place = |it: &Exchange| (it.service.clone(), it.method.clone(), it.path.clone());
        place(earlier) == place(entry)
    };
    fixture.recorded.is_some() && fixture.downstreams[..index].iter().any(is_same)
}

/// An entry as a call of it is shown.
fn shown(entry: &Exchange) -> String {
    let method = entry.method.as_ref().map(|method| format!("{method} "));
    let method = method.unwrap_or_default();
    format!("{method}{} {}", entry.service, entry.path)
}

/// The call without an entry that is nearest to this one, if one is near.
fn meant(entry: &Exchange, calls: &[Called]) -> Option<String> {
    let wanted = format!("{} {}", entry.service, entry.path);
    let wanted = shorten(&wanted, MAX_COMPARED);
    let unanswered = calls.iter().filter(|call| call.entry.is_none());
    let near = unanswered.take(MAX_CALLS).filter_map(|call| {
        let target = call.record.target.as_ref()?;
        let mut path = target.path.as_str();
        if !entry.path.contains('?') {
            path = path.split_once('?').map_or(path, |(path, _)| path);
        }
        let made = format!("{} {path}", call.record.service);
        let made = shorten(&made, MAX_COMPARED);
        let apart = distance(wanted, made);
        // Of another service with this very path, or of this one with any other: one was meant.
        let is_near = apart <= wanted.len().max(made.len()).div_ceil(3)
            || *call.record.service == *entry.service
            || path == entry.path;
        is_near.then(|| (apart, call.to_string()))
    });
    near.min().map(|(_, call)| cut(&call))
}

#[cfg(test)]
mod tests;
