//! What decides about calls: no sockets and no logs in most of it. [`pipeline`](super::pipeline)
//! says in which order a call meets these.
//!
//! Time comes in as an argument, or from tokio's clock where something waits, so that tests run on
//! a clock of their own.

pub mod attempts;
pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod cache;
pub mod coalesce;
pub mod credentials;
pub mod fallback;
pub mod gate;
pub mod hold;
pub mod latency;
pub mod pattern;
pub mod rate;
