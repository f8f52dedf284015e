//! Where the live version differs from its own answers when it runs again, so that a difference of
//! the candidate says nothing there.

use std::collections::BTreeSet;

use super::difference::{Differences, Kind, Place};
use super::names::ANY;

/// Places of each kind.
const MAX_PLACES: usize = 200;
/// Calls.
const MAX_CALLS: usize = 100;

/// What is another when the live version runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Random bytes.
    Dice,
    /// Clocks.
    Clocks,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Noise {
    of_dice: BTreeSet<(Place, Kind)>,
    /// It says something of runs that were told another time, and of no others.
    of_clocks: BTreeSet<(Place, Kind)>,
    /// Objects in which the names of members are others each time.
    maps: BTreeSet<String>,
    calls: BTreeSet<String>,
    /// Something had no room.
    pub(super) is_cut: bool,
}

impl Noise {
    /// The live version made these calls at one time only.
    pub(super) fn learn_calls(&mut self, calls: impl IntoIterator<Item = String>) {
        for call in calls {
            self.is_cut |= !insert(&mut self.calls, call, MAX_CALLS);
        }
    }

    /// Its answers differ there.
    pub(super) fn learn(&mut self, other: Other, differences: Differences) {
        let known = match other {
            Other::Dice => {
                for map in differences.maps {
                    self.is_cut |= !insert(&mut self.maps, map, MAX_PLACES);
                }
                &mut self.of_dice
            }
            Other::Clocks => &mut self.of_clocks,
        };
        for place in differences.all.into_keys().map(unsided) {
            self.is_cut |= !insert(known, place, MAX_PLACES);
        }
    }

    /// Whether a difference there says nothing. Another status is always told.
    pub(super) fn has(&self, place: &(Place, Kind)) -> bool {
        let is_of_map = || map_of(place).is_some_and(|map| self.maps.contains(map));
        place.0 != Place::Status && (self.of_dice.contains(&unsided(place.clone())) || is_of_map())
    }

    /// Whether a difference there says nothing of a run that was told another time.
    pub(super) fn has_time(&self, place: &(Place, Kind)) -> bool {
        place.0 != Place::Status && self.of_clocks.contains(&unsided(place.clone()))
    }

    /// Whether the live version makes a call at times only.
    pub(super) fn has_call(&self, call: &str) -> bool {
        self.calls.contains(call)
    }

    /// Whether there are objects in which the names of members are others each time.
    pub(super) fn has_maps(&self) -> bool {
        !self.maps.is_empty()
    }

    /// As texts, with those places of the time that `is_used`.
    pub(super) fn told(&self, is_used: impl Fn(&(Place, Kind)) -> bool) -> BTreeSet<String> {
        let text = |place: &Place| match place {
            Place::Status => "status".to_owned(),
            Place::Header(name) => format!("header {name}"),
            Place::Body(pointer) => format!("body {pointer}"),
        };
        let of_clocks = self.of_clocks.iter().filter(|it| is_used(it));
        let places = self.of_dice.iter().chain(of_clocks).map(|it| text(&it.0));
        let maps = self.maps.iter().map(|it| format!("body {it}/{ANY}"));
        let calls = self.calls.iter().map(|it| format!("call {it}"));
        places.chain(maps).chain(calls).collect()
    }
}

/// What the live version has at times, it lacks at others.
fn unsided((place, kind): (Place, Kind)) -> (Place, Kind) {
    match kind {
        Kind::Missing => (place, Kind::Added),
        kind => (place, kind),
    }
}

/// What a place is a member of, where only one side has it.
fn map_of((place, kind): &(Place, Kind)) -> Option<&str> {
    let is_sided = matches!(kind, Kind::Missing | Kind::Added);
    match place {
        Place::Body(pointer) if is_sided => pointer.rsplit_once('/').map(|(object, _)| object),
        _ => None,
    }
}

/// Whether there is room for it.
fn insert<T: Ord>(all: &mut BTreeSet<T>, one: T, most: usize) -> bool {
    if all.len() >= most && !all.contains(&one) {
        return false;
    }
    all.insert(one);
    true
}
