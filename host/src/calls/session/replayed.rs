//! The result of a call that is on a tape.

use std::future::pending;

use super::seen::Seen;
use crate::calls::error::InvalidCall;
use crate::calls::reply::replayed as read;
use crate::calls::select::Selection;
use crate::contract::{Call, Failure, FailureKind, Reply, Source};
use crate::downstream::{self, Cause};
use crate::tape::{Answered, CallResult, Player};

/// What the tape says of a call. Waits for ever where nobody waited in the recorded run.
///
/// # Errors
///
/// The failure on the tape.
pub(super) async fn replayed(
    player: &Player,
    number: u32,
    call: &Call,
    seen: &mut Seen,
) -> Result<Reply, Failure> {
    seen.sent = call.body.as_bytes().len();
    let answered = match player.result(number) {
        Some(CallResult::Answered(answered)) => answered,
        Some(CallResult::Failed(failure)) => return Err(failure),
        None => return pending().await,
    };
    seen.bytes = answered.body.len();
    seen.trace.source = match answered.source {
        Source::Live => downstream::Source::Live,
        Source::Cached => downstream::Source::Cached,
        Source::Stale => downstream::Source::Stale,
        Source::Fallback => downstream::Source::Fallback,
    };
    reply(answered, &call.select).map_err(|detail| Failure {
        kind: FailureKind::Malformed,
        sent: true,
        detail,
    })
}

/// The reply that the guest gets. It picks values as in the recorded run, and cannot fail in
/// another way than a file that somebody edited.
fn reply(answered: Answered, select: &[String]) -> Result<Reply, String> {
    let selection = match select {
        [] => None,
        select => {
            Some(Selection::parse(select).map_err(|error| InvalidCall::from(error).to_string())?)
        }
    };
    read(answered, selection.as_ref()).map_err(|cause: Cause| cause.to_string())
}
