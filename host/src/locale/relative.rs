//! Relative time: `in 3 days`.

use std::rc::Rc;

use fixed_decimal::Decimal;

use super::cache::{Key, formatter};
use super::contract::{Part, RelativeOptions, RelativeUnit};
use super::digits::{Rounding, USUAL, Value, parse};
use super::experimental::Relative;
use super::{Caller, Outcome, number, range_error};

/// Writes a relative time.
///
/// # Errors
///
/// When the number is none or not finite, or an option is none.
pub fn format_relative(
    caller: Caller<'_>,
    value: &str,
    unit: RelativeUnit,
    options: RelativeOptions,
) -> Outcome<String> {
    let value = finite(value)?;
    Ok(relative(caller, unit, options)?.text(value))
}

/// The same in parts.
///
/// # Errors
///
/// As [`format_relative`].
pub fn relative_parts(
    caller: Caller<'_>,
    value: &str,
    unit: RelativeUnit,
    options: RelativeOptions,
) -> Outcome<Vec<Part>> {
    let value = finite(value)?;
    Ok(relative(caller, unit, options)?.parts(value))
}

fn finite(text: &str) -> Outcome<Decimal> {
    let Value::Finite(mut value) = parse(text)? else {
        return Err(range_error(format!(
            "relative time of {text}: not finite; there are no words for it"
        )));
    };
    Rounding::new(&USUAL, Some((0, 3)))?.apply(&mut value);
    Ok(value)
}

fn relative(
    caller: Caller<'_>,
    unit: RelativeUnit,
    options: RelativeOptions,
) -> Outcome<Rc<Relative>> {
    formatter(caller, Key::Relative(unit, options), |key| {
        let Key::Relative(unit, options) = key else {
            return Err(range_error("not a relative time"));
        };
        let locale = number::locale(&options.locales, options.numbering_system.as_deref())?;
        Relative::new(&locale, *unit, options)
    })
}
