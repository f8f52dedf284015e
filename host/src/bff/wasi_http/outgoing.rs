//! The requests that a guest sends by `wasi:http`: calls of services, made by the request's session
//! under its grants, limits and deadline. There is no other way out.
//!
//! A call begins when its guest sends the request, and runs beside the guest, as do all that the
//! guest has under way. It is sent once its body is whole. Its reply is there once that is whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::oneshot;
use tokio::time::timeout_at;
use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use super::super::guest_log::GuestLog;
use super::super::meter::Awaited;
use super::super::start::Start;
use super::target;
use crate::calls::{Fault, InvalidCall, Session, StartedCall};
use crate::contract::{self, Call, Failure, FailureKind, Payload, Reply};
use crate::http_fields::{Class, class};
use crate::text::cut;

/// Bytes of one write into a body: as many as `blocking-write-and-flush` takes.
const WRITE: usize = 4 << 10;
/// Writes of a body that are kept until the host takes them, a megabyte: some guests write that
/// before they send their request, or set their response.
const WRITES: usize = 256;
/// Bodies of which so much is kept. A guest may begin many and end none.
const LARGE_BODIES: usize = 4;
/// Fields that libraries add to requests, beside those of the connection.
const LEFT_OUT: [&str; 5] = [
    "content-length",
    "expect",
    "traceparent",
    "tracestate",
    "x-request-id",
];
/// Names and values of one set of fields with what holds them, bytes. What a response or a call may
/// have is less.
const FIELDS: usize = 32 << 10;

/// What the store of a guest by `wasi:http` has.
pub(in crate::bff) struct Http {
    context: WasiHttpCtx,
    calls: Calls,
    /// Where the response goes before it is whole.
    pub(super) start: Option<Start>,
}

impl Http {
    /// For one request, whose calls may have bodies of `bytes` together.
    pub(in crate::bff) fn new(
        session: Arc<Session>,
        awaited: Arc<Awaited>,
        log: Arc<GuestLog>,
        bytes: usize,
        start: Option<Start>,
    ) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(FIELDS);
        let calls = Calls {
            session,
            awaited,
            bytes_left: Arc::new(AtomicUsize::new(bytes)),
            bodies: 0,
            log,
        };
        Self {
            context,
            calls,
            start,
        }
    }

    /// As the library wants it.
    pub(in crate::bff) fn view<'a>(
        &'a mut self,
        table: &'a mut ResourceTable,
    ) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView {
            ctx: &mut self.context,
            table,
            hooks: &mut self.calls,
        }
    }
}

/// The calls of one request.
struct Calls {
    session: Arc<Session>,
    awaited: Arc<Awaited>,
    /// What the bodies that the guest writes may still have. The session has a budget of its own,
    /// but counts a body only once it is whole.
    bytes_left: Arc<AtomicUsize>,
    /// Bodies that the guest began.
    bodies: usize,
    log: Arc<GuestLog>,
}

/// The result of a request in the library's words. What stands beside the response is work of a
/// connection, of which there is none.
type Sent = Result<
    (
        Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Calls {
    fn is_supported_scheme(&mut self, _scheme: &Scheme) -> bool {
        // Another one is denied as a call, so that the log has it.
        true
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn default_scheme(&mut self) -> Option<Scheme> {
        Some(Scheme::HTTP)
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        // The library asks once for each body.
        self.bodies = self.bodies.saturating_add(1);
        match self.bodies {
            ..=LARGE_BODIES => WRITES,
            _ => 1,
        }
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_error: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (parts, body) = request.into_parts();
        let (mut call, legal) = call(&parts, options);
        let (mut result, received) = oneshot::channel();
        match self.session.admit(&call) {
            Err(failure) => drop(result.send(Err(failure))),
            Ok(granted) => {
                self.session.leave_out(granted, &mut call.headers);
                let started = StartedCall::new(self.session.clone(), granted).of(&call);
                let (session, bytes_left) = (self.session.clone(), self.bytes_left.clone());
                let log = self.log.clone();
                self.awaited.start(async move {
                    let sent = send(started, call, legal, body, &session, &bytes_left);
                    tokio::select! {
                        reply = sent => {
                            note_invalid(&reply, &log);
                            drop(result.send(reply));
                        }
                        () = result.closed() => {}
                    }
                });
            }
        }
        Box::new(async move {
            let reply = match received.await {
                Ok(reply) => reply.map_err(error)?,
                // The request has ended.
                Err(_) => return Err(Error::ConnectionTerminated),
            };
            let done: Box<dyn Future<Output = _> + Send> = Box::new(std::future::ready(Ok(())));
            Ok((response(reply)?, done))
        })
    }
}

/// Tells why a call is invalid. What a guest gets of it, most libraries throw away.
fn note_invalid(reply: &Result<Reply, Failure>, log: &GuestLog) {
    if let Err(failure) = reply
        && failure.kind == FailureKind::Invalid
    {
        let message = format!("an invalid call: {}", failure.detail);
        log.write(Level::WARN, &message, Vec::new());
    }
}

/// Waits for the body of a call, and makes it.
async fn send(
    mut started: StartedCall,
    mut call: Call,
    legal: Result<(), InvalidCall>,
    body: WasiBody,
    session: &Session,
    bytes_left: &AtomicUsize,
) -> Result<Reply, Failure> {
    if let Err(invalid) = legal {
        return Err(started.refuse(invalid.into()));
    }
    match timeout_at(session.end_of_calls(), collect(body, bytes_left)).await {
        Ok(Ok(body)) => call.body = body,
        Ok(Err(fault)) => return Err(started.refuse(fault)),
        Err(_elapsed) => return Err(started.expire()),
    }
    started.make(call).await
}

/// The body as the guest writes it. Its trailers are left out.
async fn collect(mut body: WasiBody, bytes_left: &AtomicUsize) -> Result<Payload, Fault> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| InvalidCall::Unfinished)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let take = |left: usize| left.checked_sub(data.len());
        bytes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|left| Fault::Bytes { left })?;
        bytes.extend_from_slice(&data);
    }
    Ok(match bytes.len() {
        0 => Payload::None,
        _ => Payload::Bytes(bytes),
    })
}

/// The call that a request is, without its body, and whether it can be made.
fn call(parts: &Parts, options: Option<RequestOptions>) -> (Call, Result<(), InvalidCall>) {
    let mut legal = Ok(());
    let method = method(&parts.method).unwrap_or_else(|| {
        let method = cut(parts.method.as_str());
        legal = Err(InvalidCall::Method { method });
        contract::Method::Get
    });
    let query = target::query(&parts.uri).unwrap_or_else(|invalid| {
        legal = Err(invalid);
        Vec::new()
    });
    let call = Call {
        service: target::service(&parts.uri),
        method,
        path: parts.uri.path().to_owned(),
        query,
        headers: headers(&parts.headers),
        body: Payload::None,
        select: Vec::new(),
        // The head of a reply is there when its body is.
        timeout_ms: options.and_then(|it| it.first_byte_timeout).map(millis),
        profile: None,
    };
    (call, legal)
}

fn method(method: &Method) -> Option<contract::Method> {
    Some(match *method {
        Method::GET => contract::Method::Get,
        Method::HEAD => contract::Method::Head,
        Method::POST => contract::Method::Post,
        Method::PUT => contract::Method::Put,
        Method::PATCH => contract::Method::Patch,
        Method::DELETE => contract::Method::Delete,
        Method::OPTIONS => contract::Method::Options,
        _ => return None,
    })
}

/// The fields of a call, without those that libraries add by themselves and the host sets. The
/// library for `wasi:http` has compared the length with the body.
fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_added =
        |name: &HeaderName| class(name) == Class::Connection || LEFT_OUT.contains(&name.as_str());
    let sent = headers.iter().filter(|(name, _)| !is_added(name));
    let texts = sent.map(|(name, value)| {
        // What is no text has a character then that no call may have.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    texts.collect()
}

/// Up to the next whole millisecond, so that a short limit is not none.
fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

fn response(reply: Reply) -> Result<Response<WasiBody>, Error> {
    let unreadable = |_| Error::HttpProtocolError;
    let body = Full::new(reply.body.into_bytes()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(reply.status).map_err(unreadable)?;
    for (name, value) in reply.headers {
        // They come from such a map.
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(Bytes::from(value))) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

/// The code that a guest gets in place of a reply.
fn error(failure: Failure) -> Error {
    match failure.kind {
        FailureKind::Denied => Error::HttpRequestDenied,
        FailureKind::Invalid => Error::InternalError(Some(failure.detail)),
        FailureKind::Timeout => Error::HttpResponseTimeout,
        FailureKind::Unreachable | FailureKind::Rejected => Error::DestinationUnavailable,
        FailureKind::Interrupted => Error::HttpResponseIncomplete,
        FailureKind::Exhausted | FailureKind::Overloaded => Error::ConnectionLimitReached,
        FailureKind::TooLarge => Error::HttpResponseBodySize(None),
        FailureKind::Malformed => Error::HttpProtocolError,
    }
}
