//! Stand-ins for the host's texts: natively there is no data of locales. They say what was asked
//! for, so that a test sees that it was asked, and in which locale: `[de, en: 12.5 EUR]`. Real texts
//! are those of fixtures, with `tailor call` or the harness. What has not the form of a locale, a
//! currency or a number is refused as the host refuses it.

use crate::Date;
use crate::bindings::tailor::bff::locale::{
    CollationOptions, DateOptions, Error, ErrorKind, LetterCase, ListOptions, NameOptions,
    NumberOptions, Part, PartKind, PluralCategory, PluralOptions, RelativeOptions, RelativeUnit,
    Zone,
};

const DAY_MS: i64 = 86_400_000;

fn stand_in(locales: &[String], what: &str) -> Result<String, Error> {
    well_formed(locales)?;
    Ok(format!("[{}: {what}]", locales.join(", ")))
}

fn range_error(what: &str, text: &str, such_as: &str) -> Error {
    Error {
        kind: ErrorKind::RangeError,
        detail: format!("{what} `{text}`: not one; write it such as `{such_as}`"),
    }
}

/// Whether these are tags of BCP 47, known or not.
fn well_formed(locales: &[String]) -> Result<(), Error> {
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_language = |part: &str| {
        matches!(part.len(), 2 | 3 | 5..=8) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_tag = |tag: &String| {
        let mut parts = tag.split('-');
        parts.next().is_some_and(is_language) && parts.all(is_subtag)
    };
    match locales.iter().find(|tag| !is_tag(tag)) {
        Some(tag) => Err(range_error("locale", tag, "de-AT")),
        None => Ok(()),
    }
}

fn in_parts(text: String) -> Vec<Part> {
    let kind = PartKind::Literal;
    vec![Part { kind, text }]
}

pub(crate) fn format_date(at_ms: i64, options: &DateOptions) -> Result<String, Error> {
    let zone = zone_at(&options.time_zone, at_ms)?;
    let minutes = (at_ms + i64::from(zone.offset_s) * 1000).rem_euclid(DAY_MS) / 60_000;
    let (hour, minute) = (minutes / 60, minutes % 60);
    let text = format!("{} {hour:02}:{minute:02} {}", zone.today, zone.name);
    stand_in(&options.locales, &text)
}

pub(crate) fn date_parts(at_ms: i64, options: &DateOptions) -> Result<Vec<Part>, Error> {
    format_date(at_ms, options).map(in_parts)
}

/// Natively there are no rules of time zones either: each is UTC, but an offset is what it says.
pub(crate) fn zone_at(name: &str, at_ms: i64) -> Result<Zone, Error> {
    let offset_s = offset(name).unwrap_or(0);
    let local_ms = at_ms + i64::from(offset_s) * 1000;
    let day = local_ms.div_euclid(DAY_MS);
    let begins = day * DAY_MS - i64::from(offset_s) * 1000;
    Ok(Zone {
        name: name.to_owned(),
        offset_s,
        today: Date::from_days(day).to_string(),
        day_begins_ms: begins,
        day_ends_ms: begins + DAY_MS,
    })
}

/// Seconds of `+01:00`.
fn offset(name: &str) -> Option<i32> {
    let (hours, minutes) = name.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    match name.as_bytes().first()? {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

pub(crate) fn format_number(value: &str, options: &NumberOptions) -> Result<String, Error> {
    let name = options.currency.as_ref().or(options.unit.as_ref());
    let style = match name {
        Some(name) => format!(" {name}"),
        None => String::new(),
    };
    if let Some(code) = &options.currency
        && (code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()))
    {
        return Err(range_error("currency", code, "EUR"));
    }
    if value.parse::<f64>().is_err() {
        return Err(range_error("number", value, "12.5"));
    }
    stand_in(&options.locales, &format!("{value}{style}"))
}

pub(crate) fn number_parts(value: &str, options: &NumberOptions) -> Result<Vec<Part>, Error> {
    format_number(value, options).map(in_parts)
}

pub(crate) fn format_relative(
    value: &str,
    of: RelativeUnit,
    options: &RelativeOptions,
) -> Result<String, Error> {
    let unit = format!("{of:?}").rsplit("::").next().map(str::to_lowercase);
    let text = format!("{value} {}", unit.unwrap_or_default());
    stand_in(&options.locales, &text)
}

pub(crate) fn format_list(items: &[String], options: &ListOptions) -> Result<String, Error> {
    stand_in(&options.locales, &items.join(", "))
}

pub(crate) fn select_plural(value: &str, options: &PluralOptions) -> Result<PluralCategory, Error> {
    well_formed(&options.locales)?;
    Ok(match value {
        "1" => PluralCategory::One,
        _ => PluralCategory::Other,
    })
}

pub(crate) fn compare(one: &str, other: &str, options: &CollationOptions) -> Result<i8, Error> {
    well_formed(&options.locales)?;
    Ok(one.cmp(other) as i8)
}

pub(crate) fn sort(items: &[String], options: &CollationOptions) -> Result<Vec<u32>, Error> {
    well_formed(&options.locales)?;
    let mut places: Vec<(u32, &String)> = (0..).zip(items).collect();
    places.sort_by_key(|(_, text)| *text);
    Ok(places.into_iter().map(|(place, _)| place).collect())
}

pub(crate) fn display_name(code: &str, options: &NameOptions) -> Result<Option<String>, Error> {
    stand_in(&options.locales, code).map(Some)
}

pub(crate) fn change_case(text: &str, to: LetterCase, locales: &[String]) -> Result<String, Error> {
    well_formed(locales)?;
    Ok(match to {
        LetterCase::Uppercase => text.to_uppercase(),
        LetterCase::Lowercase => text.to_lowercase(),
    })
}
