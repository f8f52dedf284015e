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

/// The smallest buffer for a body of unknown length, bytes.
const LEAST: usize = 1 << 10;
/// The part of a body that most likely arrived with its head, bytes.
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
    /// The client disconnected.
    ClientGone,
}

impl From<Full> for BodyError {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

/// The largest body of a request with this method, bytes.
fn limit(method: &Method, settings: &config::Server) -> usize {
    match *method {
        Method::GET | Method::HEAD | Method::DELETE => settings.max_get_body_size,
        _ => settings.max_body_size,
    }
}

/// The body of a request that is being read.
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

    /// Reads it into one buffer. The buffer is counted before it is allocated.
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

/// The bytes of a body so far. A client that announces much and sends little gets a small buffer.
struct Buffer<'a> {
    bytes: Vec<u8>,
    /// Its largest possible size, as far as known.
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
            // A BFF gets no trailers.
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

    /// The message for the client.
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

/// Whether the received bytes are not a body. hyper reports that with a kind of I/O error; a broken
/// connection has other kinds.
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
