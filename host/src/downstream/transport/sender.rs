//! The request sender of a connection, and the task that drives its I/O.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;

use super::error::WireError;
use super::http2;

/// What sends on a connection.
pub enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// A place for one call on a connection that several share.
    Http2(http2::Stream),
}

impl Sender {
    /// The call timed out: perhaps the service is not there any more.
    pub fn doubt(&self) {
        if let Self::Http2(stream) = self {
            stream.doubt();
        }
    }

    /// What an error of the exchange means for its call.
    pub fn explain(&self, error: WireError) -> WireError {
        match (self, error) {
            (Self::Http2(stream), WireError::Http2(error)) => stream.explain(error),
            (_, error) => error,
        }
    }
}

/// What moves the bytes of a connection, until it ends. How it ended is sent to the call that waits
/// for an answer on it.
pub type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection that was opened.
pub struct Dialed {
    /// What sends on it.
    pub sender: Sender,
    /// What moves its bytes.
    pub driver: Driver,
    /// The number of the TLS files that it was made with.
    pub identity: u32,
}
