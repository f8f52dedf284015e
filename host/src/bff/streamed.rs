//! Answers whose bodies are made while their clients read them. Only components of others have
//! them: a guest of the host's own contract returns its answer whole.
//!
//! Until its head is sent, such an answer is like any other: what is wrong with it, and how its
//! guest ends, becomes a problem document. The rest of the guest's run is handed to the caller.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::io::DuplexStream;
use tokio::sync::oneshot;

use super::admission::OwnedPermit;
use super::error::BffError;
use super::response::{self, CheckedResponse};
use super::run::{Invocation, annotate, run};
use super::runtime::Runtime;
use super::start::Start;
use super::version::Version;

/// An answer of a BFF.
pub enum Answer {
    /// With its body.
    Whole(CheckedResponse),
    /// The head, and what there is of the body: checked as any answer is. The rest is being made.
    Streamed(CheckedResponse, Streamed),
}

/// The rest of an answer whose guest still runs. The guest ends when this is dropped.
pub struct Streamed {
    /// The size of the whole body, where the guest said it. It is held to that.
    pub length: Option<u64>,
    /// Bytes of the body that the guest may be ahead of its client.
    pub ahead: usize,
    /// What the guest writes from here on. It ends, in whichever way, with the guest.
    pub body: DuplexStream,
    /// Runs the guest to its end.
    pub rest: Rest,
}

/// The rest of a guest's run: whether the answer is whole then, or how the guest ended.
pub type Rest = Pin<Box<dyn Future<Output = Result<(), BffError>> + Send>>;

/// Runs a request on a version of a component of others, until there is an answer or its head.
///
/// # Errors
///
/// As [`run`].
pub async fn answer(
    runtime: Arc<Runtime>,
    version: &Arc<Version>,
    mut invocation: Box<Invocation>,
    permit: OwnedPermit,
) -> Result<Answer, BffError> {
    let limits = &version.settings().limits;
    let (to, mut begun) = oneshot::channel();
    invocation.start = Some(Start {
        to,
        from: limits.streamed_from,
        ahead: limits.stream_ahead,
    });
    let (session, usage) = (invocation.session.clone(), invocation.usage.clone());
    let arrived = invocation.deadline - version.settings().deadline;
    let of = version.clone();
    let mut running = Box::pin(async move {
        let _permit = permit;
        run(&runtime, &of, invocation).await
    });
    let first = poll_fn(|context| match running.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Err(answer)),
        // It comes out of what was just polled, so nobody has to be woken for it.
        Poll::Pending => begun
            .try_recv()
            .map_or(Poll::Pending, |it| Poll::Ready(Ok(it))),
    });
    let begun = match first.await {
        Ok(begun) => begun,
        Err(answer) => return answer.map(Answer::Whole),
    };
    let mut checked = response::check(begun.response, limits.response_size)?;
    annotate(
        &mut checked.headers,
        &session.records(),
        version,
        &usage,
        arrived,
    );
    let rest = Streamed {
        length: begun.length,
        ahead: limits.stream_ahead,
        body: begun.body,
        // All that was left of the answer was written.
        rest: Box::pin(async move { running.await.map(drop) }),
    };
    Ok(Answer::Streamed(checked, rest))
}
