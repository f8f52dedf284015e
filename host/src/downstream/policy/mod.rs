//! The parts of a service's policy that only decide, in the order in which a call meets them: no sockets and no logs.
//!
//! Time comes in as an argument, or from tokio's clock where something waits, so that tests run on a clock of their own.

pub mod attempts;
pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod gate;
pub mod latency;
pub mod repeats;
