//! What the host says about itself: numbers, and a line for each request. A leaf: it observes and
//! decides nothing. Other log lines are events of `tracing`; the program decides where all lines
//! go.

pub mod access_log;
pub mod metrics;
pub(crate) mod sample;
