//! The calls of a guest to services. The only module that knows both the contract and the services.
//!
//! A call passes through these files in this order: [`session`] (budget, deadline, what the host
//! adds) -> [`grant`] with [`shape`] (may this BFF make it) -> [`check`] (is it legal) -> a
//! [`Service`](crate::downstream::Service) -> [`reply`] with [`select`] (what of the response
//! crosses into the guest). [`record`] has its outcome.

mod check;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod grant;
mod record;
mod repeats;
mod reply;
pub mod select;
mod session;
mod shape;
mod unreadable;

pub use error::{CallError, Fault, InvalidCall, kind_name};
pub use grant::{Grants, grants};
pub use record::{CallRecord, Target, parts, server_timing};
pub use session::{Session, SessionSettings, StartedCall};
