//! Components: whether one is there, and uploads.

use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::problem::V1Problem;
use super::shares::Share;
use super::{Pages, json};
use crate::config::{show_duration, show_size};
use crate::digest::is_digest;
use crate::releases::{Caller, OrderError, Part, StoreError, Stored, reach};
use crate::server::admin::AdminBody;

/// Time for the disk to take the rest of an upload.
const STORING: Duration = Duration::from_secs(10);
/// Parts of an upload that wait for the disk. Each is at most what hyper reads at once, 400 KiB.
const PARTS: usize = 2;

/// Answers whether a component is there.
pub(super) async fn has(
    pages: &Pages,
    digest: &str,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    check_digest(digest)?;
    let found = pages.orders.has(digest.to_owned(), caller).await?;
    let mut response = Response::new(AdminBody::Left(Full::default()));
    if !found {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

/// Stores the component in a request's body.
pub(super) async fn put(
    request: Request<Incoming>,
    pages: &Pages,
    digest: &str,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    check_digest(digest)?;
    let config = pages.shared.snapshot.load().config.clone();
    let limit = config.engine.max_component_size;
    let length = request.headers().get(CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|it| it.to_str().ok()?.parse().ok());
    let Some(length) = length else {
        let what = "the request does not say how long its body is";
        let fix = "send content-length";
        return Err(V1Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "size",
            what,
            fix,
        ));
    };
    if length > limit {
        return Err(too_large(length, limit));
    }
    let place = pages.uploads.places.take(&caller)?;
    let (parts, storing) = store(pages, digest, caller, place);
    send(request.into_body(), parts, config.releases.upload_timeout).await?;
    let Stored { size, is_new } = stored(storing).await??;
    if is_new {
        tracing::info!(digest, size, "a component is uploaded");
    }
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(json(status, &json!({"digest": digest, "size": size})))
}

/// Has the store take a component from the parts that are sent to it.
pub(super) fn store(
    pages: &Pages,
    digest: &str,
    caller: Caller,
    place: Share,
) -> (mpsc::Sender<Part>, JoinHandle<Result<Stored, OrderError>>) {
    let (parts, coming) = mpsc::channel(PARTS);
    let storing = pages.orders.store(digest.to_owned(), coming, caller);
    // A file system that hangs holds the place, also when nobody waits any more.
    #[expect(clippy::disallowed_methods, reason = "bounded by the places")]
    let storing = tokio::spawn(async move {
        let stored = storing.await;
        drop(place);
        stored
    });
    (parts, storing)
}

/// Waits until all parts are stored.
pub(super) async fn stored(
    storing: JoinHandle<Result<Stored, OrderError>>,
) -> Result<Result<Stored, OrderError>, V1Problem> {
    let stored = timeout(STORING, storing).await.map_err(|_| {
        let what = "the file system of engine.data-dir does not answer in time";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        V1Problem::new(status, "store", what, "look at it, and try again")
    })?;
    Ok(stored.unwrap_or(Err(OrderError::Stopping)))
}

/// Hands the parts of a body on as they come. A body that nobody takes any more is read to its end
/// all the same, or its client would not read why.
async fn send(
    mut body: Incoming,
    parts: mpsc::Sender<Part>,
    within: Duration,
) -> Result<(), V1Problem> {
    let sending = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| StoreError::Cut)?;
            if let Ok(bytes) = frame.into_data() {
                let _ = parts.send(Part::Bytes(bytes)).await;
            }
        }
        reach("upload-read");
        let _ = parts.send(Part::End).await;
        Ok(())
    };
    let sent = timeout(within, sending).await.map_err(|_| {
        let what = format!(
            "the component did not come within {}",
            show_duration(within)
        );
        let fix = "send it again, or raise releases.upload-timeout";
        V1Problem::new(StatusCode::REQUEST_TIMEOUT, "upload", what, fix)
    })?;
    sent.map_err(|error: StoreError| OrderError::Store(error).into())
}

fn check_digest(digest: &str) -> Result<(), V1Problem> {
    if is_digest(digest) {
        return Ok(());
    }
    let what = "the digest is no SHA-256 of 64 hexadecimal digits in small letters";
    let fix = "take it with sha256sum";
    Err(V1Problem::new(StatusCode::BAD_REQUEST, "digest", what, fix))
}

fn too_large(length: u64, limit: u64) -> V1Problem {
    let what = format!(
        "the component has {}, more than engine.max-component-size ({})",
        show_size(length),
        show_size(limit)
    );
    let fix = "make it smaller (strip it), or raise the limit";
    V1Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "size", what, fix)
}
