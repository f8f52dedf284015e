//! Why a component was not compiled, other than that the compiler refused it.

use std::fmt;
use std::io;
use std::time::Duration;

use rustix::process::Signal;
use thiserror::Error;

use crate::text::excerpt;

/// A component was not compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// It needs more time of a processor than the operator allows, seconds.
    #[error("compile: more than {} s of CPU; engine.compile-cpu is the limit", .0)]
    Cpu(u64),
    /// It needs more memory than the operator allows, bytes.
    #[error("compile: more than {} of memory; engine.compile-memory is the limit", Size(*.0))]
    Memory(u64),
    /// It takes longer than the operator allows, by the wall clock.
    #[error("compile: more than {} s; engine.compile-timeout is the limit", .0.as_secs_f64())]
    Time(Duration),
    /// Its machine code is larger than that of a component of its size may be, bytes.
    #[error("compile: more than {} of machine code", Size(*.0))]
    Code(u64),
    /// Its file has changed since.
    #[error("compile: given up, because the file has changed since")]
    Superseded,
    /// The configuration has no use for its file any more.
    #[error("compile: given up, because the configuration names this file no more")]
    Withdrawn,
    /// The compiler was killed, by a user or by the system for lack of memory.
    #[error("compile: the compiler was ended by signal {0}")]
    Killed(SignalName),
    /// The compiler is another program than the host.
    #[error(
        "compile: the compiler's code does not fit this host (it says {found}, the host is {wanted}); \
         start the host again"
    )]
    OtherEngine {
        /// The engine of the compiler.
        found: String,
        /// The engine of the host.
        wanted: String,
    },
    /// The compiler failed without a verdict on the component.
    #[error("compile: the compiler failed: {}", excerpt(.0, 1 << 10))]
    Failed(String),
    /// The compiler could not be started, or communication with it failed.
    #[error("compile: the compiler could not be run: {0}")]
    Run(#[source] io::Error),
}

/// The number of a signal, shown with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalName(pub i32);

impl fmt::Display for SignalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match Signal::from_named_raw(self.0) {
            Some(Signal::ABORT) => " (SIGABRT)",
            Some(Signal::BUS) => " (SIGBUS)",
            Some(Signal::ILL) => " (SIGILL)",
            Some(Signal::INT) => " (SIGINT)",
            Some(Signal::KILL) => " (SIGKILL)",
            Some(Signal::SEGV) => " (SIGSEGV)",
            Some(Signal::SYS) => " (SIGSYS)",
            Some(Signal::TERM) => " (SIGTERM)",
            _ => "",
        };
        write!(f, "{}{name}", self.0)
    }
}

/// A number of bytes for people.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const GIB: u64 = 1 << 30;
        if self.0.is_multiple_of(GIB) {
            write!(f, "{} GiB", self.0 / GIB)
        } else {
            write!(f, "{} MiB", self.0 >> 20)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_with_its_setting() {
        for (error, text) in [
            (
                CompileError::Cpu(30),
                "compile: more than 30 s of CPU; engine.compile-cpu is the limit",
            ),
            (
                CompileError::Memory(2 << 30),
                "compile: more than 2 GiB of memory; engine.compile-memory is the limit",
            ),
            (
                CompileError::Memory(768 << 20),
                "compile: more than 768 MiB of memory; engine.compile-memory is the limit",
            ),
            (
                CompileError::Time(Duration::from_millis(1_500)),
                "compile: more than 1.5 s; engine.compile-timeout is the limit",
            ),
            (
                CompileError::Killed(SignalName(9)),
                "compile: the compiler was ended by signal 9 (SIGKILL)",
            ),
            (
                CompileError::Killed(SignalName(63)),
                "compile: the compiler was ended by signal 63",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
