//! Components: whether one is there, and uploads.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;
use tokio::time::timeout;

use super::problem::V1Problem;
use super::{Pages, json};
use crate::config::{show_duration, show_size};
use crate::digest::hex;
use crate::releases::{is_digest, reach};

/// Answers whether a component is there.
pub(super) async fn has(pages: &Pages, digest: &str) -> Result<Response<Full<Bytes>>, V1Problem> {
    check_digest(digest)?;
    let found = pages.orders.has(digest.to_owned()).await?;
    let mut response = Response::new(Full::default());
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
) -> Result<Response<Full<Bytes>>, V1Problem> {
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
    let Ok(_permit) = pages.uploads.permits.try_acquire() else {
        let what = format!("{} uploads are under way", pages.uploads.most);
        let fix = "try again in a moment, or raise releases.uploads";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(V1Problem::new(status, "upload", what, fix));
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let body = Limited::new(request.into_body(), limit).collect();
    let within = config.releases.upload_timeout;
    let body = timeout(within, body).await.map_err(|_| {
        let what = format!(
            "the component did not come within {}",
            show_duration(within)
        );
        let fix = "send it again, or raise releases.upload-timeout";
        V1Problem::new(StatusCode::REQUEST_TIMEOUT, "upload", what, fix)
    })?;
    let bytes = body.map_err(|_| {
        let what = "the component did not come whole";
        V1Problem::new(StatusCode::BAD_REQUEST, "upload", what, "send it again")
    })?;
    let bytes = bytes.to_bytes();
    reach("upload-read");
    let hashing = bytes.clone();
    let found = tokio::task::spawn_blocking(move || hex(&hashing)).await;
    let found = found.unwrap_or_default();
    if found != digest {
        let what = format!("the body has the digest {found}, not {digest}");
        let fix = "send the file that the digest was taken of, whole";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(V1Problem::new(status, "digest", what, fix));
    }
    let size = bytes.len();
    let is_new = pages.orders.store(digest.to_owned(), bytes).await?;
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

pub(super) fn check_digest(digest: &str) -> Result<(), V1Problem> {
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
