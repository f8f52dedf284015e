//! The body of a client's request, whole, within its size and its time.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body::Body as _;
use hyper::body::Incoming;

use super::budget::{Full, HeldBytes};
use super::problem::Code;
use crate::config;

/// The least room that is made for a body whose length is not known, bytes.
const LEAST: usize = 1 << 10;
/// How much of a body came with its head, most likely, bytes.
const AT_ONCE: u64 = 4 << 10;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It has more bytes than this: the client gets an answer.
    TooLarge(usize),
    /// It did not arrive in time: the client gets an answer.
    Late(Duration),
    /// The host has no room for it: the client gets an answer.
    Full,
    /// Its chunks are malformed.
    Malformed,
    /// The client went.
    ClientGone,
}

impl From<Full> for BodyError {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

/// The most bytes that a request of this method may bring.
fn limit(method: &Method, settings: &config::Server) -> usize {
    match *method {
        Method::GET | Method::HEAD | Method::DELETE => settings.max_get_body_size,
        _ => settings.max_body_size,
    }
}

/// The body of a request on its way.
pub(super) struct Body {
    incoming: Incoming,
    /// Whether all of it was read.
    whole: bool,
}

impl Body {
    pub(super) fn new(incoming: Incoming) -> Self {
        let whole = incoming.is_end_stream();
        Self { incoming, whole }
    }

    /// Whether the client may still send some of it.
    pub(super) fn is_unread(&self) -> bool {
        !self.whole
    }

    /// Whether an unread rest may be larger than the library discards at once.
    pub(super) fn is_long(&self) -> bool {
        let size = self.incoming.size_hint().exact();
        self.is_unread() && size.is_none_or(|size| size > AT_ONCE)
    }

    /// Reads it into one buffer. What that takes is counted before it is there.
    pub(super) async fn read(
        &mut self,
        method: &Method,
        settings: &config::Server,
        held: &mut HeldBytes,
    ) -> Result<Bytes, BodyError> {
        if self.whole {
            return Ok(Bytes::new());
        }
        let limit = limit(method, settings);
        // A length that is announced is refused before the first byte is read, and before a client
        // that waits for "100 Continue" sends any.
        let announced = self.incoming.size_hint();
        if announced.lower() > limit as u64 {
            return Err(BodyError::TooLarge(limit));
        }
        let exact = announced
            .exact()
            .and_then(|size| usize::try_from(size).ok());
        let buffer = Buffer {
            bytes: Vec::new(),
            most: exact.unwrap_or(limit),
            limit,
            held,
        };
        let read = tokio::time::timeout(settings.body_timeout, buffer.fill(&mut self.incoming));
        let bytes = read
            .await
            .unwrap_or(Err(BodyError::Late(settings.body_timeout)))?;
        self.whole = true;
        Ok(bytes)
    }
}

/// A body as far as it came. A client that announces much and sends little gets little room.
struct Buffer<'a> {
    bytes: Vec<u8>,
    /// What it will be at most, as far as one knows.
    most: usize,
    limit: usize,
    held: &'a mut HeldBytes,
}

impl Buffer<'_> {
    async fn fill(mut self, body: &mut Incoming) -> Result<Bytes, BodyError> {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            let frame = frame.map_err(|error| match is_malformed(&error) {
                true => BodyError::Malformed,
                false => BodyError::ClientGone,
            })?;
            // Trailers mean nothing to a BFF.
            if let Ok(data) = frame.into_data() {
                self.add(&data)?;
            }
        }
        Ok(self.bytes.into())
    }

    fn add(&mut self, data: &[u8]) -> Result<(), BodyError> {
        let size = self.bytes.len() + data.len();
        if size > self.limit {
            return Err(BodyError::TooLarge(self.limit));
        }
        if size > self.bytes.capacity() {
            let room = (self.bytes.capacity() * 2).max(LEAST);
            let room = room.min(self.most).max(size);
            self.held.grow(room - self.bytes.capacity())?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl BodyError {
    /// The code of an answer to it.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::TooLarge(_) => Code::BodyTooLarge,
            Self::Late(_) => Code::BodyTimeout,
            Self::Full => Code::HostMemory,
            Self::Malformed | Self::ClientGone => Code::BadRequest,
        }
    }

    /// What the client is told.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::TooLarge(limit) => format!("body: it is longer than {limit} bytes"),
            Self::Full => Full.to_string(),
            Self::Malformed => "body: it is not framed as HTTP asks".to_owned(),
            Self::Late(limit) => format!("body: it took longer than {}ms", limit.as_millis()),
            Self::ClientGone => String::new(),
        }
    }
}

/// Whether bytes came that are no body. hyper says so with a kind of I/O error; a connection that
/// broke has other kinds.
fn is_malformed(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            )
        })
}
