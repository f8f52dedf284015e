//! Shadows: what a candidate would answer on the requests of clients.

use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;

use super::order::{parse, read, some};
use super::problem::V1Problem;
use super::upload::check_digest;
use super::{Pages, json};
use crate::releases::{Caller, OrderError, ShadowOrder};
use crate::server::admin::AdminBody;

/// The body of an order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    digest: String,
    #[serde(rename = "for", default, deserialize_with = "some")]
    lasts: Option<String>,
    sample: Option<u8>,
}

/// Begins a shadow.
pub(super) async fn begin(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    // One that is sent twice begins anew.
    let (bytes, _) = read(request).await?;
    let body: Body = parse(&bytes)?;
    check_digest(&body.digest)?;
    let bad = |what: &str, fix: &str| {
        let status = StatusCode::BAD_REQUEST;
        V1Problem::new(status, "order", what.to_owned(), fix.to_owned())
    };
    let lasts = body.lasts.as_deref().map(humantime::parse_duration);
    let lasts = lasts.transpose().ok().flatten();
    if body.lasts.is_some() && lasts.is_none_or(|it| it < Duration::from_secs(1)) {
        let what = "for is no time of a second or more";
        return Err(bad(what, "write \"10m\", or leave it out"));
    }
    if body.sample.is_some_and(|it| !(1..=100).contains(&it)) {
        let what = "sample is a share of the requests in percent, from 1 to 100";
        return Err(bad(what, "write such a number, or leave it out"));
    }
    let order = ShadowOrder {
        bff,
        digest: body.digest,
        lasts,
        sample: body.sample,
        caller,
    };
    let location = format!("/v1/bffs/{}/shadow", order.bff);
    let bff = order.bff.clone();
    pages.orders.shadow(order).await?;
    let mut response = json(StatusCode::ACCEPTED, &found(pages, &bff)?);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// What a shadow has found so far.
pub(super) fn report(pages: &Pages, bff: &str) -> Result<Response<AdminBody>, V1Problem> {
    Ok(json(StatusCode::OK, &found(pages, bff)?))
}

/// Ends a shadow. One that has ended stays as it is.
pub(super) fn end(
    pages: &Pages,
    bff: &str,
    caller: &Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    found(pages, bff)?;
    let why = format!("ended by {}", caller.name());
    let report = pages.shared.shadows.end(bff, &why);
    let report = report.ok_or_else(|| OrderError::NoShadow(bff.to_owned()))?;
    tracing::info!(bff, actor = caller.name(), "a shadow is ended");
    Ok(json(StatusCode::OK, &report))
}

fn found(pages: &Pages, bff: &str) -> Result<Value, OrderError> {
    let snapshot = pages.shared.snapshot.load();
    let known = snapshot.bffs.get(bff);
    if known.is_none_or(|bff| bff.settings().component.is_some()) {
        return Err(OrderError::NoBff(bff.to_owned()));
    }
    let report = pages.shared.shadows.report(bff);
    report.ok_or_else(|| OrderError::NoShadow(bff.to_owned()))
}
