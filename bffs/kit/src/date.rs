//! Calendar dates (proleptic Gregorian, UTC), because `std` has no calendar and no clock in a
//! component.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MS_PER_DAY: u64 = 86_400_000;
/// Days from 1970-01-01 to 0000-01-01 and to 9999-12-31: what four digits of year can write.
const FIRST: i64 = -719_528;
const LAST: i64 = 2_932_896;

/// One day, from 0000-01-01 to 9999-12-31. Written, read and serialized as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

/// A text that is not a date as `YYYY-MM-DD`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("date is not a day of the calendar as YYYY-MM-DD")]
pub struct NotADate;

impl Date {
    /// Today in UTC, from the host's clock.
    pub fn today() -> Date {
        Date::at_ms(crate::now_ms())
    }

    /// The day (UTC) of a time in milliseconds since 1970-01-01T00:00:00Z.
    pub fn at_ms(ms: u64) -> Date {
        Date::from_days(i64::try_from(ms / MS_PER_DAY).unwrap_or(LAST))
    }

    /// The day that is `days` after 1970-01-01. Beyond the years 0 to 9999 it is the first or last
    /// day of them.
    pub fn from_days(days: i64) -> Date {
        Date {
            days: days.clamp(FIRST, LAST),
        }
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        self.days
    }

    /// The day that is `days` later, or earlier where negative; see [`Date::from_days`] for the
    /// ends of time.
    pub fn plus_days(self, days: i64) -> Date {
        Date::from_days(self.days.saturating_add(days))
    }

    /// Year, month (1 to 12) and day of the month (1 to 31).
    pub fn year_month_day(self) -> (i64, i64, i64) {
        // Howard Hinnant's `civil_from_days`: years that begin in March, in eras of 400 years.
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// The day of a year, month and day of the month, or `None` where the calendar has no such day.
    pub fn from_year_month_day(year: i64, month: i64, day: i64) -> Option<Date> {
        if !(0..=9999).contains(&year) {
            return None;
        }
        // Howard Hinnant's `days_from_civil`.
        let shifted_year = year - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let shifted_month = (month + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Date::from_days(era * 146_097 + day_of_era - 719_468);
        // A day or month that does not exist runs over into another one: only real days come back
        // unchanged.
        (date.year_month_day() == (year, month, day)).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Date, NotADate> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return Err(NotADate);
        };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0, |number, digit| {
                let digit = char::from(*digit).to_digit(10).ok_or(NotADate)?;
                Ok(number * 10 + i64::from(digit))
            })
        };
        let year = number(&[y1, y2, y3, y4])?;
        Date::from_year_month_day(year, number(&[m1, m2])?, number(&[d1, d2])?).ok_or(NotADate)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_written_and_read() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_468, "2026-01-15"),
            (FIRST, "0000-01-01"),
            (LAST, "9999-12-31"),
        ] {
            assert_eq!(Date::from_days(days).to_string(), text);
            assert_eq!(text.parse::<Date>().unwrap().days(), days);
        }
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for days in -60_000..90_000 {
            let date = Date::from_days(days);
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn days_that_do_not_exist_and_other_texts_are_refused() {
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-01-00",
            "2026-1-15",
            "+026-01-15",
            "26-01-15",
            "2026/01/15",
            "2026-01-15T00:00:00Z",
            "today",
            "",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_the_calendar() {
        let date: Date = "2026-01-15".parse().unwrap();
        assert_eq!(date.plus_days(-89).to_string(), "2025-10-18");
        assert_eq!(date.plus_days(i64::MAX).to_string(), "9999-12-31");
        assert_eq!(Date::at_ms(86_399_999).days(), 0);
        assert_eq!(Date::at_ms(86_400_000).days(), 1);
    }
}
