//! Heads that are refused before they are requests: malformed ones, and those that are too large.
//!
//! hyper reads the heads. Over HTTP/1.1 it answers such a head itself, with a bare status, and ends
//! the connection, without a request that could have an access record. So each is counted here, and
//! a few per second have a line in the access log. Over HTTP/2 the host sees heads of up to twice
//! its limit, and answers those as it does others; the library answers larger ones with a bare 431
//! that cannot be counted.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use super::access::Access;
use super::client::Admitted;
use super::outgoing::Outgoing;
use super::problem::Code;
use super::reply::Reply;
use super::worker::Worker;
use crate::config;
use crate::snapshot::SharedState;
use crate::telemetry::access_log;
use crate::telemetry::metrics::Unreadable;
use crate::telemetry::sample::Sample;

/// What each field adds to the size of a head, bytes (RFC 9113 section 6.5.2).
const FIELD: usize = 32;
/// The fields of HTTP/2 that are none over HTTP/1.1: method, scheme, authority and path.
const PSEUDO_FIELDS: usize = 4;

/// The sample of the process, which has one log.
static LINES: Sample = Sample::new();

/// The size of a head that HTTP/2 reads: enough to answer one that is too large.
pub(super) fn read_limit(settings: &config::Server) -> u32 {
    u32::try_from(settings.max_header_size.saturating_mul(2)).unwrap_or(u32::MAX)
}

/// Counts and logs a connection error that is an unreadable head.
pub(super) fn note(shared: &SharedState, error: &(dyn std::error::Error + 'static)) {
    let Some((what, error)) = read(error) else {
        return;
    };
    shared.metrics.unreadable(what);
    let snapshot = shared.snapshot.load();
    let settings = &snapshot.config.log;
    if !settings.access {
        return;
    }
    let Some(left_out) = LINES.take(1, settings.unreadable_lines.into()) else {
        return;
    };
    access_log::write(|line| {
        line.number("status", what.status().into());
        line.text("outcome", "unreadable");
        line.text("reason", &error.to_string());
        if left_out > 0 {
            line.number("left_out", left_out);
        }
    });
}

/// What hyper has answered because of an error, if it has.
fn read<'a>(
    mut error: &'a (dyn std::error::Error + 'static),
) -> Option<(Unreadable, &'a hyper::Error)> {
    loop {
        match error.downcast_ref::<hyper::Error>() {
            // Only its text distinguishes the two.
            Some(error) if error.is_parse_too_large() => {
                let target = error.to_string().contains("URI");
                let what = if target {
                    Unreadable::Target
                } else {
                    Unreadable::Head
                };
                return Some((what, error));
            }
            Some(error) if error.is_parse() => return Some((Unreadable::Malformed, error)),
            _ => error = error.source()?,
        }
    }
}

/// Whether the head of an HTTP/2 request has too many fields or bytes. Over HTTP/1.1 hyper checks
/// that.
pub(super) fn is_too_large(request: &Request<Incoming>, settings: &config::Server) -> bool {
    let fields = request.headers();
    if fields.len() > settings.max_headers {
        return true;
    }
    let uri = request.uri();
    let length = |text: Option<&str>| text.map_or(0, str::len);
    let own = request.method().as_str().len()
        + length(uri.scheme_str())
        + length(uri.authority().map(http::uri::Authority::as_str))
        + length(uri.path_and_query().map(http::uri::PathAndQuery::as_str));
    let sizes = fields
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    sizes.sum::<usize>() + own + FIELD * (fields.len() + PSEUDO_FIELDS) > settings.max_header_size
}

/// Answers such a request.
pub(super) fn refuse(
    worker: &Arc<Worker>,
    request: Request<Incoming>,
    admitted: Admitted,
) -> Response<Outgoing> {
    let (parts, _) = request.into_parts();
    worker.shared.metrics.unreadable(Unreadable::Head);
    let mut access = Access::begin(worker.clone(), &parts);
    let settings = &worker.settings;
    let (bytes, fields) = (settings.max_header_size, settings.max_headers);
    let detail = format!("head: more than {bytes} bytes or {fields} fields");
    let reply = Reply::problem(Code::HeadTooLarge, &detail, &access);
    let Admitted { flow, held, .. } = admitted;
    let send = |bytes| Outgoing::new(bytes, held.ok(), flow, true);
    reply.finish(&mut access, &parts.method, send)
}
