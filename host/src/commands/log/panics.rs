//! Panics as lines of the log.
//!
//! The hook of the standard library writes to standard error itself, and a thread that does so
//! waits for its reader: a worker would block with all of its connections.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

/// Writes panics to the log from now on.
pub(super) fn to_log() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let why = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string);
    let thread = std::thread::current().name().map(str::to_owned);
    // Only where RUST_BACKTRACE is set.
    let backtrace = Backtrace::capture();
    let captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = captured.then(|| backtrace.to_string());
    tracing::error!(place, thread, backtrace, "panic: {why}");
}
