//! Dates and times as they are written.

mod fields;
mod pattern;
mod widths;

use std::rc::Rc;

use icu_calendar::{Date, Gregorian};
use icu_datetime::fieldsets::enums::CompositeFieldSet;
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu_datetime::{DateTimeFormatterPreferences, FixedCalendarDateTimeFormatter};
use icu_locale::Locale;
use icu_locale::extensions::unicode::key;
use icu_time::zone::UtcOffset;
use icu_time::zone::models::AtTime;
use icu_time::{DateTime, TimeZoneInfo, ZonedDateTime};
use writeable::Writeable;

use super::cache::{Key, formatter};
use super::contract::{DateOptions, HourCycle, Part};
use super::zone::{self, Zone};
use super::{Caller, Outcome, number, parts, range_error, tags, unsupported, values};

/// Writes a time.
///
/// # Errors
///
/// When the time or an option is none.
pub fn format_date(caller: Caller<'_>, at_ms: i64, options: DateOptions) -> Outcome<String> {
    date_parts(caller, at_ms, options).map(|parts| parts::joined(&parts))
}

/// The same in parts.
///
/// # Errors
///
/// As [`format_date`].
pub fn date_parts(caller: Caller<'_>, at_ms: i64, options: DateOptions) -> Outcome<Vec<Part>> {
    date(caller, options)?.parts(at_ms)
}

/// The options with all that is chosen for them.
///
/// # Errors
///
/// As [`format_date`].
pub fn resolve_date(caller: Caller<'_>, options: DateOptions) -> Outcome<DateOptions> {
    Ok(date(caller, options)?.resolved.clone())
}

/// A local time with its zone, as the formatters take it.
type Local = ZonedDateTime<Gregorian, TimeZoneInfo<AtTime>>;

/// How dates are written with one set of options.
struct DateFormat {
    zone: Zone,
    pattern: DateTimePattern,
    names: FixedCalendarDateTimeNames<Gregorian, CompositeFieldSet>,
    resolved: DateOptions,
}

fn date(caller: Caller<'_>, options: DateOptions) -> Outcome<Rc<DateFormat>> {
    formatter(caller, Key::Date(options), |key| match key {
        Key::Date(options) => DateFormat::new(options),
        _ => Err(range_error("not a date")),
    })
}

impl DateFormat {
    fn new(options: &DateOptions) -> Outcome<Self> {
        let zone = zone::find(&options.time_zone)?;
        let locale = locale(options)?;
        let preferences = DateTimeFormatterPreferences::from(&locale);
        let fields = fields::of(options)?;
        let found = match fields::without_hours(&fields) {
            Some(pattern) => pattern?,
            None => usual_pattern(preferences, fields.set, &zone)?,
        };
        // Where short dates are numbers, the month is in words only in long ones.
        let found = match fields.with_long_month() {
            // A time stays joined to it as to a short one.
            Some(long) if !pattern::names_month(&found) => {
                let short = usual_pattern(preferences, fields.date(), &zone)?;
                found.replace(&short, &usual_pattern(preferences, long, &zone)?)
            }
            _ => found,
        };
        // As JavaScript writes it: programs read dates back, and few know the narrow space of CLDR
        // (https://bugs.chromium.org/p/v8/issues/detail?id=13494).
        let found = found.replace('\u{202f}', " ");
        let text = pattern::adjusted(&found, &fields, &locale);
        let pattern = DateTimePattern::try_from_pattern_str(&text)
            .map_err(|error| unsupported(format!("date pattern `{text}`: {error}")))?;
        let mut names =
            FixedCalendarDateTimeNames::try_new(preferences).map_err(super::no_data("dates"))?;
        names
            .include_for_pattern(&pattern)
            .map_err(|error| unsupported(format!("date pattern `{text}`: {error}")))?;
        let resolved = pattern::resolved(&text, options);
        Ok(Self {
            resolved: DateOptions {
                locales: vec![tags::base(&locale)],
                time_zone: zone.name.clone(),
                numbering_system: Some(values::numbering_system(&locale)),
                ..resolved
            },
            zone,
            pattern,
            names,
        })
    }

    fn parts(&self, at_ms: i64) -> Outcome<Vec<Part>> {
        let local = local(&self.zone, at_ms)?;
        let formatted = self
            .names
            .with_pattern_unchecked(&self.pattern)
            .format(&local);
        Ok(parts::of_fallible(&formatted))
    }
}

/// The locale of options, with the digits and hours that they ask for.
fn locale(options: &DateOptions) -> Outcome<Locale> {
    let mut locale = number::locale(&options.locales, options.numbering_system.as_deref())?;
    if let Some(calendar) = tags::get(&locale, key!("ca"))
        && !["gregory", "iso8601"].contains(&&*calendar)
    {
        return Err(unsupported(format!(
            "calendar `{calendar}`: the host writes dates of the Gregorian calendar alone; leave \
             out `ca`"
        )));
    }
    let hours = match (options.hour12, options.hour_cycle) {
        (Some(true), _) => Some("c12"),
        (Some(false), _) => Some("c24"),
        (None, Some(HourCycle::H11)) => Some("h11"),
        (None, Some(HourCycle::H12)) => Some("h12"),
        (None, Some(HourCycle::H23)) => Some("h23"),
        (None, Some(HourCycle::H24)) => {
            return Err(unsupported(
                "hour cycle `h24`: the host has no hour 24; use `h23`",
            ));
        }
        (None, None) => None,
    };
    if let Some(hours) = hours {
        tags::set(&mut locale, key!("hc"), hours)?;
    }
    Ok(locale)
}

/// The pattern that the language has for these fields.
fn usual_pattern(
    preferences: DateTimeFormatterPreferences,
    fields: CompositeFieldSet,
    zone: &Zone,
) -> Outcome<String> {
    let formatter = FixedCalendarDateTimeFormatter::<Gregorian, _>::try_new(preferences, fields)
        .map_err(|error| unsupported(format!("dates: the host has no data for it: {error}")))?;
    let local = local(zone, 0)?;
    let pattern = formatter.format(&local).pattern();
    Ok(pattern.write_to_string().into_owned())
}

fn local(zone: &Zone, at_ms: i64) -> Outcome<Local> {
    let offset = UtcOffset::try_from_seconds(zone.offset_s(at_ms)?);
    let offset = offset.map_err(|_| range_error("time zone: more than 18 hours from UTC"))?;
    let local = ZonedDateTime::from_epoch_milliseconds_and_utc_offset(at_ms, offset);
    let time = DateTime {
        date: local.date,
        time: local.time,
    };
    Ok(ZonedDateTime {
        date: Date::to_calendar(&local.date, Gregorian),
        time: local.time,
        zone: zone.id.with_offset(Some(offset)).at_date_time(time),
    })
}
