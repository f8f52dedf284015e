//! What is learned of a call while it is made, for its record.

use bytes::Bytes;

use crate::calls::record::Target;
use crate::contract::{Failure, Reply};
use crate::downstream::Trace;
use crate::tape::{Answered, CallResult};

/// What is known of a call, however it ends.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) trace: Trace,
    pub(super) bytes: usize,
    pub(super) sent: usize,
    pub(super) target: Option<Box<Target>>,
    /// The body of the answer, where the call is kept on a tape.
    pub(super) body: Option<Bytes>,
}

impl Seen {
    /// What the guest was told, for a tape.
    pub(super) fn result_of(&mut self, result: &Result<Reply, Failure>) -> CallResult {
        match result {
            Ok(reply) => CallResult::Answered(Answered {
                status: reply.status,
                headers: reply.headers.clone(),
                body: self.body.take().unwrap_or_default(),
                source: reply.source,
            }),
            Err(failure) => CallResult::Failed(failure.clone()),
        }
    }
}
