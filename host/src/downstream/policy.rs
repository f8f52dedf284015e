//! Decides about calls, mostly without sockets and logs. [`pipeline`](super::pipeline) has the
//! order of the steps.
//!
//! Time is an argument, or tokio's clock where something waits, so that tests run on a clock of
//! their own.

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
