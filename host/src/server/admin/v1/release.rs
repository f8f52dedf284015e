//! Releases and rollbacks: orders, and what became of them.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::time::timeout;

use super::problem::V1Problem;
use super::upload::check_digest;
use super::{Pages, document, json};
use crate::digest::hex;
use crate::releases::{
    Begun, Caller, Expected, FirstShare, Kind, Order, Signing, StoreError, Target,
};
use crate::server::admin::AdminBody;
use crate::server::inbound;
use crate::text::is_hidden;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Size of an order, bytes.
const MAX_ORDER: usize = 16 << 10;
/// Time for a client to send one.
const ORDER_TIMEOUT: Duration = Duration::from_secs(10);
/// Size of a text of the author's, bytes.
const MAX_TEXT: usize = 1000;
/// Length of a key.
const MAX_KEY: usize = 200;
/// Releases of one answer.
const PAGE: usize = 100;

/// The body of a release.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginBody {
    digest: String,
    #[serde(default)]
    strategy: Strategy,
    message: Option<String>,
    source: Option<String>,
    #[serde(default, deserialize_with = "some")]
    expect_live: Option<String>,
    #[serde(default, deserialize_with = "some")]
    consent: Option<String>,
    share: Option<u8>,
    #[serde(default)]
    again: bool,
    #[serde(default, deserialize_with = "some")]
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
    #[serde(default, deserialize_with = "some")]
    expect_live: Option<String>,
}

/// A member that is there has a value: `null` is what a tool writes that found nothing, and would
/// expect anything.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// Begins a release.
pub(super) async fn begin(
    request: Request<Incoming>,
    pages: &Pages,
    bff: String,
    caller: Caller,
) -> Result<Response<AdminBody>, V1Problem> {
    let (bytes, key) = read(request).await?;
    let key = key_of(key, &caller, &format!("begin {bff}"), &bytes);
    let body: BeginBody = parse(&bytes)?;
    check_digest(&body.digest)?;
    let canary = first_share(&body.strategy, body.share)?;
    if body.again && body.message.as_deref().is_none_or(str::is_empty) {
        let what = "again is for a component that a rule has rolled back, and needs a message";
        let fix = "say in message why it is to be tried again";
        return Err(V1Problem::new(StatusCode::BAD_REQUEST, "held", what, fix));
    }
    if let Some(consent) = &body.consent {
        check_digest(consent)?;
        if !caller.is_operator() {
            let what = "consent is the operator's";
            let fix = "show the operator the difference, who may release it";
            return Err(V1Problem::new(StatusCode::FORBIDDEN, "scope", what, fix));
        }
    }
    let order = Order {
        bff,
        target: Target::Digest(body.digest),
        kind: Kind::Deploy,
        message: text("message", body.message)?,
        source: text("source", body.source)?,
        expect_live: expected(body.expect_live)?,
        key,
        caller,
        consent: body.consent,
        canary,
        again: body.again,
        signing: Signing {
            signature: body.signature,
            older: body.older,
        },
    };
    execute(pages, order).await
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
    let (bytes, key) = read(request).await?;
    let key = key_of(key, &caller, &format!("rollback {bff}"), &bytes);
    let body: RollbackBody = match bytes.is_empty() {
        true => RollbackBody::default(),
        false => parse(&bytes)?,
    };
    let target = match body.to {
        Some(digest) => {
            check_digest(&digest)?;
            Target::Digest(digest)
        }
        None => Target::Previous,
    };
    let order = Order {
        bff,
        target,
        kind: Kind::Rollback,
        message: text("message", body.message)?,
        source: None,
        expect_live: expected(body.expect_live)?,
        key,
        caller,
        consent: None,
        canary: None,
        again: false,
        signing: Signing::default(),
    };
    execute(pages, order).await
}

async fn execute(pages: &Pages, order: Order) -> Result<Response<AdminBody>, V1Problem> {
    let release = match pages.orders.begin(order).await? {
        Begun::Recorded(release) => release,
        Begun::Unrecorded { bff, digest, why } => return Ok(unrecorded(&bff, &digest, &why)),
    };
    let (bff, number, kind) = (&release.bff, release.number, &release.kind);
    tracing::info!(
        bff,
        release = number,
        kind,
        digest = release.digest,
        "a release is ordered"
    );
    let mut response = json(StatusCode::ACCEPTED, &document::release(&release));
    // A BFF's name needs no escapes.
    let location = format!("/v1/bffs/{bff}/releases/{number}");
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
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

/// The key of an order, with the digest of the order. A team's keys are its own: it neither meets nor
/// finds out those of another one.
pub(super) fn key_of(
    key: Option<String>,
    caller: &Caller,
    what: &str,
    body: &[u8],
) -> Option<(String, String)> {
    let key = match caller {
        Caller::Local => key?,
        // Neither has a space in it.
        Caller::Token(token) => format!("{} {}", token.team, key?),
    };
    Some((key, hex(format!("{what}\n").as_bytes()) + &hex(body)))
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

/// The body of an order, and its key.
pub(super) async fn read(request: Request<Incoming>) -> Result<(Bytes, Option<String>), V1Problem> {
    let key = key(&request)?;
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let kind = kind.map(|kind| {
        kind.split(|b| *b == b';')
            .next()
            .unwrap_or(kind)
            .trim_ascii()
    });
    let is_json = kind.map(|kind| kind.eq_ignore_ascii_case(b"application/json"));
    let body = Limited::new(request.into_body(), MAX_ORDER).collect();
    let bad = |status, what: String, fix: &str| V1Problem::new(status, "order", what, fix);
    let body = timeout(ORDER_TIMEOUT, body).await.map_err(|_| {
        let what = "the order did not come in time".to_owned();
        bad(StatusCode::REQUEST_TIMEOUT, what, "send it again")
    })?;
    let body = body.map_err(|_| {
        let what = format!("the order did not come whole, or has more than {MAX_ORDER} bytes");
        bad(
            StatusCode::BAD_REQUEST,
            what,
            "send it again, with shorter texts",
        )
    })?;
    let bytes = body.to_bytes();
    if is_json == Some(false) || (is_json.is_none() && !bytes.is_empty()) {
        let what = "the order is not application/json".to_owned();
        let fix = "send content-type: application/json";
        return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, what, fix));
    }
    Ok((bytes, key))
}

fn key(request: &Request<Incoming>) -> Result<Option<String>, V1Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let legal = key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if keys.next().is_none() && legal && (1..=MAX_KEY).contains(&key.len()) => {
            Ok(Some(key.to_owned()))
        }
        _ => {
            let what = "idempotency-key is not one key";
            let fix = format!("send 1 to {MAX_KEY} letters, digits and signs, once");
            let status = StatusCode::BAD_REQUEST;
            Err(V1Problem::new(status, "idempotency-key", what, fix))
        }
    }
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, V1Problem> {
    let bad = |what: String| {
        let fix = "look at /v1/openapi.json";
        V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
    };
    // serde takes a list for a struct, too.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(bad("the order is no JSON object".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))
}

pub(super) fn text(name: &str, text: Option<String>) -> Result<Option<String>, V1Problem> {
    let is_bad = |text: &String| text.chars().count() > MAX_TEXT || text.chars().any(is_hidden);
    if text.as_ref().is_some_and(is_bad) {
        let what =
            format!("{name} has more than {MAX_TEXT} characters, or some that are not shown");
        let fix = "write less, on one line";
        return Err(V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix));
    }
    Ok(text)
}

fn expected(text: Option<String>) -> Result<Expected, V1Problem> {
    match text.as_deref() {
        None | Some("any") => Ok(Expected::Any),
        Some("none") => Ok(Expected::Nothing),
        Some(digest) => {
            check_digest(digest)?;
            Ok(Expected::Digest(digest.to_owned()))
        }
    }
}
