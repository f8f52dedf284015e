//! Calendar days and times in UTC, as far as the services need them: parsing, printing, weekday,
//! minutes after midnight.

use std::fmt;

use serde::{Serialize, Serializer};

/// Minutes of a day.
pub(crate) const DAY_MINUTES: i32 = 24 * 60;

/// A day of the Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i32);

impl Day {
    /// The first day with data.
    pub(crate) const FIRST: Day = Day::from_civil(2020, 1, 1);
    /// The last day with data.
    pub(crate) const LAST: Day = Day::from_civil(2035, 12, 31);

    /// Reads `YYYY-MM-DD`, digits only. `None` for any other form and for a day that the calendar
    /// does not have.
    pub(crate) fn parse(text: &str) -> Option<Day> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| -> Option<i32> {
            bytes[range].iter().try_fold(0, |number, byte| {
                byte.is_ascii_digit()
                    .then(|| number * 10 + i32::from(byte - b'0'))
            })
        };
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, of_month) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&of_month) {
            return None;
        }
        // A day past the end of its month comes back as a day of the next one.
        let day = Day::from_civil(year, month, of_month);
        (day.civil() == (year, month, of_month)).then_some(day)
    }

    /// Counts days by years that begin in March, so that the leap day is the last one of its year.
    const fn from_civil(year: i32, month: i32, of_month: i32) -> Day {
        let march_year = if month <= 2 { year - 1 } else { year };
        let era = march_year.div_euclid(400);
        let of_era = march_year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + of_month - 1;
        Day(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Year, month and day of the month.
    pub(crate) fn civil(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let year = era * 400 + year_of_era + i32::from(month <= 2);
        (year, month, of_month)
    }

    /// Days since 1970-01-01.
    pub(crate) fn number(self) -> i32 {
        self.0
    }

    /// 0 is Monday, 6 is Sunday.
    pub(crate) fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((self.0 + 3).rem_euclid(7)).expect("a remainder of 7 is not negative")
    }

    pub(crate) fn plus(self, days: i32) -> Day {
        Day(self.0 + days)
    }

    /// The time that is `minutes` after (or, if negative, before) the midnight with which this day
    /// begins, in RFC 3339.
    pub(crate) fn at(self, minutes: i32) -> String {
        let day = self.plus(minutes.div_euclid(DAY_MINUTES));
        let minute = minutes.rem_euclid(DAY_MINUTES);
        format!("{day}T{:02}:{:02}:00Z", minute / 60, minute % 60)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, of_month) = self.civil();
        write!(f, "{year:04}-{month:02}-{of_month:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_with_data_prints_as_it_parses_and_follows_the_one_before() {
        let mut day = Day::parse("2020-01-01").unwrap();
        assert_eq!(day, Day::FIRST);
        assert_eq!(day.weekday(), 2, "2020-01-01 was a Wednesday");
        while day < Day::LAST {
            let next = day.plus(1);
            assert_eq!(Day::parse(&next.to_string()), Some(next));
            assert_eq!(next.weekday(), (day.weekday() + 1) % 7);
            day = next;
        }
        assert_eq!(day.to_string(), "2035-12-31");
        assert_eq!(
            day.number() - Day::FIRST.number() + 1,
            16 * 365 + 4,
            "four leap years"
        );
    }

    #[test]
    fn what_is_not_a_day_does_not_parse() {
        for text in [
            "",
            "2026-1-15",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-01-32",
            "2026/01/15",
            "2026-01-15T",
            "+026-01-15",
            "２026-01-1",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(Day::parse("2024-02-29").is_some());
    }

    #[test]
    fn times_reach_into_the_days_around() {
        let day = Day::parse("2026-01-01").unwrap();
        assert_eq!(day.at(-69), "2025-12-31T22:51:00Z");
        assert_eq!(day.at(0), "2026-01-01T00:00:00Z");
        assert_eq!(day.at(1500), "2026-01-02T01:00:00Z");
    }
}
