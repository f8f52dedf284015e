//! The tests of the whole: one binary, one module a subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod golden;
mod modules;
mod wire;

mod http;
mod http2;
mod http_fields;
mod server;
mod server_stop;
mod smoke;
