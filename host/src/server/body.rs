//! The body of a client's request, whole, within its size and its time.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::problem::Code;
use crate::config;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is too large, or too slow: the client gets an answer.
    Refused(Code),
    /// Its chunks are not what HTTP asks for.
    Malformed,
    /// The client went.
    ClientGone,
}

/// Reads the body.
pub(super) async fn read(body: Incoming, settings: &config::Server) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // A length that is announced is refused before the first byte is read, and before a client that waits for
    // "100 Continue" sends any.
    if body.size_hint().lower() > settings.max_body_size as u64 {
        return Err(BodyError::Refused(Code::BodyTooLarge));
    }
    collect(
        Limited::new(body, settings.max_body_size),
        settings.body_timeout,
    )
    .await
}

async fn collect(body: Limited<Incoming>, patience: Duration) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(patience, body.collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(BodyError::Refused(Code::BodyTooLarge))
        }
        Ok(Err(error)) if is_malformed(&*error) => Err(BodyError::Malformed),
        Ok(Err(_)) => Err(BodyError::ClientGone),
        Err(_elapsed) => Err(BodyError::Refused(Code::BodyTimeout)),
    }
}

/// Whether bytes came that are no body. hyper says so with a kind of I/O error; a connection that broke has other kinds.
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
