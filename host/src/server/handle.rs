//! The life of a request, from its head to its answer. Reads from top to bottom in the order in
//! which things happen; each step can end it with one status and one code.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use super::access::Access;
use super::body::{Body, BodyError};
use super::budget::{Full, HeldBytes};
use super::captured::Captured;
use super::client::Admitted;
use super::course::Course;
use super::guest_request::guest_request;
use super::inbound::Head;
use super::outgoing::{Outgoing, PIECE};
use super::preview::{self, Shown};
use super::problem::Code;
use super::reply::{self, Reply, Rest};
use super::report::report;
use super::route::{Routed, route};
use super::stream::{self, Sending};
use super::worker::Worker;
use crate::bff::error::BffError;
use crate::bff::response::CheckedResponse;
use crate::bff::run::{self, Fixed, IncomingRequest, Invocation};
use crate::bff::streamed::{self, Answer};
use crate::bff::version::Version;
use crate::development::{Failure, Observer};
use crate::telemetry::metrics::Outcome;

/// The host has no room for a request: its stream ends unanswered, and the client may send it
/// again.
#[derive(Debug, Error)]
#[error("{Full}")]
pub(super) struct Refused(#[source] h2::Error);

/// Refuses a request of HTTP/2: an answer would be one more thing to hold.
pub(super) fn refuse(worker: &Arc<Worker>, request: Request<Incoming>) -> Refused {
    let (parts, _body) = request.into_parts();
    let (code, mut access) = (Code::HostMemory, Access::begin(worker.clone(), &parts));
    access.end(Outcome::Failed(code.as_str()), code.status().as_u16(), 0);
    Refused(h2::Reason::REFUSED_STREAM.into())
}

/// Answers a request.
pub(super) async fn handle(
    worker: &Arc<Worker>,
    request: Request<Incoming>,
    admitted: Admitted,
) -> Response<Outgoing> {
    let Admitted { client, flow, held } = admitted;
    let (parts, body) = request.into_parts();
    let mut body = Body::new(body);
    let method = parts.method.clone();
    let http2 = parts.version == http::Version::HTTP_2;
    let mut access = Access::begin(worker.clone(), &parts);
    let (reply, held) = match held {
        Ok(mut held) => {
            let reply = caught(worker, parts, &mut body, &mut held, &mut access).await;
            (reply, Some(held))
        }
        Err(Full) => (Ok(Reply::full(&access)), None),
    };
    match reply {
        Ok(mut reply) => {
            client.unread.store(body.is_unread(), Ordering::Relaxed);
            if body.is_long() && !http2 {
                reply.close();
            }
            if let Some(rest) = reply.rest.take()
                && let Some(held) = held
            {
                let sending = Sending {
                    access,
                    held,
                    flow,
                    http2,
                };
                return stream::send(worker, reply, *rest, &method, sending);
            }
            let send = |bytes| Outgoing::new(bytes, held, flow, http2);
            reply.finish(&mut access, &method, send)
        }
        // The client is gone, or it sent half a request and must not take it for accepted.
        Err(ClientGone) => {
            let mut response = Response::new(Outgoing::empty());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}

/// The client disconnected while its request was read.
struct ClientGone;

/// A bug of the host ends one request, not the thread that serves all others. The request's state
/// is dropped with its future, so nothing that the panic left inconsistent is used again.
async fn caught(
    worker: &Arc<Worker>,
    parts: Parts,
    body: &mut Body,
    held: &mut HeldBytes,
    access: &mut Access,
) -> Result<Reply, ClientGone> {
    // Boxed, because to be caught it is moved twice.
    let answer = Box::pin(answer(worker, parts, body, held, access));
    let reply = AssertUnwindSafe(answer).catch_unwind().await;
    reply.unwrap_or_else(|_| {
        tracing::error!(
            request_id = access.id.as_str(),
            "the host failed on this request"
        );
        Ok(Reply::problem(Code::HostPanic, "", access))
    })
}

async fn answer(
    worker: &Arc<Worker>,
    mut parts: Parts,
    body: &mut Body,
    held: &mut HeldBytes,
    access: &mut Access,
) -> Result<Reply, ClientGone> {
    // Head.
    let head = match Head::read(&mut parts) {
        Ok(head) => head,
        Err(rejection) => return Ok(Reply::rejection(&rejection, access)),
    };

    // Route. The version is fixed here: a swap does not change a running request.
    let routed = match route(worker, &head, access) {
        Ok(routed) => routed,
        Err(reply) => return Ok(*reply),
    };
    let (target, rest, record, version, course) = match routed {
        Routed::Live(target, rest, record) => {
            let (version, turn) = target.bff.take(head.headers);
            let course = turn.as_ref().map_or(Course::Live, Course::of);
            access.routed(target.clone(), version.clone(), turn);
            (target, rest, record, version, course)
        }
        Routed::Preview(asked) => {
            let found = Box::pin(preview::find(worker, &head, asked, access)).await;
            let Shown {
                target,
                rest,
                version,
            } = match found {
                Ok(shown) => shown,
                Err(reply) => return Ok(*reply),
            };
            access.routed_to_preview(target.clone(), version.clone());
            (target, rest, None, Some(version), Course::Preview)
        }
    };
    // In a host for development, browsers get a page.
    let observer = worker.shared.observer.clone();
    let pages = observer.as_deref().filter(|_| takes_pages(head.headers));
    let Some(version) = version else {
        let reply = Reply::problem(Code::BffUnavailable, "", access);
        return Ok(with_page(reply, pages, Code::BffUnavailable, None, access));
    };
    if let Err(Full) = held.routed(version.admission().held()) {
        return Ok(Reply::full(access));
    }

    // Body.
    let before = held.bytes();
    let body = match body.read(head.method, &worker.settings, held).await {
        Ok(body) => body,
        Err(BodyError::ClientGone) => return Err(ClientGone),
        Err(error) => {
            held.shrink(before);
            return Ok(Reply::problem(error.code(), &error.detail(), access));
        }
    };
    access.bytes_in = body.len();
    let request = guest_request(&head, rest, &target, access, body);
    if let Some(observer) = &observer {
        observer.begun(&request);
    }
    let mut captured = match course {
        Course::Preview => {
            preview::remove_token(&mut parts.headers);
            Captured::default()
        }
        _ => Captured::begin(worker, &version, record, &request),
    };
    let incoming = IncomingRequest {
        request,
        request_id: access.id.header(),
        traceparent: access.trace.header(),
        tracestate: access.trace.state().cloned(),
        client_headers: parts.headers,
        // The deadline counts from here: a client that takes its time to send a body does not spend
        // its BFF's.
        arrived: Instant::now(),
        worker: worker.index,
        scheduler: Some(worker.scheduler.clone()),
        keeps_targets: observer.is_some(),
        fixed: Fixed {
            tap: captured.tap(),
            ..Fixed::default()
        },
    };

    // Admit, run, check.
    let invocation = Invocation::new(&version, incoming);
    captured.uses(&invocation.usage);
    // Without chunks, a client could not tell an answer that was cut off from a whole one.
    let answer = if version.streams() && parts.version >= http::Version::HTTP_11 {
        match Box::pin(admit_and_begin(worker, &version, invocation, access)).await {
            Ok(Answer::Streamed(mut answer, streamed)) => {
                course.mark(&mut answer.headers, &version);
                let rest = Rest {
                    streamed,
                    version,
                    held: 0,
                    capture: captured.into_recording(),
                };
                return Ok(begun(answer, rest, held, access));
            }
            Ok(Answer::Whole(answer)) => Ok(answer),
            Err(error) => Err(error),
        }
    } else {
        admit_and_run(worker, &version, invocation, access).await
    };
    // The body went with the guest.
    held.shrink(before);
    captured.ended(worker, &version, &answer);
    Ok(match answer {
        Ok(mut answer) => {
            course.mark(&mut answer.headers, &version);
            match held.answer(answer.body.len()) {
                Ok(()) => Reply::answer(answer),
                Err(Full) => Reply::full(access),
            }
        }
        Err(error) => {
            report(&error, &version, access.id.as_str());
            let reply = Reply::bff_error(&error, access);
            with_page(reply, pages, reply::code(&error), Some(&error), access)
        }
    })
}

/// An answer whose guest still runs. What its client has not taken is bounded, and held.
fn begun(answer: CheckedResponse, mut rest: Rest, held: &mut HeldBytes, access: &Access) -> Reply {
    let room = held.grow(rest.streamed.ahead + PIECE);
    rest.held = held.bytes();
    match room.and_then(|()| held.answer(answer.body.len())) {
        Ok(()) => Reply::begun(answer, rest),
        Err(Full) => Reply::full(access),
    }
}

/// Whether a client shows pages: browsers name the type, others take any.
fn takes_pages(headers: &HeaderMap) -> bool {
    let is_page = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let is_html = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case("text/html"));
        let is_none = |part: &str| {
            part.starts_with("q=0") && !part.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
        };
        is_html && !parts.any(is_none)
    };
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.split(',').any(is_page))
}

/// The same answer with the page of an observer, where it has one.
fn with_page(
    reply: Reply,
    pages: Option<&dyn Observer>,
    code: Code,
    error: Option<&BffError>,
    access: &Access,
) -> Reply {
    let failure = Failure {
        id: access.id.as_str(),
        bff: access.bff().unwrap_or_default(),
        status: code.status().as_u16(),
        code: code.as_str(),
        title: code.title(),
        error,
    };
    match pages.and_then(|observer| observer.page(&failure)) {
        Some(page) => reply.with_page(page),
        None => reply,
    }
}

async fn admit_and_run(
    worker: &Worker,
    version: &Arc<Version>,
    invocation: Box<Invocation>,
    access: &mut Access,
) -> Result<CheckedResponse, BffError> {
    let after = version.settings().deadline;
    let _permit = timeout_at(invocation.deadline, version.admission().permit())
        .await
        .map_err(|_| BffError::Deadline { after })??;
    access.runs(
        invocation.session.clone(),
        invocation.usage.clone(),
        invocation.log.clone(),
    );
    run::run(&worker.shared.runtime, version, invocation).await
}

/// The same for an answer that may be sent before it is whole.
async fn admit_and_begin(
    worker: &Worker,
    version: &Arc<Version>,
    invocation: Box<Invocation>,
    access: &mut Access,
) -> Result<Answer, BffError> {
    let after = version.settings().deadline;
    let permit = timeout_at(invocation.deadline, version.admission().owned_permit())
        .await
        .map_err(|_| BffError::Deadline { after })??;
    access.runs(
        invocation.session.clone(),
        invocation.usage.clone(),
        invocation.log.clone(),
    );
    let runtime = worker.shared.runtime.clone();
    streamed::answer(runtime, version, invocation, permit).await
}
