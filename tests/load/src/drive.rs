//! Generates load, and measures the latency of each request.
//!
//! Threads with an event loop each hold the connections. In a closed loop each connection sends
//! requests again as soon as it has its answer: this finds the maximum throughput of a system. In
//! an open loop requests are due at fixed times, whether or not earlier ones are answered, and a
//! latency counts from the time when the request was due: a system that stalls is charged for all
//! the requests that had to wait, those that could not even be sent included (no coordinated
//! omission).

mod client;
mod loops;
mod pace;

pub use client::{Client, ClientResponse, Expected, Protocol};
pub use loops::{Load, Outcome, Pace, drive};
pub use pace::Schedule;
