//! The interface for releases, `/v1`: uploads, releases, rollbacks, and what became of them. Its
//! document is [`openapi.json`](v1/openapi.json), which a test holds to `ROUTES`.
//!
//! It never answers a browser, and other machines only with TLS and tokens.

pub(super) mod caller;
mod component;
mod document;
mod events;
mod exchange;
mod named;
mod order;
mod preview;
mod problem;
mod pulls;
mod release;
mod routes;
mod shadow;
mod shares;
mod status;
mod tokens;
mod trial;
mod upload;

use std::time::SystemTime;

use http::header::LOCATION;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::Value;

pub(super) use self::exchange::Exchanges;
use self::problem::V1Problem;
use self::pulls::Pulls;
use self::routes::{Need, Operation, Route};
use self::shares::Share;
pub(super) use self::shares::Shares;
use super::{AdminBody, Pages, typed};
use crate::releases::{Act, Caller, CanaryAct};
use crate::server::inbound::RequestId;

/// The paths that are answered here.
pub(super) const PREFIX: &str = "/v1/";

/// The document of this interface.
const OPENAPI: &str = include_str!("v1/openapi.json");

/// What uploads share.
pub(super) struct Uploads {
    /// One place for each that may run.
    places: Shares,
    /// Those that are pulls.
    pulls: Pulls,
}

impl Uploads {
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Shares::of_uploads(most),
            pulls: Pulls::default(),
        }
    }
}

/// Whether a request may change something.
pub(super) fn is_act<B>(request: &Request<B>) -> bool {
    !matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Answers a request.
pub(super) async fn answer(request: Request<Incoming>, pages: &Pages) -> Response<AdminBody> {
    let id = RequestId::of(request.headers());
    let (method, path) = (
        request.method().clone(),
        tokens::shown(request.uri().path()),
    );
    let mut known = None;
    let answered = dispatch(request, pages, &id, &mut known).await;
    if let Err(problem) = &answered {
        let (status, step, reason) = (problem.status.as_u16(), problem.step, &problem.reason);
        let token = known.as_ref().and_then(|known| known.caller.token());
        tracing::info!(%id, %method, path, token, status, step, reason, "an order is refused");
    }
    if let Some(known) = known.filter(|known| known.route.is_act()) {
        let (status, result) = result(&answered);
        let what = format!("{method} {path}");
        let act = act(&known.caller, what, status, result, &id);
        if let Err(error) = pages.orders.note(act).await {
            tracing::warn!(%id, "an act is not recorded: {error}");
        }
    }
    let mut response = answered.unwrap_or_else(|problem| problem.into_response(&id));
    let headers = response.headers_mut();
    headers.insert(crate::server::inbound::X_REQUEST_ID, id.header());
    let no_store = http::HeaderValue::from_static("no-store");
    headers.insert(http::header::CACHE_CONTROL, no_store);
    if method == Method::HEAD {
        *response.body_mut() = AdminBody::Left(Full::default());
    }
    response
}

/// What came of an answer, for the audit.
fn result(answered: &Result<Response<AdminBody>, V1Problem>) -> (StatusCode, Option<String>) {
    match answered {
        Ok(response) => {
            let place = response.headers().get(LOCATION);
            let place = place.and_then(|place| place.to_str().ok());
            (response.status(), place.map(str::to_owned))
        }
        Err(problem) => {
            let why = format!("{}: {}", problem.step, problem.reason);
            (problem.status, Some(why))
        }
    }
}

/// What a known caller did, or tried.
pub(super) fn act(
    caller: &Caller,
    what: String,
    status: StatusCode,
    result: Option<String>,
    id: &RequestId,
) -> Act {
    Act {
        number: 0,
        at: SystemTime::now(),
        actor: caller.name().to_owned(),
        token: caller.token().map(str::to_owned),
        what,
        status: status.as_u16(),
        result,
        request: id.as_str().to_owned(),
    }
}

/// A request of a known caller, which has its place until it is recorded: an act is written to the
/// journal, which has an end.
struct KnownRequest {
    caller: Caller,
    route: &'static Route,
    _place: Share,
}

async fn dispatch(
    request: Request<Incoming>,
    pages: &Pages,
    id: &RequestId,
    known: &mut Option<KnownRequest>,
) -> Result<Response<AdminBody>, V1Problem> {
    let found = routes::find(request.method(), request.uri().path());
    if let Ok((route, _)) = &found
        && route.need == Need::Proof
    {
        caller::admit(&request, pages)?;
        refuse_at_end(pages)?;
        let _place = pages.requests.take_for_job()?;
        return exchange::exchange(request, pages, id).await;
    }
    // What paths there are, only those get to know who are known.
    let caller = caller::caller(&request, pages).await?;
    let (route, names) = found?;
    *known = Some(KnownRequest {
        caller: caller.clone(),
        route,
        _place: pages.requests.take(&caller)?,
    });
    caller::check(&caller, route, route.bff(&names))?;
    let [first, second] = names;
    if route.is_act() {
        refuse_at_end(pages)?;
    }
    match route.operation {
        Operation::Openapi => {
            let text = OPENAPI.to_owned();
            Ok(typed(StatusCode::OK, "application/json", text))
        }
        Operation::Events => events::events(&request, pages, caller).await,
        Operation::Audit => tokens::audit(&request, pages).await,
        Operation::Tokens => tokens::list(pages).await,
        Operation::CreateToken => tokens::create(request, pages).await,
        // It has its own proof, above.
        Operation::Exchange => exchange::exchange(request, pages, id).await,
        Operation::RevokeToken => tokens::revoke(pages, first).await,
        Operation::AllBffs => status::all(pages, &caller).await,
        Operation::Bff => status::one(pages, &first).await,
        Operation::HasComponent => upload::has(pages, &first, caller).await,
        Operation::PutComponent => upload::put(request, pages, &first, caller).await,
        Operation::Begin => release::begin(request, pages, first, caller).await,
        Operation::Rollback => release::rollback(request, pages, first, caller).await,
        Operation::Promote => trial::end(request, pages, first, caller, CanaryAct::Promote).await,
        Operation::Abort => trial::end(request, pages, first, caller, CanaryAct::Abort).await,
        Operation::Hold => trial::hold(request, pages, first, caller).await,
        Operation::BeginShadow => shadow::begin(request, pages, first, caller).await,
        Operation::Shadow => shadow::report(pages, &first),
        Operation::EndShadow => shadow::end(pages, &first, &caller),
        Operation::Difference => release::difference(&request, pages, first).await,
        Operation::List => release::list(&request, pages, first).await,
        Operation::Get => release::get(pages, first, &second).await,
        Operation::Preview => preview::begin(request, pages, first, caller).await,
        Operation::Previews => preview::list(pages, first).await,
        Operation::EndPreview => preview::end(pages, first, second, caller).await,
    }
}

/// Refuses changes while the host stops.
fn refuse_at_end(pages: &Pages) -> Result<(), V1Problem> {
    if !*pages.stopping.borrow() {
        return Ok(());
    }
    let what = "the host stops, and makes no more changes";
    let fix = "send the order to the host that comes next";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Err(V1Problem::new(status, "stopping", what, fix))
}

fn json(status: StatusCode, document: &Value) -> Response<AdminBody> {
    typed(status, "application/json", format!("{document:#}\n"))
}
