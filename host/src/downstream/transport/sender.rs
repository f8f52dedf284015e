//! The request sender of a connection, and the task that drives its I/O.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;

use super::error::WireError;
use super::http2;

/// The request sender of a connection.
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// A stream for one call on a shared connection.
    Http2(http2::Stream),
}

impl Sender {
    /// The call timed out: perhaps the service is not there any more.
    pub fn doubt(&self) {
        if let Self::Http2(stream) = self {
            stream.doubt();
        }
    }

    /// The meaning of an exchange's error for its call.
    pub fn explain(&self, error: WireError) -> WireError {
        match (self, error) {
            (Self::Http2(stream), WireError::Http2(error)) => stream.explain(error),
            (_, error) => error,
        }
    }
}

/// The task that drives a connection until it ends. How it ended is sent to the call that waits for
/// an answer on it.
pub type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection that was opened.
pub struct Dialed {
    /// Its request sender.
    pub sender: Sender,
    /// The task that drives it.
    pub driver: Driver,
    /// The number of the TLS files that it was made with.
    pub identity: u32,
}
