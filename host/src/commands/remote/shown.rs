//! The token that a command shows to a host.

use std::time::Instant;

use futures_util::future::BoxFuture;
use http::HeaderValue;

/// A token, as a field.
#[derive(Clone)]
pub struct Shown {
    pub authorization: HeaderValue,
    /// When to ask for another one.
    pub due: Option<Instant>,
}

/// Where tokens come from that live shorter than some commands.
pub trait Renewal: Send + Sync {
    /// Another one. `None` where there is none, for which the reason is told.
    fn renew(&self) -> BoxFuture<'_, Option<Shown>>;
}
