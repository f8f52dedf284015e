//! The time of day, in which HTTP counts dates and ages.

use std::time::SystemTime;

/// The time of day.
#[cfg(not(test))]
#[inline]
pub fn time_of_day() -> SystemTime {
    SystemTime::now()
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
    use std::time::{Duration, SystemTime};

    use tokio::time::Instant;

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

    #[tokio::test(start_paused = true)]
    async fn the_time_of_day_follows_a_paused_clock() {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        follow_the_event_loop(day);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(super::time_of_day(), day + Duration::from_secs(7));
    }
}
