//! The listener for operators: no authentication, so it belongs on loopback or a private network.
//!
//! - `GET /livez`: 200 while the process runs.
//! - `GET /readyz`: 200 while the host takes requests; 503 while it stops.
//! - `GET /metrics`: all metrics, in Prometheus' text format.
//! - `GET /bffs`: each BFF with its live version, the last refused one, and what it may call; each service; as JSON.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::accept::{ServerError, bind};
use crate::config;
use crate::snapshot::{Shared, Snapshot};
use crate::telemetry::metrics::{BffLabels, ServiceLabels};

/// Connections of operators and scrapers.
const MAX_CONNECTIONS: usize = 64;
/// Time for a head, and for a connection to lie idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);

/// A running admin listener.
pub struct Admin {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Admin {
    /// Binds the listener. `stopping` turns `/readyz` to 503.
    ///
    /// # Errors
    ///
    /// When the address is taken.
    pub async fn start(
        shared: Arc<Shared>,
        settings: &config::Admin,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, ServerError> {
        let listener = bind("admin.listen", settings.listen)?;
        let address = listener.local_addr().map_err(ServerError::Worker)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the one admin listener, ended with this value"
        )]
        let task = tokio::spawn(accept(listener, shared, stopping));
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

async fn accept(listener: TcpListener, shared: Arc<Shared>, stopping: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = permits.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (shared, stopping) = (shared.clone(), stopping.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let response = answer(&request, &shared, *stopping.borrow());
            async move { Ok::<_, std::convert::Infallible>(response) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        #[expect(clippy::disallowed_methods, reason = "bounded by the permits above")]
        tokio::spawn(async move {
            let _permit = permit;
            // A scraper that goes in the middle is no news.
            let _ = connection.await;
        });
    }
}

fn answer(request: &Request<Incoming>, shared: &Shared, stopping: bool) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "GET and HEAD are served here\n",
        );
        response.headers_mut().insert(
            http::header::ALLOW,
            http::HeaderValue::from_static("GET, HEAD"),
        );
        return response;
    }
    match request.uri().path() {
        "/livez" => text(StatusCode::OK, "ok\n"),
        "/readyz" if stopping => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        "/readyz" => text(StatusCode::OK, "ready\n"),
        "/metrics" => {
            sample(shared);
            typed(
                StatusCode::OK,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                shared.metrics.encode(),
            )
        }
        "/bffs" => typed(
            StatusCode::OK,
            "application/json",
            format!("{:#}\n", bffs(&shared.snapshot.load())),
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "here are /livez, /readyz, /metrics and /bffs\n",
        ),
    }
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

/// Sets the gauges that are only known by looking.
fn sample(shared: &Shared) {
    let snapshot = shared.snapshot.load();
    let sampled = &shared.metrics.sampled;
    let set = |gauge: &prometheus_client::metrics::gauge::Gauge, value: usize| {
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    };
    sampled.clear();
    for (name, service) in &snapshot.services {
        let labels = ServiceLabels {
            service: name.clone(),
        };
        let (open, waiting) = service.load();
        set(&sampled.service_connections.get_or_create(&labels), open);
        set(&sampled.service_waiting.get_or_create(&labels), waiting);
    }
    for (name, bff) in &snapshot.bffs {
        let labels = BffLabels { bff: name.clone() };
        let state = bff.state();
        let (running, waiting) = state.current.admission().load();
        set(&sampled.running.get_or_create(&labels), running);
        set(&sampled.waiting.get_or_create(&labels), waiting);
        set(
            &sampled.versions.get_or_create(&labels),
            1 + state.draining.len(),
        );
        set(
            &sampled.refused.get_or_create(&labels),
            usize::from(state.refused.is_some()),
        );
    }
}

fn bffs(snapshot: &Snapshot) -> Value {
    let time = |time: SystemTime| humantime::format_rfc3339_seconds(time).to_string();
    let bffs: serde_json::Map<String, Value> = snapshot
        .bffs
        .iter()
        .map(|(name, bff)| {
            let state = bff.state();
            let version = &state.current;
            let (running, waiting) = version.admission().load();
            let routes: Vec<Value> = snapshot
                .config
                .routes
                .iter()
                .filter(|route| route.bff == *name)
                .map(|route| json!({"client": route.client, "host": route.host, "path": route.path}))
                .collect();
            let state = json!({
                "version": **version.name(),
                "sha256": version.loaded().digest,
                "size": version.loaded().size,
                "component": version.settings().component.display().to_string(),
                "published_at": state.published_at.map(time),
                "swaps": state.swaps,
                "refused": state.refused.map(|refused| json!({"reason": refused.reason, "at": time(refused.at)})),
                "draining": state.draining.iter().map(|version| version.name().to_string()).collect::<Vec<_>>(),
                "downstreams": version.settings().downstreams,
                "deadline_ms": u64::try_from(version.settings().deadline.as_millis()).unwrap_or(u64::MAX),
                "running": running,
                "waiting": waiting,
                "routes": routes,
            });
            (name.clone(), state)
        })
        .collect();
    let services: serde_json::Map<String, Value> = snapshot
        .services
        .iter()
        .map(|(name, service)| {
            let (open, waiting) = service.load();
            (
                name.clone(),
                json!({"connections": open, "waiting": waiting}),
            )
        })
        .collect();
    json!({"bffs": bffs, "downstreams": services})
}
