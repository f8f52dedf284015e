//! One named service: its policy, its transport and its statistics. Knows no guest and no contract.
//!
//! A call enters with [`Service::call`]. [`pipeline`] leads it through its steps, in the order of
//! that module; the parts of [`policy`] decide, [`transport`] sends. [`status`] says whose fault an
//! outcome is.

mod call;
mod class;
mod deadline;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod log_interval;
#[cfg(test)]
mod model;
mod origin;
mod pipeline;
pub(crate) mod policy;
mod request;
mod response;
mod retry_after;
mod service;
mod services;
pub(crate) mod status;
mod trace;
mod transport;
mod window;

pub use call::{CallOutcome, CallRequest, Limits, Readable};
pub use class::{CallClass, Effect};
pub use error::{Cause, Phase, Rejection, Scripted, TimeLimit};
pub use origin::{Origin, OriginSettings};
pub use pipeline::{Pipeline, ServiceError};
pub use policy::bulkhead::Member;
pub use policy::gate::Gate;
pub use request::{ServiceRequest, TIME_LEFT};
pub use response::ServiceResponse;
pub use retry_after::bounded_rest;
pub use service::{Canned, CannedAnswer, Service};
pub use services::Services;
pub use trace::{Source, Trace};
pub use transport::{EndpointState, EndpointStatus, TlsError, trusting};
