//! What the host makes of a client's request head before it looks for a route.
//!
//! Pure functions over [`Parts`]: no connection, no clock, no configuration. A head is taken as it
//! is or refused; nothing in it is repaired, because another program on the path may read the
//! original differently.
//!
//! Done before: the HTTP library refused malformed syntax with a bare 400, a target beyond 64 KiB
//! with 414 and a head beyond its limits with 431; it framed the body; it refused a
//! `transfer-encoding` that does not end in `chunked`, and differing lengths; it answers
//! `expect: 100-continue`; and it resets HTTP/2 streams with connection fields or without
//! `:scheme`. It hides a `content-length` beside a `transfer-encoding`, lines that end in LF alone,
//! and a fragment: those come as an [`Ambiguity`] from the connection's socket, which inspects the
//! bytes.

mod authority;
mod fields;
mod ids;
mod rejection;
mod target;

#[cfg(test)]
mod tests;

use http::request::Parts;
use http::{HeaderMap, Method};

use crate::coding::check_transfer_coding;
use crate::text::cut;

pub use authority::Authority;
pub use ids::{RequestId, TraceContext, X_REQUEST_ID};
pub use rejection::{Ambiguity, Rejection};
pub(in crate::server) use target::query;

/// A request head that passed every check.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// One of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, and TRACE, which no route serves.
    pub method: &'a Method,
    /// By which name the client addressed tailor.
    pub authority: Authority<'a>,
    /// The path as sent: begins with `/`, at most 8 KiB, without dot segments and empty segments.
    /// Or `*`, with OPTIONS.
    pub path: &'a str,
    /// The decoded parameters, in order; at most 100.
    pub query: Vec<(String, String)>,
    /// The fields without hop-by-hop ones, and with one line of cookies: for the router, and for
    /// services that the host passes fields to.
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// Checks a request head, removes the hop-by-hop fields from it, and joins its cookies.
    ///
    /// The request's id and trace are read apart, by [`RequestId::of`] and [`TraceContext::of`]: a
    /// refused request has them too.
    ///
    /// # Errors
    ///
    /// The first rule that the head breaks. The head is still there then, for the log.
    pub fn read(parts: &'a mut Parts) -> Result<Self, Rejection> {
        if let Some(Ambiguity(why)) = parts.extensions.get() {
            return Err(Rejection::Ambiguous(why));
        }
        check_method(&parts.method)?;
        check_transfer_coding(&parts.headers)?;
        fields::tidy(&mut parts.headers);
        let parts = &*parts;
        Ok(Self {
            method: &parts.method,
            authority: Authority::of(parts.version, &parts.uri, &parts.headers)?,
            path: target::path(parts)?,
            query: target::query(&parts.uri)?,
            headers: &parts.headers,
        })
    }

    /// The fields that a BFF sees, in the order of the message: without forged ones, without
    /// credentials, without values that are not UTF-8.
    #[must_use]
    pub fn guest_headers(&self) -> Vec<(String, String)> {
        fields::for_guest(self.headers)
    }
}

fn check_method(method: &Method) -> Result<(), Rejection> {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        // The route says which ones it serves instead.
        | Method::TRACE => Ok(()),
        Method::CONNECT => Err(Rejection::Connect),
        _ => Err(Rejection::MethodUnknown(cut(method.as_str()))),
    }
}
