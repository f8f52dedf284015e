//! The tick of the engine.

use std::time::Duration;

/// How often a running guest is interrupted to look at its CPU time and to let others run on its
/// thread. Short enough that a neighbour's delay is small, long enough that the tick itself costs
/// nothing that shows.
pub(super) const TICK: Duration = Duration::from_millis(1);
/// The same, nanoseconds.
pub(super) const TICK_NS: u64 = TICK.as_nanos() as u64;
