//! The response of a guest by `wasi:http`, from its `response-outparam` to the last byte of its
//! body. It is collected while the guest writes it: a response goes to the client once it is whole.

use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{CONTENT_LENGTH, HeaderMap};
use http_body_util::BodyExt as _;
use thiserror::Error;
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

/// Waits for the response and its whole body. `has_begun` is set once the head is there.
pub(super) async fn collect(
    receiver: Receiver,
    max_size: usize,
    has_begun: &AtomicBool,
) -> Result<Response, Unanswered> {
    // A guest may also drop the outparam.
    let response = receiver.await.map_err(|_| Unanswered::Unset)?;
    let (mut parts, mut body) = response.map_err(Unanswered::Failed)?.into_parts();
    has_begun.store(true, Ordering::Relaxed);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unanswered::Unfinished)?;
        // Trailers are left out: a recipient may do that (RFC 9110 section 6.5.1).
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let size = bytes.len() + data.len();
        if size > max_size {
            return Err(Unanswered::TooLarge {
                size,
                limit: max_size,
            });
        }
        bytes.extend_from_slice(&data);
    }
    take_length(&mut parts.headers, bytes.len())?;
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
    for said in headers.get_all(CONTENT_LENGTH) {
        if said.as_bytes() != size.to_string().as_bytes() {
            let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
            return Err(Unanswered::Length { said, size });
        }
    }
    headers.remove(CONTENT_LENGTH);
    Ok(())
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
    use http::HeaderValue;

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
