//! Quantities as regular expressions: a number within bounds, and a unit.
//!
//! A value has to fit the form of all of them, which an editor shows when it does not, and one of
//! the expressions of its bounds, one for each unit, which are too long to be shown.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::config::units::{LONG_DURATIONS, MAX_RATE, RATES, SIZES};

/// Units of durations, in milliseconds.
const DURATIONS: [(&str, u128); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// The longest long duration, seconds.
const YEAR: u128 = 365 * 86_400;

/// Sizes within bounds. They are whole numbers.
pub(super) fn sizes(range: &RangeInclusive<u64>) -> Value {
    let (low, high) = (*range.start(), *range.end());
    let bounded = SIZES.iter().filter_map(|(unit, bytes)| {
        let numbers = whole(low.div_ceil(*bytes).into(), (high / bytes).into())?;
        Some(format!("^0*({numbers}){unit}$"))
    });
    quantity("[0-9]+", SIZES.iter().map(|(unit, _)| *unit), bounded)
}

/// Rates. They are whole numbers, too.
pub(super) fn rates() -> Value {
    let units = || RATES.iter().map(|(unit, _)| *unit);
    let numbers = whole(1, MAX_RATE.into()).unwrap_or_default();
    let bounded = units().map(|unit| format!("^0*({numbers}){unit}$"));
    quantity("[0-9]+", units(), bounded)
}

/// Durations within bounds, milliseconds.
pub(super) fn times(low: u128, high: u128) -> Value {
    let bounded = DURATIONS
        .iter()
        .map(|(unit, ms)| decimal(low, high, *ms, unit));
    quantity("[0-9.]+", DURATIONS.iter().map(|(unit, _)| *unit), bounded)
}

/// The same from 1 ms, or none.
pub(super) fn times_or_none(high: u128) -> Value {
    let bounded = DURATIONS
        .iter()
        .map(|(unit, ms)| decimal(1, high, *ms, unit));
    let none = r"^(0+(\.0*)?|\.0+)(ms|s|m|h)$".to_owned();
    quantity(
        "[0-9.]+",
        DURATIONS.iter().map(|(unit, _)| *unit),
        bounded.chain([none]),
    )
}

/// Durations from an hour to a year.
pub(super) fn long_times() -> Value {
    let units = || LONG_DURATIONS.iter().map(|(unit, _)| *unit);
    let bounded = [("h", 3_600), ("d", 86_400)];
    let bounded = bounded.map(|(unit, seconds)| decimal(3_600, YEAR, seconds, unit));
    quantity("[0-9.]+", units(), bounded.into_iter())
}

fn quantity<'a>(
    number: &str,
    units: impl Iterator<Item = &'a str>,
    bounded: impl Iterator<Item = String>,
) -> Value {
    let units: Vec<&str> = units.collect();
    let form = format!("^{number}({})$", units.join("|"));
    let bounded: Vec<Value> = bounded.map(|one| json!({"pattern": one})).collect();
    json!({"type": "string", "pattern": form, "anyOf": bounded})
}

/// Decimal numbers of a unit within bounds. Of a fraction of the smallest or below the largest one,
/// it is not said how large it may be: only the reader counts so exactly.
fn decimal(low: u128, high: u128, unit: u128, name: &str) -> String {
    let mut all = Vec::new();
    // All but the last, with any fraction.
    if let Some(numbers) = whole(low.div_ceil(unit).max(1), (high / unit).saturating_sub(1)) {
        all.push(format!(r"0*({numbers})(\.[0-9]*)?"));
    }
    match (high / unit, high % unit) {
        (0, _) => {}
        (last, 0) => all.push(format!(r"0*{last}(\.0*)?")),
        (last, _) => all.push(format!(r"0*{last}(\.[0-9]*)?")),
    }
    // A fraction below the first whole number.
    match (low / unit, low % unit) {
        (_, 0) => {}
        (0, _) => all.push(r"0*\.[0-9]*[1-9][0-9]*".to_owned()),
        (first, _) => all.push(format!(r"0*{first}\.[0-9]*[1-9][0-9]*")),
    }
    format!("^({}){name}$", all.join("|"))
}

/// The whole numbers from `low` to `high`, without zeros in front. `None` when there is none.
fn whole(low: u128, high: u128) -> Option<String> {
    let mut parts = Vec::new();
    let mut from = low;
    while from <= high {
        let to = run(from, high);
        let digits = from.to_string();
        let pairs = digits.bytes().zip(to.to_string().into_bytes());
        let part = pairs.map(|(from, to)| match (char::from(from), char::from(to)) {
            (from, to) if from == to => from.to_string(),
            (from, to) => format!("[{from}-{to}]"),
        });
        parts.push(part.collect::<String>());
        from = to + 1;
    }
    (!parts.is_empty()).then(|| parts.join("|"))
}

/// The last number of the longest run from `from` on in which each digit goes its own way: the
/// first ones stay, one counts up, and those behind it go from 0 to 9.
fn run(from: u128, high: u128) -> u128 {
    let mut to = from;
    let mut step = 1;
    loop {
        // The digit at `step` counts up as far as it can; those behind are 0 to 9 in all of it.
        let digit = from / step % 10;
        let most = (digit..=9).rev().find_map(|digit| {
            let to = from - from % (step * 10) + digit * step + (step - 1);
            (to <= high).then_some(to)
        });
        match most {
            Some(most) => to = most,
            None => return to,
        }
        // Only where it goes from 0 to 9 itself may the next one count.
        if digit != 0 || to / step % 10 != 9 || from / (step * 10) == 0 {
            return to;
        }
        step *= 10;
    }
}
