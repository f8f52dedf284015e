//! The time of day, in which HTTP counts dates and ages, for any state of the machine's clock: it
//! may jump by days while the host runs, and have a time that HTTP cannot express.

use std::cell::RefCell;
#[cfg(not(test))]
use std::sync::LazyLock;
#[cfg(not(test))]
use std::time::Instant;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// The first second after the last one that dates have digits for: that of the year 10,000.
const END_OF_DATES: u64 = 253_402_300_800;

/// When the process first read the time of day, and the clock's value then.
#[cfg(not(test))]
static BEGAN: LazyLock<(SystemTime, Instant)> =
    LazyLock::new(|| (SystemTime::now(), Instant::now()));

/// The time of day that the clock had at the process's first read, and the time that went by since.
/// So the difference of two is what went by, also when the clock was set in between.
#[cfg(not(test))]
#[inline]
pub fn time_of_day() -> SystemTime {
    let (day, began) = *BEGAN;
    day.checked_add(began.elapsed()).unwrap_or(day)
}

/// What the machine's clock said at a [`time_of_day`] of a moment ago, to compare it with dates of
/// other machines.
#[cfg(not(test))]
pub fn by_the_clock(at: SystemTime) -> SystemTime {
    let ago = time_of_day().duration_since(at).unwrap_or_default();
    SystemTime::now().checked_sub(ago).unwrap_or(at)
}

/// The time itself: a test has one clock only.
#[cfg(test)]
pub fn by_the_clock(at: SystemTime) -> SystemTime {
    at
}

/// A time that logs and documents can be written with: what lies before 1970 or after the year 9999
/// is moved to there.
pub fn writable(at: SystemTime) -> SystemTime {
    let last = UNIX_EPOCH + Duration::from_secs(END_OF_DATES - 1);
    at.clamp(UNIX_EPOCH, last)
}

/// Milliseconds, rounded down; the largest number where there are more.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Microseconds, rounded down; the largest number where there are more.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Nanoseconds; the largest number where there are more.
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A time as a field `date`; `None` before 1970 and after the year 9999. Who has no clock to go by
/// sends none (RFC 9110 section 6.6.1).
pub fn date_field(at: SystemTime) -> Option<HeaderValue> {
    thread_local! {
        /// The last requested second, and its text.
        static LAST: RefCell<(u64, Option<HeaderValue>)> = const { RefCell::new((0, None)) };
    }
    let second = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
    if second >= END_OF_DATES {
        return None;
    }
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second || text.is_none() {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            (*last, *text) = (second, HeaderValue::try_from(date).ok());
        }
        text.clone()
    })
}

/// The time of day, or what a test that has a clock of its own says it is.
#[cfg(test)]
pub fn time_of_day() -> SystemTime {
    tests::of_this_test().unwrap_or_else(SystemTime::now)
}

#[cfg(test)]
pub mod tests {
    //! Time of day that goes on with the clock of the event loop, which a test pauses.

    use std::cell::Cell;
    use tokio::time::Instant;

    use super::*;

    thread_local! {
        static BEGAN: Cell<Option<(SystemTime, Instant)>> = const { Cell::new(None) };
    }

    /// From now on it is `day` and later on this thread, by the clock of the event loop.
    pub fn follow_the_event_loop(day: SystemTime) {
        BEGAN.set(Some((day, Instant::now())));
    }

    pub(super) fn of_this_test() -> Option<SystemTime> {
        let (day, began) = BEGAN.get()?;
        Some(day + began.elapsed())
    }

    #[test]
    fn a_time_that_can_not_be_written_is_moved_or_left_out() {
        let (day, day_before) = (
            Duration::from_secs(86_400),
            UNIX_EPOCH - Duration::from_secs(1),
        );
        let last = UNIX_EPOCH + Duration::from_secs(END_OF_DATES - 1);
        for (at, written, field) in [
            (day_before, UNIX_EPOCH, None),
            (
                UNIX_EPOCH,
                UNIX_EPOCH,
                Some("Thu, 01 Jan 1970 00:00:00 GMT"),
            ),
            (last, last, Some("Fri, 31 Dec 9999 23:59:59 GMT")),
            (last + day, last, None),
            // A clock that was set back has its date at once.
            (
                UNIX_EPOCH + day,
                UNIX_EPOCH + day,
                Some("Fri, 02 Jan 1970 00:00:00 GMT"),
            ),
        ] {
            assert_eq!(writable(at), written);
            let expect = field.map(HeaderValue::from_static);
            assert_eq!(date_field(at), expect, "{at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_day_follows_a_paused_clock() {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        follow_the_event_loop(day);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(super::time_of_day(), day + Duration::from_secs(7));
    }
}
