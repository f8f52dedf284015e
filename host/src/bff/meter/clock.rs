//! The clocks of a thread: the wall clock, which costs no system call, and the thread's CPU clock,
//! which costs one.

use std::cell::Cell;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::bff::tick::TICK_NS;

/// What both clocks of a thread said at one moment, nanoseconds.
#[derive(Clone, Copy)]
struct Reading {
    wall: u64,
    cpu: u64,
}

thread_local! {
    /// The last reading of this thread.
    static LAST: Cell<Reading> = const { Cell::new(Reading { wall: 0, cpu: 0 }) };
}

/// Nanoseconds of a clock that only goes on.
pub(super) fn wall_ns() -> u64 {
    nanos(clock_gettime(ClockId::Monotonic))
}

/// Nanoseconds that this thread had a core.
pub(super) fn cpu_ns() -> u64 {
    nanos(clock_gettime(ClockId::ThreadCPUTime))
}

/// Reads both clocks where the last reading is more than a tick old. `wall` is the time now.
pub(super) fn refresh(wall: u64) {
    if wall.saturating_sub(LAST.get().wall) > TICK_NS {
        let cpu = cpu_ns();
        LAST.set(Reading { wall, cpu });
    }
}

/// The most CPU time that this thread can have used between a [`refresh`] and `wall`, which is now:
/// at most a tick more than it did.
pub(super) fn cpu_since_refresh(wall: u64) -> u64 {
    let cpu = cpu_ns();
    let last = LAST.replace(Reading { wall, cpu });
    cpu.saturating_sub(last.cpu)
}

fn nanos(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
