//! Where the live version differs from its own answers when it runs again, and how often, so that a
//! difference of the candidate says nothing there.
//!
//! One odd run must not hide a place for the whole of a report. So a place is noise for as long as
//! the candidate differs there in no more than [`FACTOR`] times the share of runs in which the live
//! version does.

use std::collections::BTreeMap;

use super::difference::{Differences, Kind, Place};
use super::names::ANY;

/// Places of each kind.
const MAX_PLACES: usize = 200;
/// Calls.
const MAX_CALLS: usize = 100;
/// The candidate's share of runs may be this times the live version's, and is noise still.
const FACTOR: u128 = 4;

/// What is another when the live version runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Random bytes.
    Dice,
    /// Clocks.
    Clocks,
}

/// In how many of how many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) times: u64,
    pub(super) of: u64,
}

impl Share {
    /// Whether the candidate's share says no more than this one of the live version.
    pub(super) fn explains(self, candidate: Self) -> bool {
        let product = |one: u64, other: u64| u128::from(one) * u128::from(other);
        let most = product(self.times, candidate.of).saturating_mul(FACTOR);
        self.times > 0 && product(candidate.times, self.of) <= most
    }

    /// The one that is the larger share of its runs.
    pub(super) fn larger(self, other: Self) -> Self {
        let product = |one: u64, of: u64| u128::from(one) * u128::from(of);
        let is_less = product(self.times, other.of) < product(other.times, self.of);
        match self.times == 0 || is_less {
            true => other,
            false => self,
        }
    }
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Noise {
    of_dice: Known,
    /// It says something of runs that were told another time, and of no others.
    of_clocks: Known,
    /// Objects in which the names of members are others each time.
    maps: BTreeMap<String, u64>,
    calls: BTreeMap<String, u64>,
    /// Runs of the live version.
    pub(super) runs: u64,
    /// Of those, the ones that made other calls than before. They say nothing of places.
    pub(super) other_calls: u64,
    /// Something had no room.
    pub(super) is_cut: bool,
}

/// In how many runs it differed at which places.
#[derive(Debug, Default)]
struct Known {
    runs: u64,
    places: BTreeMap<(Place, Kind), u64>,
}

impl Known {
    fn share(&self, place: &(Place, Kind)) -> Share {
        let is_noise = place.0 != Place::Status;
        let times = self.places.get(&unsided(place.clone()));
        Share {
            times: times.copied().filter(|_| is_noise).unwrap_or(0),
            of: self.runs,
        }
    }
}

/// One of the places, objects or calls, and how it differs: for the report.
pub(super) type Row = (String, &'static str);

impl Noise {
    /// The live version ran again, and made these calls at one time only.
    pub(super) fn learn_calls(&mut self, calls: impl IntoIterator<Item = String>) {
        self.runs += 1;
        self.other_calls += 1;
        let mut calls: Vec<String> = calls.into_iter().collect();
        calls.sort_unstable();
        calls.dedup();
        for call in calls {
            self.is_cut |= !count(&mut self.calls, call, MAX_CALLS);
        }
    }

    /// It ran again, and its answers differ there.
    pub(super) fn learn(&mut self, other: Other, differences: Differences) {
        self.runs += 1;
        let known = match other {
            Other::Dice => {
                for map in differences.maps {
                    self.is_cut |= !count(&mut self.maps, map, MAX_PLACES);
                }
                &mut self.of_dice
            }
            Other::Clocks => &mut self.of_clocks,
        };
        known.runs += 1;
        let mut places: Vec<_> = differences.all.into_keys().map(unsided).collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            self.is_cut |= !count(&mut known.places, place, MAX_PLACES);
        }
    }

    /// How often it differs there from itself. Never in its status: another one is always told.
    pub(super) fn share(&self, place: &(Place, Kind)) -> Share {
        self.of_dice.share(place).larger(self.share_of_map(place))
    }

    fn share_of_map(&self, place: &(Place, Kind)) -> Share {
        let times = map_of(place).and_then(|map| self.maps.get(map));
        Share {
            times: times.copied().unwrap_or(0),
            of: self.of_dice.runs,
        }
    }

    /// The same for runs that are told another time.
    pub(super) fn share_in_time(&self, place: &(Place, Kind)) -> Share {
        self.of_clocks.share(place)
    }

    /// How often it makes a call at one time only.
    pub(super) fn share_of_call(&self, call: &str) -> Share {
        Share {
            times: self.calls.get(call).copied().unwrap_or(0),
            of: self.runs,
        }
    }

    /// Whether there are objects in which the names of members are others each time.
    pub(super) fn has_maps(&self) -> bool {
        !self.maps.is_empty()
    }

    /// The row that a difference belongs to which is left out there.
    pub(super) fn row_of(&self, place: &(Place, Kind)) -> Row {
        let own = self.of_dice.share(place);
        match map_of(place) {
            Some(map) if own.larger(self.share_of_map(place)) != own => row_of_map(map),
            _ => row(&unsided(place.clone())),
        }
    }

    /// All rows, with those places of the time that `is_used`.
    pub(super) fn rows(&self, is_used: impl Fn(&(Place, Kind)) -> bool) -> BTreeMap<Row, Share> {
        let mut rows: BTreeMap<Row, Share> = BTreeMap::new();
        let mut add = |row: Row, times: u64, of: u64| {
            let share = Share { times, of };
            let known = rows.entry(row).or_insert(share);
            *known = known.larger(share);
        };
        for (place, times) in &self.of_dice.places {
            add(row(place), *times, self.of_dice.runs);
        }
        for (place, times) in &self.of_clocks.places {
            if is_used(place) {
                add(row(place), *times, self.of_clocks.runs);
            }
        }
        for (map, times) in &self.maps {
            add(row_of_map(map), *times, self.of_dice.runs);
        }
        for (call, times) in &self.calls {
            add((format!("call {call}"), "call"), *times, self.runs);
        }
        rows
    }
}

fn row((place, kind): &(Place, Kind)) -> Row {
    let text = match place {
        Place::Status => "status".to_owned(),
        Place::Header(name) => format!("header {name}"),
        Place::Body(pointer) => format!("body {pointer}"),
    };
    (text, kind.name())
}

fn row_of_map(map: &str) -> Row {
    (format!("body {map}/{ANY}"), "names")
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

/// Counts one. Returns whether there is room for it.
fn count<T: Ord>(all: &mut BTreeMap<T, u64>, one: T, most: usize) -> bool {
    if all.len() >= most && !all.contains_key(&one) {
        return false;
    }
    *all.entry(one).or_default() += 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(times: u64, of: u64) -> Share {
        Share { times, of }
    }

    #[test]
    fn one_odd_run_explains_a_few_differences_and_not_many() {
        assert!(share(1, 1).explains(share(20, 20)));
        assert!(share(1, 4).explains(share(80, 80)));
        assert!(!share(1, 5).explains(share(100, 100)));
        assert!(share(1, 5).explains(share(80, 100)));
        assert!(share(5, 10).explains(share(190, 200)));
        assert!(!share(0, 10).explains(share(1, 200)));
        assert!(!share(0, 0).explains(share(1, 1)));
        assert!(share(u64::MAX, u64::MAX).explains(share(u64::MAX, u64::MAX)));
    }
}
