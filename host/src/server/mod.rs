//! The listener for clients, and the life of a request.
//!
//! In the order in which a request meets them: [`accept`] (permit first, then accept; the least busy worker gets the
//! connection) -> [`worker`] (a thread with its own event loop) -> [`connection`] (protocols and timeouts) -> [`handle`]
//! (one request from its head to its answer) with [`inbound`], [`body`], [`reply`], [`problem`] and [`access`].

mod accept;
mod access;

pub mod admin;
mod body;
mod connection;
mod handle;
pub mod inbound;
mod life;
pub mod problem;
mod reply;
mod unreadable;
mod worker;

pub use accept::{Server, ServerError};
