//! Why a request head is refused.

use http::HeaderValue;
use thiserror::Error;

use crate::coding::TransferCodingError;
use crate::server::problem::Code;

/// The value of `allow` for CONNECT: the target is no resource of this host, and takes no method
/// (RFC 9110 section 10.2.1).
const NONE: HeaderValue = HeaderValue::from_static("");

/// An extension of a head whose bytes two programs may read in two ways: what is wrong with them.
/// Only the reader of the bytes knows.
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
    /// The body has a coding that the host does not decode.
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
        /// The limit in bytes.
        limit: usize,
    },
    /// A parameter of the query cannot be decoded.
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
        /// The limit.
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

    /// Whether the bytes after it may be framed differently than they seem.
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
