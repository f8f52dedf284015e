//! The services behind the BFFs: who may call what, within which limits, over which connections.
//!
//! The way of a call, in the order of the files: [`session`] (call budget, deadline, what the host adds) -> [`grant`] (may this
//! BFF call it) -> [`outbound`] (is the call legal) -> [`service`] and [`way`], which leads through the parts of [`policy`] ->
//! [`transport`] (the wire) -> [`reply`] and [`select`] (what of the answer crosses into the guest). Knows nothing of
//! components, routes or clients.

mod error;
mod grant;
mod outbound;
pub mod policy;
mod record;
mod reply;
pub mod select;
mod service;
mod services;
mod session;
mod token_endpoint;
mod transport;
mod way;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

pub use error::{DownstreamError, InvalidCall, Phase, Rejection, kind_name};
pub use grant::Grants;
pub use outbound::{Outbound, cut, forbidden};
pub use policy::gate::Gate;
pub use record::{CallRecord, Trace, parts, server_timing};
pub use service::{Canned, CannedAnswer, Service, ServiceError};
pub use services::Services;
pub use session::{Session, SessionSettings};
pub use transport::{EndpointState, Standing};
pub use way::Way;

/// An answer of a service, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All fields as they came.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}
