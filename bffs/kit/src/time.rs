//! The host's clock and the kit's dates, for code that uses `chrono`.

use chrono::{DateTime, NaiveDate, Utc};

use crate::Date;

/// The time of day from the host's clock, to the millisecond. `chrono::Utc::now` asks `std`, which
/// has no clock in a component and panics.
pub fn utc_now() -> DateTime<Utc> {
    let ms = i64::try_from(crate::now_ms()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        // A `Date` is within the years 0 to 9999, which both know.
        let days = i32::try_from(date.days()).unwrap_or(0);
        NaiveDate::from_epoch_days(days).unwrap_or(NaiveDate::MIN)
    }
}

impl From<NaiveDate> for Date {
    /// A day beyond the years 0 to 9999 becomes the first or last day of them.
    fn from(date: NaiveDate) -> Self {
        Date::from_days(i64::from(date.to_epoch_days()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;
    use crate::testing::{Offline, body_text, get};

    #[test]
    fn the_time_is_the_host_s() {
        let services = Offline::new(|_| unreachable!("no call")).now_ms(1_768_478_400_000);
        let run = services.run(
            |_| Response::text("text/plain", utc_now().to_rfc3339()),
            get("/"),
        );
        assert_eq!(body_text(&run.response), "2026-01-15T12:00:00+00:00");
    }

    #[test]
    fn dates_go_there_and_back() {
        for text in ["0000-01-01", "1969-12-31", "2024-02-29", "9999-12-31"] {
            let date: Date = text.parse().unwrap();
            let there = NaiveDate::from(date);
            assert_eq!(there.to_string(), text);
            assert_eq!(Date::from(there), date);
        }
        assert_eq!(Date::from(NaiveDate::MAX).to_string(), "9999-12-31");
    }
}
