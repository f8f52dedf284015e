//! Components of others: those whose contract is `wasi:http/incoming-handler` instead of the host's
//! own. They run under the same limits and by the same path.
//!
//! [`incoming`] makes the guest's request, [`outgoing`] makes calls of its requests, for which
//! [`target`] finds the service, and [`answer`] collects its response.

mod answer;
mod incoming;
pub(super) mod outgoing;
mod target;

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::Linker;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

pub(super) use answer::Unanswered;
pub(super) use incoming::TooLong;

use super::state::StoreData;
use crate::contract::{Request, Response};

/// Links `wasi:http`.
pub(super) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Has a component answer a request, with a body of at most `max_size` bytes.
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
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(Scheme::Http, request)?;
    let out = http.new_response_outparam(sender)?;
    let component = component.instantiate_async(&mut *store).await?;
    let has_begun = AtomicBool::new(false);
    let answer = pin!(answer::collect(receiver, max_size, &has_begun));
    let handler = component.wasi_http_incoming_handler();
    let guest = pin!(handler.call_handle(store, request, out));
    match select(guest, answer).await {
        Either::Left((ended, answer)) => {
            ended?;
            // All that the guest wrote lies there. Whatever has not come by now never will, and a
            // busy thread must not make it look so.
            let rest = tokio::task::unconstrained(answer).now_or_never();
            Ok(rest.unwrap_or_else(|| Err(Unanswered::at(&has_begun)))?)
        }
        // The guest may have something left to do.
        Either::Right((answer, guest)) => {
            let answer = answer?;
            guest.await?;
            Ok(answer)
        }
    }
}

impl Unanswered {
    /// What is missing when the guest has ended.
    fn at(has_begun: &AtomicBool) -> Self {
        match has_begun.load(Ordering::Relaxed) {
            true => Self::Unfinished,
            false => Self::Unset,
        }
    }
}
