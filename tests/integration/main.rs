//! The tests of the whole: one binary, one module a subject.

// Not `expect`: clippy allows them in functions marked as tests by itself, so that whether they
// occur depends on the helpers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod disk;
mod golden;
mod modules;
mod windows;
mod wire;

mod admin;
mod admin_held;
mod admin_names;
mod cli;
mod cli_call;
mod compile_child;
mod data_dir;
mod frames;
mod handover;
mod heads;
mod http;
mod http2;
mod http2_attacks;
mod http_fields;
mod hung_files;
mod memory;
mod process;
mod process_log;
mod server;
mod server_stop;
mod stop;
mod uploads;
mod worker_restart;

mod bffs;
mod deploys;
mod downstream;
mod drills;
mod exhausted;
mod fairness;
mod faults;
mod hostile;
mod life_of_a_call;
mod linked;
mod log_lines;
mod numbers;
mod observe;
mod paths;
mod smoke;
mod structure;
mod swap;
mod unreadable;
mod weather;
