//! The listener for clients, and the life of a request.
//!
//! In the order in which a request meets them: [`accept`] (permit first, then accept, and [`room`]
//! when there is none; the least busy worker gets the connection) -> [`worker`] (a thread of the
//! [`crew`], with its own event loop) -> [`connection`] (protocols), with [`idle`] (its times) and
//! [`wire`] (its bytes) -> [`handle`] (one request from its head to its answer) with [`inbound`],
//! [`route`] and [`preview`], [`body`], [`reply`], [`course`], [`problem`] and [`access`] ->
//! [`outgoing`] (the answer's way to the socket), with [`stream`] where its guest still runs.
//! [`budget`] counts what all of them hold, [`flow`] and [`client`] end what a client does not
//! take, [`linger`] closes a connection so that its client still reads the answer.

mod accept;
mod access;
mod activity;

pub(crate) mod admin;
mod body;
mod budget;
mod captured;
mod client;
mod connection;
mod course;
mod crew;
mod faults;
mod flow;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod guest_request;
mod handle;
mod idle;
pub mod inbound;
mod life;
mod linger;
mod outgoing;
mod preview;
pub mod problem;
mod reply;
mod report;
mod rest;
mod room;
mod route;
mod stream;
#[cfg(any(test, feature = "fuzzing"))]
mod tally;
mod tls;
mod trial;
mod unreadable;
mod wire;
mod worker;

pub use accept::{Server, ServerError};
pub use faults::{Faults, started_anew};
pub(crate) use reply::code_of;
pub use tls::{ListenerIdentity, ListenerTlsError};
