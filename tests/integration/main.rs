//! The tests of the whole: one binary, one module a subject.

// Not `expect`: clippy allows them in functions marked as tests by itself, so that whether they occur depends on the helpers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod golden;
mod modules;
mod wire;

mod http;
mod http2;
mod http_fields;
mod server;
mod server_stop;

mod downstream;
mod faults;
mod observe;
mod smoke;
mod swap;
