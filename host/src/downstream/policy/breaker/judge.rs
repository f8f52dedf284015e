//! Whether the counts of the window open the breaker.

use super::report::OpenReason;
use super::source::{CELLS, concerns_all};
use crate::config;
use crate::downstream::window::Counts;

/// Why a breaker with these settings opens at these counts, if it does.
pub(super) fn judge(settings: &config::Breaker, cells: [Counts; CELLS]) -> Option<OpenReason> {
    let Counts {
        calls,
        failed,
        slow,
    } = cells.into_iter().fold(Counts::default(), Counts::and);
    let too_many = |part: u32, rate: u32| {
        u64::from(part) * 100 >= u64::from(rate) * u64::from(calls) && part > 0
    };
    let (error_rate, slow_rate) = (settings.error_rate, settings.slow_rate);
    if calls < settings.min_calls {
        None
    } else if too_many(failed, error_rate)
        && concerns_all(&cells, |counts| counts.failed, error_rate)
    {
        Some(OpenReason::Failed { failed, calls })
    } else if too_many(slow, slow_rate) && concerns_all(&cells, |counts| counts.slow, slow_rate) {
        Some(OpenReason::Slow { slow, calls })
    } else {
        None
    }
}
