//! The services behind the BFFs: who may call what, within which limits, over which connections.
//!
//! The way of a call, in the order of the files: [`session`] (grant, call budget, deadline, what the host adds) ->
//! [`outbound`] (is the call legal) -> [`service`] (the service's own limits and transport) -> [`call`] and [`pool`] (the
//! wire) -> [`select`] (which values of the answer cross into the guest). Knows nothing of components, routes or clients.

mod call;
mod error;
mod outbound;
mod pool;
pub mod select;
mod service;
mod session;

pub use call::Answer;
pub use error::{DownstreamError, InvalidCall, Phase, Rejection, kind_name};
pub use outbound::{Outbound, cut, forbidden};
pub use service::{Canned, CannedAnswer, Service};
pub use session::{CallRecord, Grants, Session, SessionSettings};
