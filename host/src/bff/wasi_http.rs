//! Components of others: those whose contract is `wasi:http/incoming-handler` instead of the host's
//! own. They run under the same limits and by the same path.
//!
//! [`incoming`] makes the guest's request, [`outgoing`] makes calls of its requests, for which
//! [`target`] finds the service, and [`answer`] takes its response. A body that its guest writes
//! without a wait is collected. Of another one the head is sent when the guest first waits, and the
//! rest is passed on as it is written.

mod answer;
mod incoming;
pub(super) mod outgoing;
mod target;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use wasmtime::Store;
use wasmtime::component::Linker;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

pub(super) use answer::Unanswered;
pub(super) use incoming::TooLong;

use self::answer::Answer;
use super::start::Start;
use super::state::StoreData;
use crate::contract::{Payload, Request, Response};

/// Links `wasi:http`.
pub(super) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Has a component answer a request, with a body of at most `max_size` bytes. Of an answer whose
/// body goes another way, the status is left.
///
/// # Errors
///
/// How the guest ended, or [`Unanswered`].
pub(super) async fn handle(
    component: &ProxyPre<StoreData>,
    store: &mut Store<StoreData>,
    request: Request,
    max_size: usize,
) -> wasmtime::Result<Response> {
    let session = store.data().session.clone();
    let request = incoming::request(request, |host| session.is_granted(host))?;
    let (sender, receiver) = oneshot::channel();
    let data = store.data_mut();
    let usage = data.limits.usage.clone();
    let mut start = data.wasi_http.as_mut().and_then(|http| http.start.take());
    let mut http = data.http();
    let request = http.new_incoming_request(Scheme::Http, request)?;
    let out = http.new_response_outparam(sender)?;
    let component = component.instantiate_async(&mut *store).await?;
    let handler = component.wasi_http_incoming_handler();
    let mut guest = pin!(handler.call_handle(store, request, out));
    let mut answer = Answer::new(receiver, max_size);
    let mut has_ended = false;
    let first = poll_fn(|context| {
        loop {
            if !has_ended && guest.as_mut().poll(context)?.is_ready() {
                has_ended = true;
            }
            let before = answer.size();
            if answer.poll(context)?.is_ready() {
                return Poll::Ready(Ok(None));
            }
            if has_ended {
                // All that the guest wrote lies there: the rest will never come.
                return Poll::Ready(Err(wasmtime::Error::from(answer.lacks())));
            }
            // On a slow machine each of its runs may end so, and no wait is seen in between.
            let is_interrupted = usage.is_interrupted();
            let waits = !is_interrupted && answer.size() == before;
            if answer.can_begin()
                && let Some(start) = start.take_if(|it| waits || answer.size() > it.from)
            {
                return Poll::Ready(Ok(Some(start)));
            }
            if is_interrupted || waits {
                return Poll::Pending;
            }
            // There is room again for what it writes.
        }
    });
    // The runtime has a pending future now and then only so that others get their turn. Here that
    // would look like a wait, and it is the engine's tick that gives others their turn.
    match unconstrained(first).await? {
        Some(start) => stream(guest, answer, start).await,
        None => {
            let response = answer.whole()?;
            if !has_ended {
                // It may have something left to do.
                guest.await?;
            }
            Ok(response)
        }
    }
}

/// Has the guest write the rest of an answer to its client.
async fn stream(
    guest: Pin<&mut impl Future<Output = wasmtime::Result<()>>>,
    answer: Answer,
    start: Start,
) -> wasmtime::Result<Response> {
    let (response, mut rest) = answer.begin()?;
    let status = response.status;
    let mut client = start.begin(response, rest.length());
    let is_full = AtomicBool::new(false);
    {
        let passed = pin!(rest.pass_on(&mut client, &is_full));
        match select(guest, passed).await {
            Either::Left((ended, mut passed)) => {
                ended?;
                // What the guest has not written by now never comes; the client may still have to
                // take the rest.
                let left = poll_fn(|context| match passed.as_mut().poll(context) {
                    Poll::Pending if !is_full.load(Ordering::Relaxed) => {
                        Poll::Ready(Err(Unanswered::Unfinished))
                    }
                    polled => polled,
                });
                unconstrained(left).await?;
            }
            Either::Right((passed, guest)) => {
                passed?;
                guest.await?;
            }
        }
    }
    rest.end(&mut client).await;
    Ok(Response {
        status,
        headers: Vec::new(),
        body: Payload::None,
    })
}
