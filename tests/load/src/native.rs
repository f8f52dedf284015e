//! The native twin: what a good engineer would write for the example BFFs if there were no sandbox.
//!
//! One multi-thread runtime, hyper as server, hyper-util's pooled client, serde_json into structs,
//! calls side by side. Its answers are those of the BFFs in `bffs/`, byte for byte; the load test
//! refuses to measure it otherwise. It has what such a program needs in production (limits on heads
//! and bodies, time limits on calls), and nothing of what a host adds (request ids, traces,
//! metrics, an access log, replacing a BFF while it runs).

mod answer;
mod dashboard;
mod date;
mod history;
mod partner;
mod query;
mod screen;
mod server;
mod services;
mod watch;

pub use server::serve;
pub use services::Services;
