//! Dates and times.

use super::{
    DateStyle, DigitWidth, HourCycle, LocaleError, MonthFormat, Part, Width, ZoneName, tags,
};
use crate::bindings::tailor::bff::locale::DateOptions;
use crate::host::locale as host;

/// How a date or a time is written: a usual form, or single fields.
#[derive(Clone, Debug)]
pub struct DateFormat(DateOptions);

impl Default for DateFormat {
    fn default() -> Self {
        Self(DateOptions {
            locales: Vec::new(),
            time_zone: "UTC".to_owned(),
            date_style: None,
            time_style: None,
            weekday: None,
            era: None,
            year: None,
            month: None,
            day: None,
            day_period: None,
            hour: None,
            minute: None,
            second: None,
            fractional_second_digits: None,
            time_zone_name: None,
            hour12: None,
            hour_cycle: None,
            numbering_system: None,
        })
    }
}

impl DateFormat {
    /// Year, month and day in numbers, in UTC. Fields that are set take their place.
    pub fn new() -> Self {
        Self::default()
    }

    /// A date of a usual form.
    pub fn date(style: DateStyle) -> Self {
        Self::new().with(|options| options.date_style = Some(style))
    }

    /// A time of day of a usual form.
    pub fn time(style: DateStyle) -> Self {
        Self::new().with(|options| options.time_style = Some(style))
    }

    /// Both.
    pub fn styles(date: DateStyle, time: DateStyle) -> Self {
        Self::date(date).with(|options| options.time_style = Some(time))
    }

    /// In this time zone: a name of IANA (`Europe/Berlin`), or an offset (`+01:00`).
    #[must_use]
    pub fn zone(self, name: &str) -> Self {
        self.with(|options| options.time_zone = name.to_owned())
    }

    /// With the day of the week.
    #[must_use]
    pub fn weekday(self, width: Width) -> Self {
        self.with(|options| options.weekday = Some(width))
    }

    /// With the era.
    #[must_use]
    pub fn era(self, width: Width) -> Self {
        self.with(|options| options.era = Some(width))
    }

    /// With the year.
    #[must_use]
    pub fn year(self, width: DigitWidth) -> Self {
        self.with(|options| options.year = Some(width))
    }

    /// With the month.
    #[must_use]
    pub fn month(self, format: MonthFormat) -> Self {
        self.with(|options| options.month = Some(format))
    }

    /// With the day of the month.
    #[must_use]
    pub fn day(self, width: DigitWidth) -> Self {
        self.with(|options| options.day = Some(width))
    }

    /// With the hour.
    #[must_use]
    pub fn hour(self, width: DigitWidth) -> Self {
        self.with(|options| options.hour = Some(width))
    }

    /// With the minute.
    #[must_use]
    pub fn minute(self) -> Self {
        self.with(|options| options.minute = Some(DigitWidth::TwoDigit))
    }

    /// With the second and `fraction` digits behind it, at most three.
    #[must_use]
    pub fn second(self, fraction: u8) -> Self {
        self.with(|options| {
            options.second = Some(DigitWidth::TwoDigit);
            options.fractional_second_digits = (fraction > 0).then_some(fraction);
        })
    }

    /// With `in the morning` in place of AM and PM, where hours go to 12.
    #[must_use]
    pub fn day_period(self, width: Width) -> Self {
        self.with(|options| options.day_period = Some(width))
    }

    /// With the name of the time zone.
    #[must_use]
    pub fn zone_name(self, name: ZoneName) -> Self {
        self.with(|options| options.time_zone_name = Some(name))
    }

    /// With hours of this cycle in place of that of the region.
    #[must_use]
    pub fn hour_cycle(self, cycle: HourCycle) -> Self {
        self.with(|options| options.hour_cycle = Some(cycle))
    }

    /// The text of a time in milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// A locale, the zone or the time is none.
    pub fn format(&self, locales: &[&str], at_ms: i64) -> Result<String, LocaleError> {
        host::format_date(at_ms, &self.options(locales))
    }

    /// The same in parts.
    ///
    /// # Errors
    ///
    /// As [`format`](Self::format).
    pub fn parts(&self, locales: &[&str], at_ms: i64) -> Result<Vec<Part>, LocaleError> {
        host::date_parts(at_ms, &self.options(locales))
    }

    pub(super) fn options(&self, locales: &[&str]) -> DateOptions {
        DateOptions {
            locales: tags(locales),
            ..self.0.clone()
        }
    }

    fn with(mut self, change: impl FnOnce(&mut DateOptions)) -> Self {
        change(&mut self.0);
        self
    }
}
