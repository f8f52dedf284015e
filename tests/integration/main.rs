//! The tests of the whole: one binary, one module a subject.

// Not `expect`: clippy allows them in functions marked as tests by itself, so that whether they occur depends on the helpers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod smoke;
