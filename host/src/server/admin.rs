//! The listener for operators: no authentication, so it belongs on loopback or a private network.
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

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::places::Kind;
use super::accept::{ServerError, listen};
use super::faults::{Faults, vital};
use crate::config;
use crate::releases::Orders;
use crate::snapshot::{SharedState, Snapshot};
use crate::telemetry::metrics::{classic, exposition};

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
    ) -> Result<Self, ServerError> {
        let listener = listen("admin.listen", settings.listen, handed_over)?;
        let address = listener.local_addr().map_err(ServerError::Worker)?;
        let uploads = shared.snapshot.load().config.releases.uploads;
        let pages = Arc::new(Pages {
            address,
            orders,
            uploads: v1::Uploads::new(uploads),
            metrics: series::registry(&shared),
            shared,
            settings: settings.clone(),
            stopping,
            faults: faults.clone(),
        });
        let accepting = accept::accept(listener, pages, settings.clone());
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

async fn answer(request: Request<Incoming>, pages: &Pages, kind: Kind) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if kind == Kind::Whole && path.starts_with(v1::PREFIX) {
        return match names::check(&request, &pages.settings) {
            Ok(()) => v1::answer(request, pages).await,
            Err(steer::Refused(status, what)) => typed(status, "text/plain; charset=utf-8", what),
        };
    }
    page(&request, pages, kind)
}

fn page(request: &Request<Incoming>, pages: &Pages, kind: Kind) -> Response<Full<Bytes>> {
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
        "/readyz" => ready(&snapshot),
        "/metrics" => metrics(request, pages),
        "/bffs" => typed(
            StatusCode::OK,
            "application/json",
            format!("{:#}\n", state::document(&snapshot)),
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "here are /livez, /readyz, /metrics, /bffs and /v1/openapi.json\n",
        ),
    }
}

/// One BFF without a version does not make the host unready for the others.
fn ready(snapshot: &Snapshot) -> Response<Full<Bytes>> {
    let (status, word) = match state::is_served(snapshot) {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "no BFF can be served"),
    };
    let body = format!("{word}\n{}", state::refusals(snapshot));
    typed(status, "text/plain; charset=utf-8", body)
}

fn metrics(request: &Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
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
fn not_allowed(allow: &'static str, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, body);
    response
        .headers_mut()
        .insert(http::header::ALLOW, http::HeaderValue::from_static(allow));
    response
}

fn text(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    typed(status, "text/plain; charset=utf-8", body.to_owned())
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    response
}
