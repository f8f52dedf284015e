//! What a candidate would answer, on the requests that clients make now, before any client gets it.
//!
//! While a shadow of a BFF runs, a part of its GET requests is taped. After the answer has left,
//! the candidate runs on the tape: the same request, the same clocks and random bytes, and of each
//! call the result that the live version had. Nothing that it does leaves the host, and no client
//! waits for it: one run at a time in the whole host, apart from the workers, within a budget of
//! CPU time and memory of which each shadow has the same part. What does not fit in is left out and
//! counted.
//!
//! The first record, and each twentieth, also runs the live version again: with other random bytes,
//! and at another time. Where that differs from its own answer, a difference of the candidate says
//! nothing, unless a far larger share of its runs has it.

mod again;
mod budget;
mod difference;
mod names;
mod noise;
mod report;
mod run;
mod shadows;
mod state;

pub use shadows::Shadows;
pub use state::{Capture, Ended, NewShadow};
