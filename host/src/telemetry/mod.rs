//! What the host says about itself in numbers. A leaf: it observes and decides nothing. Log lines are events of `tracing`, made
//! where things happen; the program says where they go.

pub mod metrics;
