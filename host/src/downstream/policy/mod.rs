//! The parts of a service's policy, in the order in which a call meets them. Most only decide: no sockets and no logs.
//!
//! Time comes in as an argument, or from tokio's clock where something waits, so that tests run on a clock of their own.

pub mod shape;

pub mod cache;
pub mod coalesce;

pub mod gate;
pub mod repeats;

pub mod breaker;
pub mod bulkhead;

pub mod attempts;
pub mod backoff;
pub mod budget;
pub mod credentials;
pub mod latency;

pub mod fallback;
