//! Dates, numbers and texts in the manner of people's languages, by the host.
//!
//! ```no_run
//! use tailor_kit::locale::{DateFormat, DateStyle, NumberFormat, RelativeUnit, relative};
//!
//! # fn main() -> Result<(), tailor_kit::locale::LocaleError> {
//! let locales = ["de-AT", "en"];
//! let date = DateFormat::styles(DateStyle::Long, DateStyle::Short).zone("Europe/Vienna");
//! let when = date.format(&locales, tailor_kit::now_ms() as i64)?;
//! let price = NumberFormat::currency("EUR").format(&locales, 12.5)?;
//! let ago = relative(&locales, -3, RelativeUnit::Day)?;
//! # Ok(())
//! # }
//! ```
//!
//! Locales are tags of BCP 47 in the order of preference; the first that the host knows is taken.
//! The texts are the same that `Intl` has in a BFF in TypeScript. A test of the kit has no host, and
//! so no data: its texts are [stand-ins](crate::testing) that say what was asked for.

mod date;
mod number;

pub use crate::bindings::tailor::bff::locale::{
    CaseFirst, CollationOptions, CurrencyDisplay, DateStyle, DigitWidth, Error as LocaleError,
    ErrorKind as LocaleErrorKind, Grouping, HourCycle, LetterCase, ListKind, MonthFormat, NameKind,
    Notation, Part, PartKind, PluralCategory, RelativeUnit, RoundingMode, Sensitivity, SignDisplay,
    Width, Zone, ZoneName,
};
pub use date::DateFormat;
pub use number::{Number, NumberFormat};

use crate::bindings::tailor::bff::locale::{
    Digits, ListOptions, NameOptions, PluralOptions, RelativeOptions,
};
use crate::host::locale as host;

/// The locales of a call as the contract takes them.
fn tags(locales: &[&str]) -> Vec<String> {
    locales.iter().map(|tag| (*tag).to_owned()).collect()
}

/// Digits as usual.
const USUAL: Digits = Digits {
    minimum_integer: None,
    minimum_fraction: None,
    maximum_fraction: None,
    minimum_significant: None,
    maximum_significant: None,
    rounding: None,
    strip_if_integer: false,
};

/// The offset of a time zone of IANA (`Europe/Berlin`), and which day it is there, at a time in
/// milliseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
///
/// There is no such zone, or no such time.
pub fn zone_at(time_zone: &str, at_ms: i64) -> Result<Zone, LocaleError> {
    host::zone_at(time_zone, at_ms)
}

/// `in 3 days`, `2 hours ago`: negative numbers are in the past.
///
/// # Errors
///
/// A locale or the number is none.
pub fn relative(
    locales: &[&str],
    value: impl Into<Number>,
    unit: RelativeUnit,
) -> Result<String, LocaleError> {
    relative_text(locales, value.into(), unit, false)
}

/// The same with words of their own for what is near: `yesterday`, `now`.
///
/// # Errors
///
/// As [`relative`].
pub fn relative_in_words(
    locales: &[&str],
    value: impl Into<Number>,
    unit: RelativeUnit,
) -> Result<String, LocaleError> {
    relative_text(locales, value.into(), unit, true)
}

fn relative_text(
    locales: &[&str],
    value: Number,
    unit: RelativeUnit,
    words: bool,
) -> Result<String, LocaleError> {
    let options = RelativeOptions {
        locales: tags(locales),
        width: Width::Long,
        words,
        numbering_system: None,
    };
    host::format_relative(value.as_str(), unit, &options)
}

/// `one, two and three`.
///
/// # Errors
///
/// A locale is none, or there is more text than one call may have.
pub fn list(locales: &[&str], items: &[String], kind: ListKind) -> Result<String, LocaleError> {
    let options = ListOptions {
        locales: tags(locales),
        kind,
        width: Width::Long,
    };
    host::format_list(items, &options)
}

/// The form of a noun that goes with a number.
///
/// # Errors
///
/// A locale or the number is none.
pub fn plural(locales: &[&str], value: impl Into<Number>) -> Result<PluralCategory, LocaleError> {
    host::select_plural(value.into().as_str(), &plural_options(locales, false))
}

/// The same for `1st`, `2nd`, `3rd`.
///
/// # Errors
///
/// As [`plural`].
pub fn ordinal(locales: &[&str], value: impl Into<Number>) -> Result<PluralCategory, LocaleError> {
    host::select_plural(value.into().as_str(), &plural_options(locales, true))
}

fn plural_options(locales: &[&str], ordinal: bool) -> PluralOptions {
    PluralOptions {
        locales: tags(locales),
        ordinal,
        digits: USUAL,
    }
}

/// The usual order of texts in these locales: letters, accents and case count, digits are letters.
/// Its fields may be changed.
pub fn order(locales: &[&str]) -> CollationOptions {
    CollationOptions {
        locales: tags(locales),
        sensitivity: Sensitivity::Variant,
        numeric: None,
        case_first: None,
        ignore_punctuation: None,
    }
}

/// Which of two texts comes first.
///
/// # Errors
///
/// A locale is none, or there is more text than one call may have.
pub fn compare(
    one: &str,
    other: &str,
    order: &CollationOptions,
) -> Result<std::cmp::Ordering, LocaleError> {
    host::compare(one, other, order).map(|order| order.cmp(&0))
}

/// Sorts items by a text of each, in one call of the host. Equal ones stay as they are.
///
/// # Errors
///
/// As [`compare`]. The items are as they were then.
pub fn sort_by_text<T>(
    items: &mut Vec<T>,
    text: impl Fn(&T) -> String,
    order: &CollationOptions,
) -> Result<(), LocaleError> {
    let texts: Vec<String> = items.iter().map(text).collect();
    let places = host::sort(&texts, order)?;
    let mut left: Vec<Option<T>> = items.drain(..).map(Some).collect();
    let at = |place: u32| left.get_mut(usize::try_from(place).ok()?)?.take();
    items.extend(places.into_iter().filter_map(at));
    Ok(())
}

/// The name of a language, region, script or currency; `None` where it has none.
///
/// # Errors
///
/// A locale or the code is none.
pub fn display_name(
    locales: &[&str],
    kind: NameKind,
    code: &str,
) -> Result<Option<String>, LocaleError> {
    let options = NameOptions {
        locales: tags(locales),
        kind,
        width: Width::Long,
        dialect: true,
    };
    host::display_name(code, &options)
}

/// A text in upper or lower case in the manner of a language.
///
/// # Errors
///
/// A locale is none, or there is more text than one call may have.
pub fn change_case(locales: &[&str], text: &str, to: LetterCase) -> Result<String, LocaleError> {
    host::change_case(text, to, &tags(locales))
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
