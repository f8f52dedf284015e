//! The tests of the whole: one binary, one module a subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod smoke;
