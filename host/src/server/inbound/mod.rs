//! What the host makes of a client's request head before it looks for a route.
//!
//! Pure functions over [`Parts`]: no connection, no clock, no configuration. A head is taken as it
//! is or refused; nothing in it is repaired, because what the host repaired in its way another
//! program on the path may read in its own.
//!
//! What was done by then: the HTTP library refused malformed syntax with a bare 400, a target
//! beyond 64 KiB with 414 and a head beyond its limits with 431; it framed the body; it refused a
//! `transfer-encoding` that does not end in `chunked`, and differing lengths; it answers `expect:
//! 100-continue`; and it resets HTTP/2 streams with connection fields or without `:scheme`. It
//! hides a `content-length` beside a `transfer-encoding`, lines that end in LF alone, and a
//! fragment: those come as an [`Ambiguity`] from the connection's socket, which looks at the bytes.

mod authority;
mod fields;
mod ids;
mod target;

#[cfg(test)]
mod tests;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use thiserror::Error;

use super::problem::Code;
use crate::coding::{TransferCodingError, check_transfer_coding};
use crate::text::cut;

pub use authority::Authority;
pub use ids::{RequestId, TraceContext, X_REQUEST_ID};
pub(in crate::server) use target::query;

/// What `allow` says to CONNECT: the target is no resource of this host, and takes no method (RFC
/// 9110 section 10.2.1).
const NONE: HeaderValue = HeaderValue::from_static("");

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

/// An extension of a head whose bytes two programs may read in two ways: what is wrong with them.
/// Only who saw the bytes can tell.
#[derive(Clone, Copy, Debug)]
pub struct Ambiguity(pub &'static str);

/// Why a request head is refused. The message is made for the client: it holds nothing but what the
/// client sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// CONNECT: the host is no tunnel.
    #[error("method: CONNECT is not served")]
    Connect,
    /// A method that the contract has no word for.
    #[error("method: \"{0}\" is not known")]
    MethodUnknown(String),
    /// The body is coded in a way that the host does not undo.
    #[error("transfer-encoding: it {0}")]
    TransferCoding(#[from] TransferCodingError),
    /// Two programs may take its bytes for different requests.
    #[error("head: {0}")]
    Ambiguous(&'static str),
    /// The authority is absent, ambiguous or not legal.
    #[error("host: {0}")]
    Host(&'static str),
    /// The path could be read in two ways, or is no path.
    #[error("path: it {0}")]
    Path(&'static str),
    /// The path is too long.
    #[error("path: it is longer than {limit} bytes")]
    PathTooLong {
        /// The most bytes that are taken.
        limit: usize,
    },
    /// A parameter of the query can't be decoded.
    #[error("query: parameter \"{parameter}\" {why}")]
    Query {
        /// Its name as sent, cut.
        parameter: String,
        /// What is wrong with its name or its value.
        why: &'static str,
    },
    /// The query has too many parameters.
    #[error("query: it has more than {limit} parameters")]
    TooManyParameters {
        /// The most that are taken.
        limit: usize,
    },
}

impl Rejection {
    /// The code of the answer, which also sets its status.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Connect => Code::MethodNotAllowed,
            Self::MethodUnknown(_) | Self::TransferCoding(TransferCodingError::Unknown) => {
                Code::NotImplemented
            }
            Self::PathTooLong { .. } => Code::UriTooLong,
            Self::TransferCoding(TransferCodingError::Repeated)
            | Self::Ambiguous(_)
            | Self::Host(_)
            | Self::Path(_)
            | Self::Query { .. }
            | Self::TooManyParameters { .. } => Code::BadRequest,
        }
    }

    /// Whether what follows on the connection may be something else than it seems.
    #[must_use]
    pub const fn ends_connection(&self) -> bool {
        matches!(self, Self::TransferCoding(_) | Self::Ambiguous(_))
    }

    /// The answer's `allow`, which a 405 must have.
    #[must_use]
    pub fn allow(&self) -> Option<HeaderValue> {
        matches!(self, Self::Connect).then_some(NONE)
    }
}
