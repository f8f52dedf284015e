//! What the host says about itself: metrics, logs, and the one line a request. A leaf: it observes and decides nothing.

pub mod log;
pub mod metrics;
