//! Content codings of answers (RFC 9110 section 8.4): decoded here, so that no layer above sees
//! one.
//!
//! A whole body is decoded in steps. A step takes a few kilobytes and yields some tens of them, and
//! between two steps the worker serves others. The output has the limit of a body: a few kilobytes
//! may decode to gigabytes, and neither memory nor time is spent beyond the limit.

mod brotli;
mod deflate;
mod fault;
mod zstd;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use thiserror::Error;

use self::brotli::Brotli;
use self::deflate::Deflate;
use self::fault::Fault;
use self::zstd::Zstd;
use crate::config::ContentCoding;
use crate::downstream::response::ServiceResponse;

/// Codings of one body that are decoded. More than one is rare.
const MAX_CODINGS: usize = 3;
/// The most output of a step, bytes. A decoder may exceed it by an indivisible part.
const STEP: usize = 64 << 10;
/// The initial buffer, as a multiple of the coded body: the usual ratio of texts.
const USUAL_RATIO: usize = 4;

/// Why a body could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It is larger than allowed.
    #[error("it is too large")]
    TooLarge,
    /// The time was over first.
    #[error("it took too long")]
    Late,
    /// It does not match its coding.
    #[error("the answer's content-encoding {:?}: the body {}", .coding.name(), .fault)]
    Bad {
        coding: ContentCoding,
        /// What is wrong.
        fault: Fault,
    },
    /// It is a part of a body, which cannot be decoded alone.
    #[error("the answer's content-encoding: a part of a coded body cannot be decoded")]
    Partial,
}

/// Decodes an answer. One with an unknown coding stays as it is. `over` says whether the time is
/// over.
///
/// # Errors
///
/// When its body is too large, takes too long or is not coded as it says.
pub async fn decoded(
    mut answer: ServiceResponse,
    limit: usize,
    over: impl Fn() -> bool,
) -> Result<ServiceResponse, DecodeError> {
    let Some(codings) = codings(&answer.headers) else {
        return match answer.body.len() > limit {
            true => Err(DecodeError::TooLarge),
            false => Ok(answer),
        };
    };
    if answer.status == StatusCode::PARTIAL_CONTENT {
        return Err(DecodeError::Partial);
    }
    answer.body = decode(&codings, answer.body, limit, over).await?;
    // Also where there is no body: such an answer describes one that has no codings for the caller.
    strip(&mut answer.headers);
    Ok(answer)
}

/// The most bytes to read of a body with this limit.
pub fn read_limit(headers: &HeaderMap, limit: usize) -> usize {
    match headers.contains_key(CONTENT_ENCODING) {
        true => coded_limit(limit),
        false => limit,
    }
}

/// The largest coded form of a body of this size: incompressible data grows a little.
fn coded_limit(limit: usize) -> usize {
    limit.saturating_add(limit / 1024 + 1024)
}

/// The codings of a message, in the order in which they were applied; `None` when there are none,
/// or one that is not known, or too many. The body and its fields are passed on unchanged then.
fn codings(headers: &HeaderMap) -> Option<Vec<ContentCoding>> {
    let mut codings = Vec::new();
    for line in headers.get_all(CONTENT_ENCODING) {
        for coding in line.as_bytes().split(|byte| *byte == b',') {
            match coding.trim_ascii() {
                b"" => {}
                coding if coding.eq_ignore_ascii_case(b"identity") => {}
                coding => codings.push(ContentCoding::named(coding)?),
            }
        }
    }
    (1..=MAX_CODINGS)
        .contains(&codings.len())
        .then_some(codings)
}

/// Removes the fields that describe the coded body. The `etag` stays: it goes back to the same
/// service, which gets the same request each time and so knows it.
fn strip(headers: &mut HeaderMap) {
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    for digest in ["content-digest", "repr-digest", "digest", "content-md5"] {
        headers.remove(digest);
    }
}

/// Decodes a whole body.
async fn decode(
    codings: &[ContentCoding],
    body: Bytes,
    limit: usize,
    over: impl Fn() -> bool,
) -> Result<Bytes, DecodeError> {
    let mut body = body;
    for (left, coding) in codings.iter().enumerate().rev() {
        // An empty body has no coding, whatever its field claims.
        if body.is_empty() {
            break;
        }
        let limit = if left == 0 { limit } else { coded_limit(limit) };
        body = undo(*coding, &body, limit, &over).await?;
    }
    Ok(body)
}

async fn undo(
    coding: ContentCoding,
    body: &[u8],
    limit: usize,
    over: &impl Fn() -> bool,
) -> Result<Bytes, DecodeError> {
    let mut decoder = Decoder::new(coding, body, limit);
    let mut input = body;
    let room = body.len().saturating_mul(USUAL_RATIO).min(limit);
    let mut output = Vec::with_capacity(room);
    loop {
        // One byte more than allowed shows that it is too much.
        let room = (limit - output.len()).saturating_add(1).min(STEP);
        let done = decoder
            .step(&mut input, &mut output, room)
            .map_err(|fault| match fault {
                Fault::TooLarge => DecodeError::TooLarge,
                fault => DecodeError::Bad { coding, fault },
            })?;
        if output.len() > limit {
            return Err(DecodeError::TooLarge);
        }
        if done {
            break;
        }
        if over() {
            return Err(DecodeError::Late);
        }
        tokio::task::yield_now().await;
    }
    if !input.is_empty() {
        let fault = Fault::Long;
        return Err(DecodeError::Bad { coding, fault });
    }
    // It may be stored for long.
    output.shrink_to_fit();
    Ok(output.into())
}

enum Decoder {
    Deflate(Deflate),
    Brotli(Brotli),
    Zstd(Zstd),
}

impl Decoder {
    fn new(coding: ContentCoding, body: &[u8], limit: usize) -> Self {
        match coding {
            ContentCoding::Gzip => Self::Deflate(Deflate::gzip()),
            ContentCoding::Deflate => Self::Deflate(Deflate::named_deflate(body)),
            ContentCoding::Brotli => Self::Brotli(Brotli::new(limit)),
            ContentCoding::Zstd => Self::Zstd(Zstd::new(limit)),
        }
    }

    /// Takes some of `input` and appends its decoded form; returns whether that was all. Each step
    /// takes or yields something, or fails.
    fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        room: usize,
    ) -> Result<bool, Fault> {
        match self {
            Self::Deflate(deflate) => deflate.step(input, output, room),
            Self::Brotli(brotli) => brotli.step(input, output, room),
            Self::Zstd(zstd) => zstd.step(input, output),
        }
    }
}
