//! The five fitness services that the example BFFs call, with faults on demand and a record of what
//! was received.
//!
//! [`Services::start`] runs all five in this process, for tests; the binary `downstream-mock` runs
//! them for the demo. The data is a pure function of user and date ([`answer()`] gives it without a
//! socket). Nothing here knows the host: it is an ordinary set of HTTP services, so that what works
//! against it works against real ones.
//!
//! [`scripted`] is a service that the test scripts, for all that the five do not do.

pub mod scripted;

mod control;
mod running;
mod services;

mod site;

mod command;
mod listener;
mod sync;
mod wire;

mod answer;
mod body;
mod fault;
mod record;

mod problem;
mod service;

mod data;

pub use answer::{MockResponse, answer};
pub use fault::{Fault, FaultKind, Garbling, InvalidFault};
pub use record::{Counts, Outcome, ReceivedRequest};
pub use running::SetFaultError;
pub use service::{Service, UnknownService};
pub use services::{Options, Services, StartError};

#[cfg(test)]
mod tests;
