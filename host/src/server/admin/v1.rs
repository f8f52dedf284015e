//! The interface for releases, `/v1`: uploads, releases, rollbacks, and what became of them. Its
//! document is [`openapi.json`](v1/openapi.json), which a test holds to `ROUTES`.
//!
//! There are no tokens yet, so it answers only where no other machine can reach the listener, and
//! never a browser.

mod document;
mod problem;
mod release;
mod routes;
mod upload;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::sync::Semaphore;

use self::problem::V1Problem;
use self::routes::Operation;
use super::{Pages, typed};
use crate::server::inbound::RequestId;

/// The paths that are answered here.
pub(super) const PREFIX: &str = "/v1/";

/// The document of this interface.
const OPENAPI: &str = include_str!("v1/openapi.json");

/// What uploads share.
pub(super) struct Uploads {
    /// One for each upload that may run.
    permits: Semaphore,
    /// How many that is.
    most: usize,
}

impl Uploads {
    pub(super) fn new(most: usize) -> Self {
        let permits = Semaphore::new(most);
        Self { permits, most }
    }
}

/// Answers a request.
pub(super) async fn answer(request: Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
    let id = RequestId::of(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answered = dispatch(request, pages).await;
    if let Err(problem) = &answered {
        let (status, step, reason) = (problem.status.as_u16(), problem.step, &problem.reason);
        tracing::info!(%id, %method, path, status, step, reason, "an order is refused");
    }
    let mut response = answered.unwrap_or_else(|problem| problem.into_response(&id));
    let headers = response.headers_mut();
    headers.insert(crate::server::inbound::X_REQUEST_ID, id.header());
    let no_store = http::HeaderValue::from_static("no-store");
    headers.insert(http::header::CACHE_CONTROL, no_store);
    if method == Method::HEAD {
        *response.body_mut() = Full::default();
    }
    response
}

async fn dispatch(
    request: Request<Incoming>,
    pages: &Pages,
) -> Result<Response<Full<Bytes>>, V1Problem> {
    check_caller(&request, pages)?;
    let (operation, names) = routes::find(request.method(), request.uri().path())?;
    let [first, second] = names;
    if *request.method() == Method::POST && *pages.stopping.borrow() {
        let what = "the host stops, and makes no more changes";
        let fix = "send the order to the host that comes next";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(V1Problem::new(status, "stopping", what, fix));
    }
    match operation {
        Operation::Openapi => {
            let text = OPENAPI.to_owned();
            Ok(typed(StatusCode::OK, "application/json", text))
        }
        Operation::HasComponent => upload::has(pages, &first).await,
        Operation::PutComponent => upload::put(request, pages, &first).await,
        Operation::Begin => release::begin(request, pages, first).await,
        Operation::Rollback => release::rollback(request, pages, first).await,
        Operation::List => release::list(&request, pages, first).await,
        Operation::Get => release::get(pages, first, &second).await,
    }
}

/// Refuses who may not be an operator.
fn check_caller(request: &Request<Incoming>, pages: &Pages) -> Result<(), V1Problem> {
    if !pages.address.ip().to_canonical().is_loopback() {
        return Err(V1Problem {
            status: StatusCode::FORBIDDEN,
            step: "listener",
            reason: format!(
                "other machines can reach {}, and there are no tokens",
                pages.address
            ),
            fix: "bind admin.listen to 127.0.0.1 or [::1], and release from the machine itself"
                .to_owned(),
            allow: None,
        });
    }
    super::steer::refuse_browsers(request).map_err(|_| V1Problem {
        status: StatusCode::FORBIDDEN,
        step: "browser",
        reason: "the request is that of a web page".to_owned(),
        fix: "send it with curl, without origin and sec-fetch-site".to_owned(),
        allow: None,
    })
}

fn json(status: StatusCode, document: &Value) -> Response<Full<Bytes>> {
    typed(status, "application/json", format!("{document:#}\n"))
}
