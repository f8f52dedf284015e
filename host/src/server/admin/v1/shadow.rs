//! Shadows: what a candidate would answer on the requests of clients.

use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;

use super::named::Name;
use super::order::{integer, parse, read};
use super::problem::V1Problem;
use super::{Pages, json};
use crate::releases::{Caller, OrderError, ShadowOrder};
use crate::server::admin::AdminBody;

/// The body of an order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    digest: String,
    #[serde(rename = "for")]
    lasts: Option<String>,
    #[serde(default, deserialize_with = "integer")]
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
    let name = Name::new("digest", body.digest)?;
    let bad = |what: &str, fix: &str| {
        let status = StatusCode::BAD_REQUEST;
        V1Problem::new(status, "order", what.to_owned(), fix.to_owned())
    };
    let lasts = body.lasts.as_deref().map(time);
    if lasts == Some(None) {
        let what = "for is no number of seconds, minutes or hours";
        return Err(bad(
            what,
            "write \"30s\", \"10m\" or \"1h\", or leave it out",
        ));
    }
    if body.sample.is_some_and(|it| !(1..=100).contains(&it)) {
        let what = "sample is a share of the requests in percent, from 1 to 100";
        return Err(bad(what, "write such a number, or leave it out"));
    }
    let order = ShadowOrder {
        digest: name.digest(pages, &bff).await?,
        bff,
        lasts: lasts.flatten(),
        sample: body.sample,
        caller,
    };
    let location = format!("/v1/bffs/{}/shadow", order.bff);
    let report = pages.orders.shadow(order).await?;
    let mut response = json(StatusCode::ACCEPTED, &report);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// A time: `10m`.
fn time(text: &str) -> Option<Duration> {
    const LONGEST: usize = 6;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let is_number = digits.bytes().all(|it| it.is_ascii_digit()) && !digits.starts_with('0');
    let count = digits.parse::<u64>().ok()?;
    let fits = is_number && text.len() <= LONGEST;
    fits.then(|| Duration::from_secs(count * seconds))
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
    tracing::info!(bff, "a shadow is ended");
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
