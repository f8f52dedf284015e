//! The response of a guest by `wasi:http`, from its `response-outparam` to the last byte of its
//! body.

use std::future::{Future as _, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRAILER};
use http::response::Parts;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use thiserror::Error;
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::contract::{Payload, Response};
use crate::text::cut;

/// Why a guest that ran to its end has no response that could be checked.
#[derive(Debug, Error)]
pub(in crate::bff) enum Unanswered {
    /// It returned without a response.
    #[error("the guest returned without response-outparam.set")]
    Unset,
    /// It has no response, and says so.
    #[error("the guest set an error in place of a response: {}", cut(&format!("{_0:?}")))]
    Failed(ErrorCode),
    /// It returned, or dropped the body, before the body was finished.
    #[error(
        "the body was not ended by outgoing-body.finish, or has another length than its \
         content-length"
    )]
    Unfinished,
    /// There is a length without a body of that length.
    #[error("content-length is {}, and the body has {size} bytes", cut(said))]
    Length {
        /// As the guest set it.
        said: String,
        /// The size of the body.
        size: usize,
    },
    /// A value that is no text.
    #[error("header {name:?} has a value that is not UTF-8")]
    Header {
        /// The name, which is a legal one.
        name: String,
    },
    /// More bytes than the BFF may answer with.
    #[error("a response of more than {limit} bytes")]
    TooLarge {
        /// The bytes so far.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

/// Where the guest's response arrives.
type Receiver = oneshot::Receiver<Result<http::Response<HyperOutgoingBody>, ErrorCode>>;

/// The response of a guest, as far as it has come.
pub(super) struct Answer {
    state: State,
    bytes: Vec<u8>,
    max_size: usize,
}

enum State {
    /// It is not set yet.
    Awaited(Receiver),
    /// It is set, and its body is being written.
    Begun(Parts, HyperOutgoingBody),
}

impl Answer {
    /// None yet. Its body may have `max_size` bytes.
    pub(super) fn new(receiver: Receiver, max_size: usize) -> Self {
        Self {
            state: State::Awaited(receiver),
            bytes: Vec::new(),
            max_size,
        }
    }

    /// Takes what the guest has written. Ready when the body is finished.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unanswered>> {
        loop {
            let (parts, body) = match &mut self.state {
                State::Begun(parts, body) => (parts, body),
                State::Awaited(receiver) => {
                    // A guest may also drop the outparam.
                    let response = ready!(Pin::new(receiver).poll(context));
                    let response = response.map_err(|_| Unanswered::Unset)?;
                    let (parts, body) = response.map_err(Unanswered::Failed)?.into_parts();
                    self.state = State::Begun(parts, body);
                    continue;
                }
            };
            let Some(frame) = ready!(Pin::new(body).poll_frame(context)) else {
                return Poll::Ready(Ok(()));
            };
            if frame.is_err() && parts.status == StatusCode::NOT_MODIFIED && self.bytes.is_empty() {
                // Its length is that of the body that it is in place of (RFC 9110 section 8.6), for
                // which the library does not take what was finished.
                parts.headers.remove(CONTENT_LENGTH);
                return Poll::Ready(Ok(()));
            }
            let Some(data) = data(frame)? else { continue };
            fits(self.bytes.len() + data.len(), self.max_size)?;
            self.bytes.extend_from_slice(&data);
        }
    }

    /// Bytes of the body that have come.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is something to send, and more may come.
    pub(super) fn can_begin(&self) -> bool {
        match &self.state {
            State::Awaited(_) => false,
            State::Begun(parts, _) => {
                let said = parts.headers.get(CONTENT_LENGTH);
                !self.bytes.is_empty() && said.is_none_or(|said| !is_number(said, self.size()))
            }
        }
    }

    /// What is missing when the guest has ended.
    pub(super) fn lacks(&self) -> Unanswered {
        match self.state {
            State::Awaited(_) => Unanswered::Unset,
            State::Begun(..) => Unanswered::Unfinished,
        }
    }

    /// The response with the whole of its body, which is finished.
    pub(super) fn whole(self) -> Result<Response, Unanswered> {
        let size = self.size();
        let State::Begun(mut parts, _) = self.state else {
            return Err(Unanswered::Unset);
        };
        take_length(&mut parts.headers, size)?;
        response(&mut parts, self.bytes)
    }

    /// The response with what there is of its body, and the rest.
    pub(super) fn begin(self) -> Result<(Response, Rest), Unanswered> {
        let size = self.size();
        let State::Begun(mut parts, body) = self.state else {
            return Err(Unanswered::Unset);
        };
        let said = parts.headers.remove(CONTENT_LENGTH);
        let length = said.map(|said| {
            let length = said.to_str().ok().and_then(|said| said.parse().ok());
            length
                .filter(|length| size < *length)
                .ok_or_else(|| wrong_length(&said, size))
        });
        let length = length.transpose()?;
        fits(length.unwrap_or(size), self.max_size)?;
        let rest = Rest {
            body,
            size,
            length,
            max_size: self.max_size,
            last: Bytes::new(),
        };
        Ok((response(&mut parts, self.bytes)?, rest))
    }
}

/// The rest of a body of which a part was sent.
pub(super) struct Rest {
    body: HyperOutgoingBody,
    /// Bytes that have come, in all.
    size: usize,
    length: Option<usize>,
    max_size: usize,
    /// The last byte of a body whose length the client knows. It waits for the guest's end, so that
    /// no client takes an answer for whole whose guest has failed.
    last: Bytes,
}

impl Rest {
    /// The size of the whole body, where the guest said it.
    pub(super) fn length(&self) -> Option<u64> {
        self.length.map(|length| length as u64)
    }

    /// Passes on what the guest writes, until the body is finished. `is_full` is set while the
    /// client must take something first.
    pub(super) async fn pass_on(
        &mut self,
        client: &mut DuplexStream,
        is_full: &AtomicBool,
    ) -> Result<(), Unanswered> {
        while let Some(frame) = self.body.frame().await {
            let Some(mut data) = data(frame)? else {
                continue;
            };
            self.size += data.len();
            fits(self.size, self.max_size)?;
            if self.length == Some(self.size) {
                self.last = data.split_off(data.len() - 1);
            } else if let Some(length) = self.length.filter(|length| *length < self.size) {
                return Err(self.wrong(length));
            }
            is_full.store(true, Ordering::Relaxed);
            write(client, &data).await;
            is_full.store(false, Ordering::Relaxed);
        }
        match self.length {
            Some(length) if length != self.size => Err(self.wrong(length)),
            _ => Ok(()),
        }
    }

    /// Sends what was kept until the guest has ended.
    pub(super) async fn end(self, client: &mut DuplexStream) {
        write(client, &self.last).await;
    }

    fn wrong(&self, length: usize) -> Unanswered {
        Unanswered::Length {
            said: length.to_string(),
            size: self.size,
        }
    }
}

/// Waits for room, and writes.
async fn write(client: &mut DuplexStream, bytes: &[u8]) {
    if client.write_all(bytes).await.is_err() {
        // The client is gone, and whoever noticed ends this guest.
        pending::<()>().await;
    }
}

/// The bytes of a part, if it has some. Trailers are left out: a recipient may do that (RFC 9110
/// section 6.5.1).
fn data<E>(frame: Result<Frame<Bytes>, E>) -> Result<Option<Bytes>, Unanswered> {
    let frame = frame.map_err(|_| Unanswered::Unfinished)?;
    Ok(frame.into_data().ok().filter(|data| !data.is_empty()))
}

fn fits(size: usize, limit: usize) -> Result<(), Unanswered> {
    match size > limit {
        true => Err(Unanswered::TooLarge { size, limit }),
        false => Ok(()),
    }
}

fn response(parts: &mut Parts, bytes: Vec<u8>) -> Result<Response, Unanswered> {
    // It announces what is left out.
    parts.headers.remove(TRAILER);
    Ok(Response {
        status: parts.status.as_u16(),
        headers: texts(&parts.headers)?,
        body: match bytes.len() {
            0 => Payload::None,
            // Never as text, to which the host would add a type.
            _ => Payload::Bytes(bytes),
        },
    })
}

/// Takes the length out, which the host sets, if it is the body's. Toolchains send it.
fn take_length(headers: &mut HeaderMap, size: usize) -> Result<(), Unanswered> {
    let mut said = headers.get_all(CONTENT_LENGTH).iter();
    if let Some(wrong) = said.find(|said| !is_number(said, size)) {
        return Err(wrong_length(wrong, size));
    }
    headers.remove(CONTENT_LENGTH);
    Ok(())
}

fn is_number(value: &HeaderValue, number: usize) -> bool {
    value.as_bytes() == number.to_string().as_bytes()
}

fn wrong_length(said: &HeaderValue, size: usize) -> Unanswered {
    let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
    Unanswered::Length { said, size }
}

fn texts(headers: &HeaderMap) -> Result<Vec<(String, String)>, Unanswered> {
    let texts = headers.iter().map(|(name, value)| {
        let name = name.as_str().to_owned();
        match str::from_utf8(value.as_bytes()) {
            Ok(value) => Ok((name, value.to_owned())),
            Err(_) => Err(Unanswered::Header { name }),
        }
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_the_body_s_or_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("3"));
        assert!(take_length(&mut headers.clone(), 3).is_ok());
        for size in [0, 2, 30] {
            let error = take_length(&mut headers.clone(), size).unwrap_err();
            assert!(error.to_string().contains("content-length is 3"), "{error}");
        }
        headers.append(CONTENT_LENGTH, HeaderValue::from_static("4"));
        assert!(take_length(&mut headers, 3).is_err());
    }

    #[test]
    fn a_value_that_is_no_text_is_named() {
        let mut headers = HeaderMap::new();
        headers.insert("x-a", HeaderValue::from_bytes(b"\xff").unwrap());
        let error = texts(&headers).unwrap_err().to_string();
        assert_eq!(error, "header \"x-a\" has a value that is not UTF-8");
    }
}
