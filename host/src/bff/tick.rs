//! The tick of the engine.

use std::time::Duration;

/// The interval at which a running guest is interrupted to check its CPU time and to let others run
/// on its thread. Short enough for a small delay of neighbours, long enough for a negligible cost.
pub(super) const TICK: Duration = Duration::from_millis(1);
/// The same, nanoseconds.
pub(super) const TICK_NS: u64 = TICK.as_nanos() as u64;
