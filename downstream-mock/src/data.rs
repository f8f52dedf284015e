//! The numbers of the five services: a pure function of a user and a day, the same in every run and
//! on every machine. Only workouts are written by callers.
//!
//! Nothing here knows about HTTP connections, faults or time of day. All users live by UTC, summer
//! time is ignored, so that a day is the same 24 hours in each service and the services agree with
//! each other.

pub(crate) mod activity;
pub(crate) mod day;
pub(crate) mod goals;
pub(crate) mod heart;
pub(crate) mod people;
pub(crate) mod profile;
pub(crate) mod route;
pub(crate) mod sleep;
pub(crate) mod workouts;

use day::Day;
use people::Person;

/// What a number is drawn for. Each purpose draws from a sequence of its own, so that a change to
/// one leaves the others as they were.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    StepsLevel = 1,
    StepsKind,
    HourWeight,
    Floors,
    ActiveMinutes,
    Resting,
    Sample,
    Bedtime,
    InBed,
    FallAsleep,
    LieIn,
    Stir,
    Deep,
    Rem,
    Restless,
}

/// Draws a whole number from `low` to `high`, both included, for a purpose, a person, a day and a
/// slot of that day.
///
/// The bias of the final remainder is below one in a billion for the ranges in use (all under a
/// thousand wide).
pub(crate) fn draw(
    purpose: Purpose,
    person: &Person,
    day: Day,
    slot: i32,
    low: i32,
    high: i32,
) -> i32 {
    let mut hash = scramble(person.seed ^ ((purpose as u64) << 32));
    hash = scramble(hash ^ u64::from(day.number().unsigned_abs()));
    hash = scramble(hash ^ u64::from(slot.unsigned_abs()));
    let width = u64::from(high.abs_diff(low)) + 1;
    let offset = i32::try_from(hash % width).expect("an offset inside of a range of i32 fits");
    low + offset
}

/// The finaliser of splitmix64: each bit of the input changes about half of the bits of the output.
/// It is written out here because the data must never change, which no library promises.
pub(crate) fn scramble(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
