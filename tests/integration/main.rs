//! The tests of the whole: one binary, one module a subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod golden;
mod modules;
mod wire;

mod http;
mod smoke;
