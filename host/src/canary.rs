//! The gate of a canary: whether a candidate that serves a share of the requests goes on, waits or
//! goes back.
//!
//! All of it is arithmetic on what the caller records: no clock, no file, no socket. Time is passed
//! in as the time since the rollout began.
//!
//! *Each time something bad happens, ask only: was it on the candidate?* If the two versions are
//! alike, that is a coin whose probability is the candidate's share, whatever the traffic does. An
//! outage of a service hits both, and proves nothing against either. `etest.rs` keeps the score of
//! that coin, and [`BOUNDS`] says how high it may go.
//!
//! The score begins again with each step of the plan. Clients that change tracks with a greater
//! share would otherwise be counted on both, and rates of two shares cannot be added up.

mod bounds;
mod etest;
mod gate;
mod marks;
mod plan;
mod record;
mod slow;
mod split;

#[cfg(test)]
mod tests;

pub use gate::Gate;
pub use plan::{BOUNDS, Inconclusive, Plan, PlanError, Step};
pub use record::{Bad, Counts, Evidence, Failed, Lack, Outcome, Rule, Score, Verdict};
pub use split::{Client, Split, Ticket, Track};
