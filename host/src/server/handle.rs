//! The life of a request, from its head to its answer. Reads from top to bottom in the order in which things happen;
//! each step can end it with one status and one code.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::access::Access;
use super::body::{self, BodyError};
use super::inbound::Head;
use super::problem::Code;
use super::reply::{self, Reply};
use super::worker::Worker;
use crate::bff::error::BffError;
use crate::bff::run::{self, Asked, Invocation};
use crate::bff::version::Version;
use crate::contract;
use crate::router::Found;
use crate::snapshot::Target;

/// Answers a request.
pub(super) async fn handle(
    worker: Arc<Worker>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let mut access = Access::begin(worker.shared.clone(), &parts);
    // A bug of the host ends one request, not the thread that serves all others. What the request held is dropped with
    // its future, so nothing that the panic left half done is seen again.
    // Boxed: hyper moves the outer future about.
    let answer = Box::pin(answer(&worker, parts, body, &mut access));
    let reply = AssertUnwindSafe(answer).catch_unwind().await;
    let reply = reply.unwrap_or_else(|_| {
        tracing::error!(
            request_id = access.id.as_str(),
            "the host failed on this request"
        );
        Ok(Reply::problem(Code::HostPanic, "", &access))
    });
    match reply {
        Ok(reply) => reply.finish(&mut access, &method),
        // Nobody is there to read it, or only one who sent half a request and must not take it for accepted.
        Err(ClientGone) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}

/// The client went while its request was read.
struct ClientGone;

async fn answer(
    worker: &Worker,
    mut parts: Parts,
    body: Incoming,
    access: &mut Access,
) -> Result<Reply, ClientGone> {
    // Head.
    let snapshot = worker.shared.snapshot.load_full();
    let head = match Head::read(&mut parts) {
        Ok(head) => head,
        Err(rejection) => return Ok(Reply::rejection(&rejection, access)),
    };

    // Route. The version is fixed here: a swap does not change a running request.
    let found = snapshot
        .routes
        .find(&head.authority.host, head.path, head.method, head.headers);
    let (target, rest) = match found {
        Found::Route { index, rest } => (&snapshot.targets[index], rest),
        Found::Options { allow } => return Ok(Reply::options(allow)),
        Found::MethodNotAllowed { allow } => return Ok(Reply::method_not_allowed(allow, access)),
        Found::NotFound => return Ok(Reply::problem(Code::NotFound, "", access)),
        Found::Misdirected => return Ok(Reply::problem(Code::Misdirected, "", access)),
    };
    let version = target.bff.current();
    access.routed(
        target.client.clone(),
        target.prefix.clone(),
        version.clone(),
    );

    // Body.
    let body = match body::read(body, &worker.settings).await {
        Ok(body) => body,
        Err(BodyError::Refused(code)) => return Ok(Reply::problem(code, "", access)),
        Err(BodyError::Malformed) => {
            let detail = "body: it is not framed as HTTP asks";
            return Ok(Reply::problem(Code::BadRequest, detail, access));
        }
        Err(BodyError::ClientGone) => return Err(ClientGone),
    };
    access.bytes_in = body.len();
    let request = guest_request(&head, rest, target, access, body);
    let asked = Asked {
        request,
        request_id: access.id.header(),
        traceparent: access.trace.header(),
        tracestate: access.trace.state().cloned(),
        client_headers: parts.headers,
        // The deadline counts from here: a client that takes its time to send a body does not spend its BFF's.
        arrived: Instant::now(),
        worker: worker.index,
    };

    // Admit, run, check.
    Ok(match admit_and_run(worker, &version, asked, access).await {
        Ok(answer) => Reply::answer(answer),
        Err(error) => {
            report(&error, &version, access);
            Reply::bff_error(&error, access)
        }
    })
}

fn guest_request(
    head: &Head<'_>,
    rest: &str,
    target: &Target,
    access: &Access,
    body: Bytes,
) -> contract::Request {
    contract::Request {
        id: access.id.as_str().to_owned(),
        method: method(head.method),
        path: rest.to_owned(),
        query: head.query.clone(),
        headers: head.guest_headers(),
        body: contract::Payload::from_bytes(body),
        client: contract::Client {
            name: target.client.to_string(),
            host: head.authority.text.to_owned(),
        },
    }
}

/// The contract's word for a method. HEAD is GET to a BFF: the host leaves the body out.
fn method(method: &Method) -> contract::Method {
    match *method {
        Method::POST => contract::Method::Post,
        Method::PUT => contract::Method::Put,
        Method::PATCH => contract::Method::Patch,
        Method::DELETE => contract::Method::Delete,
        Method::OPTIONS => contract::Method::Options,
        // `Head::read` and the routes let no other method through.
        _ => contract::Method::Get,
    }
}

async fn admit_and_run(
    worker: &Worker,
    version: &Arc<Version>,
    asked: Asked,
    access: &mut Access,
) -> Result<crate::bff::response::Answer, BffError> {
    let invocation = Invocation::new(version, asked);
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

/// A BFF's failure, for its team: what it was, where in its code, and in which version.
fn report(error: &BffError, version: &Version, access: &Access) {
    let code = reply::code(error).as_str();
    let backtrace = error.backtrace();
    let (bff, version) = (&**version.bff(), &**version.name());
    let request_id = access.id.as_str();
    match error {
        // Many at once, and no fault of the BFF's code: the metrics count them.
        BffError::EngineFull => tracing::warn!(bff, version, request_id, code, "{error}"),
        BffError::Overloaded => {
            tracing::debug!(bff, version, request_id, code, "{error}");
        }
        _ => {
            let backtrace = (!backtrace.is_empty()).then_some(backtrace);
            tracing::error!(bff, version, request_id, code, backtrace, "{error}");
        }
    }
}
