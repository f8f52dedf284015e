//! Releases and rollbacks: orders, and what became of them.

use std::collections::BTreeSet;

use http::header::LOCATION;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;

use super::component::{Found, Named};
use super::named::{Name, Wanted};
use super::order::{integer, said, source, take, take_or_default, text};
use super::problem::V1Problem;
use super::{Pages, document, json};
use crate::digest::is_digest;
use crate::releases::{
    Begun, Caller, FirstShare, Kind, Order, OrderError, Release, Scope, Signing, StoreError, Target,
};
use crate::server::admin::AdminBody;
use crate::server::inbound;

/// Releases of one answer.
const PAGE: usize = 100;

/// The body of a release.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginBody {
    digest: Option<String>,
    oci: Option<String>,
    #[serde(default)]
    strategy: Strategy,
    message: Option<String>,
    source: Option<String>,
    expect_live: Option<String>,
    consent: Option<String>,
    #[serde(default, deserialize_with = "integer")]
    share: Option<u8>,
    #[serde(default)]
    again: bool,
    signature: Option<String>,
    #[serde(default)]
    older: bool,
}

/// How the component comes to clients.
#[derive(Default, Deserialize)]
enum Strategy {
    /// To all of them, when it is proven.
    #[default]
    #[serde(rename = "all-at-once")]
    AllAtOnce,
    /// To a share of them first.
    #[serde(rename = "canary")]
    Canary,
}

/// The body of a rollback, which may be empty.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackBody {
    to: Option<String>,
    message: Option<String>,
    expect_live: Option<String>,
}

/// Begins a release.
pub(super) async fn begin(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let what = format!("begin {bff}");
    let (body, key) = take::<BeginBody>(request, &caller, &what).await?;
    let named = Named::of(body.digest, body.oci)?;
    let canary = first_share(&body.strategy, body.share)?;
    if body.again && body.message.as_deref().is_none_or(says_nothing) {
        let what = "again is for a component that a rule has rolled back, and needs a message";
        let fix = "say in message why it is to be tried again";
        return Err(V1Problem::new(StatusCode::BAD_REQUEST, "held", what, fix));
    }
    if let Some(consent) = &body.consent {
        check_consent(consent)?;
        if !caller.is_operator() {
            let what = "consent is the operator's";
            let fix = "show the operator the difference, who may release it";
            return Err(V1Problem::new(StatusCode::FORBIDDEN, "scope", what, fix));
        }
    }
    let message = text("message", body.message)?;
    let source = source(body.source)?.or_else(|| named.source());
    let signature = said("signature", body.signature)?;
    let expect_live = Wanted::new(body.expect_live)?;
    let order = Order {
        kind: Kind::Deploy,
        message,
        source,
        expect_live: expect_live.expected(pages, &bff).await?,
        bff,
        key,
        caller,
        consent: body.consent,
        canary,
        again: body.again,
        preview: None,
        signing: Signing {
            signature,
            older: body.older,
        },
    };
    execute_of(pages, named, order, Scope::Release).await
}

/// Executes an order about a component that it names, which may have to be pulled first.
pub(super) async fn execute_of(
    pages: &Pages,
    named: Named,
    order: Order,
    scope: Scope,
) -> Result<Response<AdminBody>, V1Problem> {
    match named.find(pages, &order, scope).await? {
        Found::Digest(digest, _pulling) => Ok(execute(pages, order, Target::Digest(digest)).await?),
        Found::Begun(release) => Ok(recorded(&release)),
    }
}

/// A text that nobody learns anything from.
fn says_nothing(text: &str) -> bool {
    text.trim().is_empty()
}

/// A part of a consent is none: it is to all of a difference.
fn check_consent(consent: &str) -> Result<(), V1Problem> {
    if is_digest(consent) {
        return Ok(());
    }
    let what = "consent is no digest of a difference, of 64 hexadecimal digits in small letters";
    let fix = "write the consent of the difference that the refusal has";
    Err(V1Problem::new(StatusCode::BAD_REQUEST, "digest", what, fix))
}

/// The first share of a canary.
fn first_share(strategy: &Strategy, share: Option<u8>) -> Result<Option<FirstShare>, V1Problem> {
    match (strategy, share) {
        (Strategy::AllAtOnce, None) => Ok(None),
        (Strategy::Canary, None) => Ok(Some(FirstShare::Planned)),
        (Strategy::Canary, Some(percent @ 1..=99)) => Ok(Some(FirstShare::Percent(percent))),
        _ => {
            let what = "share is the first share of a canary in percent, from 1 to 99";
            let fix = "write it with \"strategy\": \"canary\", or leave it out";
            Err(V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix))
        }
    }
}

/// Begins a rollback.
pub(super) async fn rollback(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let what = format!("rollback {bff}");
    let (body, key) = take_or_default::<RollbackBody>(request, &caller, &what).await?;
    let to = body.to.map(|name| Name::new("to", name)).transpose()?;
    let expect_live = Wanted::new(body.expect_live)?;
    let message = text("message", body.message)?;
    let target = match to {
        Some(name) => name.target(pages, &bff).await?,
        None => Target::Previous,
    };
    let order = Order {
        kind: Kind::Rollback,
        message,
        source: None,
        expect_live: expect_live.expected(pages, &bff).await?,
        bff,
        key,
        caller,
        consent: None,
        canary: None,
        again: false,
        preview: None,
        signing: Signing::default(),
    };
    let bff = order.bff.clone();
    match execute(pages, order, target).await {
        Err(OrderError::NoPrevious(_)) if !pages.orders.live().await?.contains_key(&bff) => {
            Err(OrderError::NothingLive(bff).into())
        }
        executed => Ok(executed?),
    }
}

async fn execute(
    pages: &Pages,
    order: Order,
    target: Target,
) -> Result<Response<AdminBody>, OrderError> {
    let release = match pages.orders.begin(order, target).await? {
        Begun::Recorded(release) => release,
        Begun::Unrecorded { bff, digest, why } => return Ok(unrecorded(&bff, &digest, &why)),
    };
    Ok(recorded(&release))
}

/// A release that has begun, by this order or by the same one before.
fn recorded(release: &Release) -> Response<AdminBody> {
    let (bff, number, kind) = (&release.bff, release.number, &release.kind);
    tracing::info!(
        bff,
        release = number,
        kind,
        digest = release.digest,
        "a release is ordered"
    );
    let mut response = json(StatusCode::ACCEPTED, &document::release(release));
    // A BFF's name needs no escapes.
    let location = format!("/v1/bffs/{bff}/releases/{number}");
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// What an order did that the journal could not take.
pub(super) fn unrecorded(bff: &str, digest: &str, why: &StoreError) -> Response<AdminBody> {
    json(StatusCode::OK, &document::unrecorded(bff, digest, why))
}

/// The releases of a BFF, the newest first.
pub(super) async fn list(
    request: &Request<Incoming>,
    pages: &Pages,
    bff: String,
) -> Result<Response<AdminBody>, V1Problem> {
    let (before, limit) = page_of(request)?;
    let releases = pages.orders.list(bff, before, limit).await?;
    let releases: Vec<_> = releases.iter().map(document::release).collect();
    Ok(json(StatusCode::OK, &json!({"releases": releases})))
}

/// The page of a list that a request is for.
pub(super) fn page_of<B>(request: &Request<B>) -> Result<(Option<i64>, usize), V1Problem> {
    let bad = |what: String| {
        let fix = "write ?before=NUMBER, ?limit=NUMBER, both or neither";
        V1Problem::new(StatusCode::BAD_REQUEST, "query", what, fix)
    };
    let query = inbound::query(request.uri()).map_err(|error| bad(error.to_string()))?;
    let (mut before, mut limit) = (None, PAGE);
    let mut names = BTreeSet::new();
    for (name, value) in query {
        if !names.insert(name.clone()) {
            return Err(bad(format!("{name:?} is there twice")));
        }
        match (&*name, value.parse::<u32>()) {
            ("before", Ok(number)) => before = Some(i64::from(number)),
            ("limit", Ok(number)) if (1..=PAGE as u32).contains(&number) => limit = number as usize,
            ("limit", _) => return Err(bad(format!("limit is no number of 1 to {PAGE}"))),
            ("before", _) => return Err(bad("before is no number".to_owned())),
            _ => return Err(bad(format!("{name:?} is not known here"))),
        }
    }
    Ok((before, limit))
}

/// One release.
pub(super) async fn get(
    pages: &Pages,
    bff: String,
    number: &str,
) -> Result<Response<AdminBody>, V1Problem> {
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let number = number.parse::<i64>().ok().filter(|_| is_number);
    let number = number.ok_or_else(|| {
        let fix = "take it from /v1/bffs/NAME/releases";
        V1Problem::new(
            StatusCode::NOT_FOUND,
            "release",
            "it is no number of a release",
            fix,
        )
    })?;
    let release = pages.orders.get(bff, number).await?;
    Ok(json(StatusCode::OK, &document::release(&release)))
}

/// How far one component reaches further than another.
pub(super) async fn difference(
    request: &Request<Incoming>,
    pages: &Pages,
    bff: String,
) -> Result<Response<AdminBody>, V1Problem> {
    let bad = |what: String| {
        let fix = "write ?to=NAME, and ?from=NAME if it is not to be compared with live";
        V1Problem::new(StatusCode::BAD_REQUEST, "query", what, fix)
    };
    let query = inbound::query(request.uri()).map_err(|error| bad(error.to_string()))?;
    let (mut from, mut to) = (None, None);
    for (name, value) in query {
        let place = match &*name {
            "from" => &mut from,
            "to" => &mut to,
            _ => return Err(bad(format!("{name:?} is not known here"))),
        };
        if place.replace(value).is_some() {
            return Err(bad(format!("{name:?} is there twice")));
        }
    }
    let to = to.ok_or_else(|| bad("it does not say which component".to_owned()))?;
    let from = from.unwrap_or_else(|| "live".to_owned());
    let difference = pages.orders.difference(bff, from, to).await?;
    Ok(json(StatusCode::OK, &json!(difference)))
}
