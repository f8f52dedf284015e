//! The listener for operators. Without `admin.tokens` it has no authentication, and belongs on
//! loopback or a private network.
//!
//! - `GET /livez`: 200 while the process runs.
//! - `GET /readyz`: 200 while the host takes requests; 503 while it stops, while a worker is down,
//!   when the host fails, and while no BFF has a version. Names the BFFs whose newest file was
//!   refused.
//! - `GET /metrics`: all metrics, in Prometheus' text format or OpenMetrics, as `accept` says.
//! - `GET /bffs`: each BFF with its live version, the last refused one, and its grants; each
//!   service with the state of its policy; as JSON.
//! - `POST /downstreams/NAME/breaker` and `/downstreams/NAME/invalidate`: see [`steer`].
//! - `POST /recordings`: see [`record`].
//! - `/v1/..`: releases, see [`v1`].
//!
//! Health checks are answered under any load of others: see [`places`] and [`accept`]. [`names`]
//! has the accepted host names.

mod accept;
mod connection;
mod names;
mod places;
mod record;
mod series;
mod state;
mod steer;
mod v1;

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use self::places::Kind;
use super::accept::{ServerError, listen};
use super::faults::{Faults, vital};
use super::tls::{LOOK, ListenerIdentity};
use crate::config;
use crate::releases::{Caller, Orders};
use crate::server::inbound::RequestId;
use crate::snapshot::{SharedState, Snapshot};
use crate::telemetry::metrics::{classic, exposition};

/// The body of an answer: whole, or a stream without an end.
type AdminBody = Either<Full<Bytes>, Pin<Box<dyn Body<Data = Bytes, Error = Infallible> + Send>>>;

/// The state that the pages show.
struct Pages {
    shared: Arc<SharedState>,
    metrics: Registry,
    settings: config::Admin,
    stopping: watch::Receiver<bool>,
    faults: Arc<Faults>,
    address: SocketAddr,
    orders: Arc<dyn Orders>,
    uploads: v1::Uploads,
    exchanges: v1::Exchanges,
    /// A place for each request to `/v1` that may be under way.
    requests: v1::Shares,
    /// A place for each stream of events that may be open.
    streams: v1::Shares,
    identity: Option<Arc<ListenerIdentity>>,
}

/// A running admin listener.
pub struct Admin {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Admin {
    /// Binds the listener, or takes the one that was handed over. `stopping` and `faults` turn
    /// `/readyz` to 503. `orders` executes those about releases.
    ///
    /// # Errors
    ///
    /// When the address is taken.
    pub async fn start(
        shared: Arc<SharedState>,
        settings: &config::Admin,
        handed_over: Option<std::net::TcpListener>,
        stopping: watch::Receiver<bool>,
        faults: Arc<Faults>,
        orders: Arc<dyn Orders>,
        identity: Option<Arc<ListenerIdentity>>,
    ) -> Result<Self, ServerError> {
        let listener = listen("admin.listen", settings.listen, handed_over)?;
        let address = listener.local_addr().map_err(ServerError::Worker)?;
        let releases = shared.snapshot.load().config.releases.clone();
        let pages = Arc::new(Pages {
            address,
            orders,
            uploads: v1::Uploads::new(releases.uploads),
            exchanges: v1::Exchanges::default(),
            identity: identity.clone(),
            requests: v1::Shares::of_requests(settings.max_connections),
            streams: v1::Shares::of_streams(releases.event_streams),
            metrics: series::registry(&shared),
            shared,
            settings: settings.clone(),
            stopping,
            faults: faults.clone(),
        });
        let accepting = accept::accept(listener, pages, settings.clone());
        let accepting = async move {
            tokio::select! {
                done = accepting => done,
                never = refresh(identity) => match never {},
            }
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the one admin listener, ended with this value"
        )]
        let task = tokio::spawn(vital(faults, "admin", accepting));
        Ok(Self { address, task })
    }

    /// The address that was bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks for a new certificate, for ever.
async fn refresh(identity: Option<Arc<ListenerIdentity>>) -> Infallible {
    let Some(identity) = identity else {
        return pending().await;
    };
    loop {
        sleep(LOOK).await;
        let identity = identity.clone();
        // Files block.
        let _ = tokio::task::spawn_blocking(move || identity.refresh()).await;
    }
}

async fn answer(request: Request<Incoming>, pages: Arc<Pages>, kind: Kind) -> Response<AdminBody> {
    let path = request.uri().path();
    if kind == Kind::Whole && path.starts_with(v1::PREFIX) {
        return match names::check(&request, &pages.settings) {
            Ok(()) if v1::is_act(&request) => to_the_end(request, pages).await,
            Ok(()) => v1::answer(request, &pages).await,
            Err(steer::Refused(status, what)) => typed(status, "text/plain; charset=utf-8", what),
        };
    }
    // Health and metrics say nothing that a prober should need a secret for.
    let is_open = matches!(path, "/livez" | "/readyz" | "/metrics");
    if pages.settings.tokens && !is_open && kind == Kind::Whole {
        match v1::caller::caller(&request, &pages).await {
            Ok(caller) if caller.is_operator() => {
                return page_of(caller, request, &pages).await;
            }
            Ok(_) => {
                return text(
                    StatusCode::FORBIDDEN,
                    "only the operator's token is taken here\n",
                );
            }
            Err(problem) => {
                let (status, what) = problem.into_text();
                return typed(status, "text/plain; charset=utf-8", what);
            }
        }
    }
    page(&request, &pages, kind)
}

/// A page that only operators get, whose orders are recorded.
async fn page_of(caller: Caller, request: Request<Incoming>, pages: &Pages) -> Response<AdminBody> {
    let response = page(&request, pages, Kind::Whole);
    if *request.method() == Method::POST {
        let id = RequestId::of(request.headers());
        let what = format!("POST {}", request.uri());
        let act = v1::act(&caller, what, response.status(), None, &id);
        if let Err(error) = pages.orders.note(act).await {
            tracing::warn!(%id, "an act is not recorded: {error}");
        }
    }
    response
}

/// Executes an order, also for a client that does not wait for the answer: what was done is
/// recorded with what came of it.
async fn to_the_end(request: Request<Incoming>, pages: Arc<Pages>) -> Response<AdminBody> {
    #[expect(
        clippy::disallowed_methods,
        reason = "each wait of an order has an end, and uploads have places"
    )]
    let answered = tokio::spawn(async move { v1::answer(request, &pages).await });
    let failed = |_| text(StatusCode::INTERNAL_SERVER_ERROR, "the host has failed\n");
    answered.await.unwrap_or_else(failed)
}

fn page(request: &Request<Incoming>, pages: &Pages, kind: Kind) -> Response<AdminBody> {
    if let Err(steer::Refused(status, what)) = names::check(request, &pages.settings) {
        return typed(status, "text/plain; charset=utf-8", what);
    }
    let snapshot = pages.shared.snapshot.load();
    let path = request.uri().path();
    if kind == Kind::Health && !matches!(path, "/livez" | "/readyz") {
        let what = "all connections are in use, so here are only /livez and /readyz\n";
        return text(StatusCode::SERVICE_UNAVAILABLE, what);
    }
    if path.starts_with(steer::PREFIX) || path == record::PATH {
        if *request.method() != Method::POST {
            return not_allowed("POST", "only POST is served here\n");
        }
        let done = match path {
            record::PATH => {
                let bffs = || snapshot.bffs.keys().cloned().collect();
                let settings = &snapshot.config.record;
                record::record(request, settings, &pages.shared.recordings, bffs)
            }
            _ => steer::steer(request, &snapshot),
        };
        return match done {
            Ok(done) => typed(StatusCode::OK, "application/json", format!("{done}\n")),
            Err(steer::Refused(status, what)) => typed(status, "text/plain; charset=utf-8", what),
        };
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD", "only GET and HEAD are served here\n");
    }
    match path {
        "/livez" => text(StatusCode::OK, "ok\n"),
        "/readyz" if *pages.stopping.borrow() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        }
        "/readyz" if pages.shared.metrics.workers_down.get() > 0 => {
            text(StatusCode::SERVICE_UNAVAILABLE, "a worker has failed\n")
        }
        "/readyz" if pages.faults.are_too_many() => {
            text(StatusCode::SERVICE_UNAVAILABLE, "the host has failed\n")
        }
        "/readyz" => ready(&snapshot, pages.orders.as_ref()),
        "/metrics" => metrics(request, pages),
        "/bffs" => typed(
            StatusCode::OK,
            "application/json",
            format!(
                "{:#}\n",
                state::document(&snapshot, &pages.orders.unrecorded())
            ),
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "here are /livez, /readyz, /metrics, /bffs and /v1/openapi.json\n",
        ),
    }
}

/// One BFF without a version does not make the host unready for the others.
fn ready(snapshot: &Snapshot, orders: &dyn Orders) -> Response<AdminBody> {
    let (status, word) = match state::is_served(snapshot) {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "no BFF can be served"),
    };
    let unrecorded = state::unrecorded(&orders.unrecorded());
    let trouble = orders
        .trouble()
        .map(|error| format!("releases: {error}; orders are refused\n"));
    let trouble = trouble.unwrap_or_default();
    let body = format!("{word}\n{}{unrecorded}{trouble}", state::refusals(snapshot));
    typed(status, "text/plain; charset=utf-8", body)
}

fn metrics(request: &Request<Incoming>, pages: &Pages) -> Response<AdminBody> {
    let text = exposition(&pages.metrics);
    let (kind, text) = if names::wants_openmetrics(request.headers()) {
        (
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            text,
        )
    } else {
        ("text/plain; version=0.0.4; charset=utf-8", classic(&text))
    };
    let mut response = typed(StatusCode::OK, kind, text);
    let vary = http::HeaderValue::from_static("accept");
    response.headers_mut().insert(http::header::VARY, vary);
    response
}

/// `allow` is what is served at the target (RFC 9110 section 15.5.6).
fn not_allowed(allow: &'static str, body: &'static str) -> Response<AdminBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, body);
    response
        .headers_mut()
        .insert(http::header::ALLOW, http::HeaderValue::from_static(allow));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<AdminBody> {
    typed(status, "text/plain; charset=utf-8", body.to_owned())
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response<AdminBody> {
    let mut response = Response::new(AdminBody::Left(Full::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    response
}
