//! Which call of a tape answers a call of a run that may make others, or in another order.

use super::learned::{CallResult, TapedCall};
use crate::contract::{Call, Failure, FailureKind};

/// Calls of a run that are looked for, and new ones that are kept.
const MAX_CALLS: usize = 1000;

/// How a run is unlike the tape.
#[derive(Clone, Debug, Default)]
pub struct Unlike {
    /// Calls that the tape does not have, or not as often.
    pub new: Vec<Call>,
    /// Calls of the tape that were not made.
    pub missing: Vec<Call>,
}

/// The calls of a run so far.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// For each its place on the tape.
    places: Vec<Option<usize>>,
    /// Which of the tape were made.
    made: Vec<bool>,
    new: Vec<Call>,
}

impl Matched {
    /// A call is made. Returns its place on the tape. One that was made before as often as on the
    /// tape gets that result again, and is new all the same.
    pub(super) fn begin(&mut self, tape: &[TapedCall], call: &Call) -> Option<usize> {
        if self.places.len() >= MAX_CALLS {
            return None;
        }
        self.made.resize(tape.len(), false);
        let is_same = |place: &usize| asks_the_same(&tape[*place].call, call);
        let mut places = 0..tape.len().min(MAX_CALLS);
        let unmade = places.clone().find(|it| !self.made[*it] && is_same(it));
        match unmade {
            Some(place) => self.made[place] = true,
            None => self.new.push(call.clone()),
        }
        self.places.push(unmade.or_else(|| places.find(is_same)));
        unmade
    }

    /// What a call leads to, by its number, and when it had ended.
    pub(super) fn result(&self, number: usize, tape: &[TapedCall]) -> (CallResult, u64) {
        let place = self.places.get(number).copied().flatten();
        let Some(taped) = place.and_then(|place| tape.get(place)) else {
            let detail = "this call is not on the tape";
            return (failed(FailureKind::Unreachable, detail), 0);
        };
        let nobody_waited = || failed(FailureKind::Timeout, "nobody waited for this call");
        let result = taped.result.clone().unwrap_or_else(nobody_waited);
        (result, taped.ended)
    }

    pub(super) fn unlike(&self, tape: &[TapedCall]) -> Unlike {
        let made = |place: usize| self.made.get(place).is_some_and(|made| *made);
        let missing = tape.iter().take(MAX_CALLS).enumerate();
        let missing = missing.filter(|(place, _)| !made(*place));
        Unlike {
            new: self.new.clone(),
            missing: missing.map(|(_, taped)| taped.call.clone()).collect(),
        }
    }
}

/// Whether two calls ask a service the same. The tape has whole bodies, so what each picks out of
/// them may differ, and so may the fields and the limits.
fn asks_the_same(one: &Call, other: &Call) -> bool {
    one.service == other.service
        && one.method == other.method
        && one.path == other.path
        && one.query == other.query
        && one.body.as_bytes() == other.body.as_bytes()
}

fn failed(kind: FailureKind, detail: &str) -> CallResult {
    CallResult::Failed(Failure {
        kind,
        sent: false,
        detail: detail.to_owned(),
    })
}
