//! Orders of the operator to a service's policy: what its breaker does, and which stored answers
//! are void.
//!
//! - `POST /downstreams/NAME/breaker?state=open|closed|auto`
//! - `POST /downstreams/NAME/invalidate?path=/users/ada/*`, or `?tag=ada`, or `?all`
//!
//! A web page that a user of the machine opens can send such a request, too (cross-site request
//! forgery), but not without a field that says where it comes from. So a request with one of these
//! fields is refused.

use http::header::{HeaderName, ORIGIN};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::downstream::Pipeline;
use crate::downstream::policy::breaker::Forced;
use crate::downstream::policy::cache::Invalidation;
use crate::server::inbound;
use crate::snapshot::Snapshot;

/// The service.
pub(super) const PREFIX: &str = "/downstreams/";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why the order was refused, with the way out.
pub(super) struct Refused(pub(super) StatusCode, pub(super) String);

/// Executes the order of a POST.
///
/// # Errors
///
/// Why the order was refused.
pub(super) fn steer<B>(request: &Request<B>, snapshot: &Snapshot) -> Result<Value, Refused> {
    refuse_browsers(request)?;
    let path = request.uri().path();
    let not_found = || {
        let what = "POST goes to /downstreams/NAME/breaker and /downstreams/NAME/invalidate\n";
        Refused(StatusCode::NOT_FOUND, what.to_owned())
    };
    let (name, order) = path
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(not_found)?;
    let pipeline = snapshot
        .services
        .get(name)
        .and_then(|service| service.pipeline());
    let pipeline = pipeline.ok_or_else(|| {
        let names: Vec<&str> = snapshot
            .services
            .iter()
            .map(|service| &**service.name())
            .collect();
        let what = format!(
            "there is no such downstream; there are: {}\n",
            names.join(", ")
        );
        Refused(StatusCode::NOT_FOUND, what)
    })?;
    let query = inbound::query(request.uri())
        .map_err(|error| Refused(StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    match order {
        "breaker" => force_breaker(name, pipeline, &query),
        "invalidate" => invalidate(name, pipeline, &query),
        _ => Err(not_found()),
    }
}

/// Refuses what a browser sends.
///
/// # Errors
///
/// When a page may have sent it.
pub(super) fn refuse_browsers<B>(request: &Request<B>) -> Result<(), Refused> {
    let mut signs = [ORIGIN, SEC_FETCH_SITE].into_iter();
    if signs.any(|name| request.headers().contains_key(name)) {
        let what = "a browser's request changes nothing here; use curl\n";
        return Err(Refused(StatusCode::FORBIDDEN, what.to_owned()));
    }
    Ok(())
}

fn force_breaker(
    name: &str,
    pipeline: &Pipeline,
    query: &[(String, String)],
) -> Result<Value, Refused> {
    let (forced, state) = match query {
        [(key, state)] if key == "state" && state == "open" => (Some(Forced::Open), "open"),
        [(key, state)] if key == "state" && state == "closed" => (Some(Forced::Closed), "closed"),
        [(key, state)] if key == "state" && state == "auto" => (None, "auto"),
        _ => {
            let what = "write ?state=open, ?state=closed or ?state=auto\n";
            return Err(Refused(StatusCode::BAD_REQUEST, what.to_owned()));
        }
    };
    if !pipeline.force_breaker(forced) {
        let what = format!("downstream.{name}.breaker is not enabled\n");
        return Err(Refused(StatusCode::CONFLICT, what));
    }
    tracing::warn!(downstream = name, state, "the operator set the breaker");
    Ok(json!({"downstream": name, "breaker": state}))
}

fn invalidate(
    name: &str,
    pipeline: &Pipeline,
    query: &[(String, String)],
) -> Result<Value, Refused> {
    let which = match query {
        [(key, path)] if key == "path" && path.starts_with('/') => Invalidation::Path(path.clone()),
        [(key, tag)] if key == "tag" && !tag.is_empty() => Invalidation::Tag(tag.clone()),
        [(key, nothing)] if key == "all" && nothing.is_empty() => Invalidation::All,
        _ => {
            let what = "write ?path=/users/ada/days, ?path=/users/ada/*, ?tag=ada or ?all\n";
            return Err(Refused(StatusCode::BAD_REQUEST, what.to_owned()));
        }
    };
    let Some(dropped) = pipeline.invalidate(&which) else {
        let what = format!("downstream.{name}.cache is not enabled\n");
        return Err(Refused(StatusCode::CONFLICT, what));
    };
    tracing::info!(
        downstream = name,
        dropped,
        "the operator dropped stored answers"
    );
    Ok(json!({"downstream": name, "dropped": dropped}))
}
