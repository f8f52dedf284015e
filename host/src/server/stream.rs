//! An answer whose guest still runs: the guest gets a task of its own, on the worker where it
//! began, and its client the body that it makes. Each ends with the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use http::{Method, Response};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::access::Access;
use super::budget::HeldBytes;
use super::flow::Flow;
use super::outgoing::{Outgoing, StreamedBody};
use super::problem::Code;
use super::reply::{self, Reply, Rest, add_fields};
use super::report::report;
use super::worker::Worker;
use crate::bff::error::BffError;
use crate::bff::streamed;
use crate::bff::version::Version;
use crate::recording::{Capture, Ended, Outcome};

/// What goes with an answer to its end.
pub(super) struct Sending {
    pub(super) access: Access,
    pub(super) held: HeldBytes,
    pub(super) flow: Arc<Flow>,
    pub(super) http2: bool,
}

/// Begins to send an answer. One to HEAD is its head, and its guest ends.
pub(super) fn send(
    worker: &Arc<Worker>,
    reply: Reply,
    rest: Rest,
    method: &Method,
    sending: Sending,
) -> Response<Outgoing> {
    let Sending {
        mut access,
        held,
        flow,
        http2,
    } = sending;
    let (mut parts, first) = reply.response.into_parts();
    add_fields(&mut parts.headers, &access);
    let status = parts.status.as_u16();
    if *method == Method::HEAD {
        access.end(reply.outcome, status, 0);
        return Response::from_parts(parts, Outgoing::empty());
    }
    let (tell, ended) = oneshot::channel();
    let guest = Guest {
        worker: worker.clone(),
        version: rest.version,
        request_id: access.id.as_str().to_owned(),
        capture: rest.capture,
        status,
    };
    let streamed = rest.streamed;
    let of_stream = http2.then(|| flow.clone());
    let body = StreamedBody {
        first,
        source: streamed.body,
        length: streamed.length,
        ended,
        guest: spawn(guest.run(streamed.rest, tell, of_stream)),
        flow,
        held,
        floor: rest.held,
        access,
        status,
        running: None,
        buffer: BytesMut::new(),
        sent: 0,
    };
    Response::from_parts(parts, Outgoing::streamed(body))
}

/// The guest of an answer, and what is to be said when it ends.
struct Guest {
    worker: Arc<Worker>,
    version: Arc<Version>,
    request_id: String,
    capture: Option<Capture>,
    /// The status that was sent.
    status: u16,
}

impl Guest {
    /// Runs it to its end. `flow` is that of an answer over HTTP/2, of which it is the only one.
    async fn run(
        self,
        rest: streamed::Rest,
        tell: oneshot::Sender<Result<(), Code>>,
        flow: Option<Arc<Flow>>,
    ) {
        let _running = self.worker.count_request();
        // A bug of the host ends one request, as it does before there is a head.
        let ended = AssertUnwindSafe(rest).catch_unwind().await;
        let ended = ended.unwrap_or(Err(BffError::HostPanic));
        if let Err(error) = &ended {
            report(error, &self.version, &self.request_id);
        }
        if let Some(capture) = self.capture {
            let how = how_it_ended(self.version, self.status, &ended);
            self.worker.shared.recordings.ended(capture, how);
        }
        // The client may be gone.
        let _ = tell.send(ended.map_err(|error| reply::code(&error)));
        if let Some(flow) = flow {
            flow.is_made();
        }
    }
}

/// How a request that may be recorded has ended.
fn how_it_ended(version: Arc<Version>, status: u16, ended: &Result<(), BffError>) -> Ended {
    match ended {
        Ok(()) => Ended {
            version,
            code: status.to_string(),
            outcome: Outcome::Answered(status),
            failed: status >= 500,
        },
        Err(error) => Ended {
            version,
            code: reply::code(error).as_str().to_owned(),
            outcome: Outcome::Failed(error.to_string()),
            failed: true,
        },
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "one of the few places that start a task: a guest, which the body of its answer ends"
)]
fn spawn(guest: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(guest).abort_handle()
}
