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
        /// Why, where that is known.
        why: Option<Why>,
    },
    /// The expectation holds although no call succeeded.
    NothingArrived(NothingArrived),
}

/// Why no call used an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// An earlier entry answers the call.
    Hidden {
        /// The index of that entry.
        by: usize,
        /// The call.
        call: String,
    },
    /// The host ended the call before it asked a service.
    Refused {
        /// The call.
        call: String,
        /// The kind of its failure.
        kind: &'static str,
    },
    /// There is a call without an entry, for which it was probably meant.
    Meant(String),
}

/// No call succeeded, and no entry says that they fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingArrived {
    calls: usize,
    /// One of them, and the kind of its failure.
    example: String,
    kind: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused { index, entry, why } => {
                write!(f, "downstreams[{index}], {entry}: no call used it; ")?;
                match why {
                    Some(why) => why.fmt(f),
                    None => f.write_str("correct it, or leave it out"),
                }
            }
            Self::NothingArrived(it) => write!(f, "the expectation holds although {it}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden { by, call } => write!(f, "downstreams[{by}] answers {call} before it"),
            Self::Refused { call, kind } => {
                write!(f, "{call} is {kind} before any service is asked")
            }
            Self::Meant(call) => write!(f, "no entry answers {call}: is it meant?"),
        }
    }
}

impl fmt::Display for NothingArrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            calls,
            example,
            kind,
        } = self;
        write!(f, "all calls ({calls}) failed, and no entry says so; ")?;
        match *kind {
            "invalid" => write!(f, "{example} is invalid by itself: correct it"),
            "denied" => write!(
                f,
                "write one for {example}, which is denied: grant the service, or say \
                 \"failure\": \"denied\""
            ),
            _ => write!(f, "write one for {example}"),
        }
    }
}

/// The warnings of a fixture whose request was answered. `holds`: whether as expected.
pub(super) fn warnings(fixture: &Fixture, calls: &[Called], holds: bool) -> Vec<Warning> {
    // Of very many calls, those with equal outcomes have one record: then it is not known which
    // entries they used. Those past the limit of calls have one in any case.
    let has_merged = |is_exhausted: bool| {
        let mut merged = calls.iter().filter(|call| call.record.calls > 1);
        merged.any(|call| call.record.is_exhausted() == is_exhausted)
    };
    let mut all = Vec::new();
    if !has_merged(false) {
        let exhausts = has_merged(true).then(|| kind_name(FailureKind::Exhausted));
        let used = |index| calls.iter().any(|call| call.entry == Some(index));
        let entries = fixture.downstreams.iter().enumerate();
        let unused = entries.filter(|(index, entry)| {
            let may_be_used = exhausts.is_some() && entry.failure.as_deref() == exhausts;
            !used(*index) && !may_be_used && !is_later_answer(fixture, *index, entry)
        });
        let unused = unused.take(MAX_WARNINGS);
        all.extend(unused.map(|(index, entry)| Warning::Unused {
            index,
            entry: cut(&shown(entry)),
            why: why(index, entry, calls),
        }));
    }
    if holds {
        all.extend(nothing_arrived(calls).map(Warning::NothingArrived));
    }
    all
}

/// Whether there are calls, all of them failed, and no entry says so.
pub(super) fn nothing_arrived(calls: &[Called]) -> Option<NothingArrived> {
    let first = calls.first()?;
    calls
        .iter()
        .all(Called::is_unforeseen)
        .then(|| NothingArrived {
            calls: calls.len(),
            example: cut(&first.to_string()),
            kind: first.record.outcome.err().unwrap_or_default(),
        })
}

/// Why no call used an entry.
fn why(index: usize, entry: &Exchange, calls: &[Called]) -> Option<Why> {
    let shown = |call: &Called| cut(&call.to_string());
    let own = || calls.iter().filter(|call| call.is_of(entry));
    let hidden = own().find_map(|call| {
        let by = call.entry.filter(|by| *by < index)?;
        Some(Why::Hidden {
            by,
            call: shown(call),
        })
    });
    let refused = || {
        own().find_map(|call| {
            Some(Why::Refused {
                call: shown(call),
                kind: call.refusal()?,
            })
        })
    };
    let meant = || meant(entry, calls).map(Why::Meant);
    hidden.or_else(refused).or_else(meant)
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
