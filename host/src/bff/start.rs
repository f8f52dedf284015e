//! The way of an answer that is not whole yet, out of the run of its guest.

use tokio::io::DuplexStream;
use tokio::sync::oneshot;

use crate::contract::Response;

/// Where a guest's answer goes that is not whole yet.
pub(super) struct Start {
    pub(super) to: oneshot::Sender<Begun>,
    /// Bytes of a body at which its head is sent.
    pub(super) from: usize,
    /// Bytes that a guest may be ahead of its client once the head is sent.
    pub(super) ahead: usize,
}

/// An answer that is not whole yet.
pub(super) struct Begun {
    /// Its head, and what there is of its body.
    pub(super) response: Response,
    /// The size of the whole body, where the guest said it.
    pub(super) length: Option<u64>,
    /// What comes of the body.
    pub(super) body: DuplexStream,
}

impl Start {
    /// Hands on the head with what there is of the body. The rest is to be written.
    pub(super) fn begin(self, response: Response, length: Option<u64>) -> DuplexStream {
        let (guest, client) = tokio::io::duplex(self.ahead);
        // Without a receiver the request is over, and this guest with it.
        let _ = self.to.send(Begun {
            response,
            length,
            body: client,
        });
        guest
    }
}
