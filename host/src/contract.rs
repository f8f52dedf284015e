//! The types and traits of the WIT contract, generated from `wit/` at compile time.
//!
//! A leaf: it knows the contract, not its implementation. Only functions that wait are `async`:
//! they suspend the guest's fiber and hold the store, which serves one request.

#![expect(
    missing_docs,
    reason = "generated; the contract itself is documented in wit/"
)]

mod exchange;

/// The text of the contract, all files of `wit/` in one.
pub const WIT: &str = concat!(
    include_str!("../../wit/tailor.wit"),
    "\n",
    include_str!("../../wit/locale.wit")
);

wasmtime::component::bindgen!({
    path: "../wit",
    world: "bff",
    imports: {
        "tailor:bff/downstream.fetch": async,
        "tailor:bff/downstream.fetch-all": async,
        "tailor:bff/downstream.start": trappable,
        "tailor:bff/downstream.wait-any": async | trappable,
        "tailor:bff/downstream.[method]exchange.wait": async | trappable,
        "tailor:bff/downstream.[drop]exchange": trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "tailor:bff/downstream.exchange": Exchange },
    // What formatters are kept by.
    additional_derives: [PartialEq, Eq, Hash],
});

pub use exchange::{Lent, first};
pub use tailor::bff::downstream::{Call, Failure, FailureKind, Reply, Source};
pub use tailor::bff::types::{Client, Method, Payload, Request, Response};

/// A call that is under way, as the guest's `exchange` handle. Dropping it ends the call.
pub type Exchange = exchange::UnderWay<Result<Reply, Failure>>;

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
            Method::Options => Self::OPTIONS,
        }
    }
}

/// U+FEFF in UTF-8, which some programs write in front of a text.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Payload {
    /// The body as text where it is valid UTF-8, as bytes elsewhere, without a copy when the buffer
    /// has no other owner. A byte order mark shows that it is text, and is no part of that.
    pub fn from_bytes(mut body: bytes::Bytes) -> Self {
        if body.starts_with(BYTE_ORDER_MARK) && str::from_utf8(&body).is_ok() {
            body = body.slice(BYTE_ORDER_MARK.len()..);
        }
        if body.is_empty() {
            return Self::None;
        }
        match String::from_utf8(body.into()) {
            Ok(text) => Self::Text(text),
            Err(not_text) => Self::Bytes(not_text.into_bytes()),
        }
    }

    /// The bytes of the body.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The bytes of the body, taken.
    pub fn into_bytes(self) -> bytes::Bytes {
        match self {
            Self::None => bytes::Bytes::new(),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => bytes.into(),
        }
    }
}
