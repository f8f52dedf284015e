//! Runs one request in a component without a socket, under the same limits as in production: for
//! `tailor call`, for the smoke request of a swap, and for a test harness.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use tokio::time::Instant;

use crate::bff::admission::{Admission, Instances};
use crate::bff::error::BffError;
use crate::bff::guest_log::LogLine;
use crate::bff::load::Loaded;
use crate::bff::response::CheckedResponse;
use crate::bff::run::{Fixed, IncomingRequest, Invocation, run};
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::calls::{CallRecord, Grants};
use crate::config;
use crate::contract::Request;
use crate::downstream::{Canned, Gate, Service};
use crate::telemetry::metrics::BffMetrics;

/// Header values of requests that come from no client.
const TRACEPARENT: HeaderValue =
    HeaderValue::from_static("00-00000000000000000000000000000001-0000000000000001-00");

/// The result of a request.
#[derive(Debug)]
pub struct Invoked {
    /// The answer, or why there is none.
    pub result: Result<CheckedResponse, BffError>,
    /// The guest's log lines.
    pub log: Vec<LogLine>,
    /// Lines that were over the limit.
    pub log_dropped: u32,
    /// The calls made, in the order in which they ended.
    pub calls: Vec<CallRecord>,
    /// What it cost.
    pub cost: Cost,
}

/// The cost of a request, and its limits.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// CPU time of the guest, microseconds.
    pub cpu_us: u128,
    /// Its limit.
    pub cpu_limit_us: u128,
    /// Linear memory, bytes.
    pub memory: usize,
    /// Its limit.
    pub memory_limit: usize,
    /// Downstream calls within the limit.
    pub calls: usize,
    /// Their limit.
    pub calls_limit: u32,
    /// Bytes of the bodies of its calls.
    pub bytes_out: usize,
    /// Bytes of the bodies of their answers.
    pub bytes_in: usize,
    /// The limit of both together.
    pub bytes_limit: usize,
    /// Bytes of the body of its own answer; 0 where there is none.
    pub response_bytes: usize,
    /// Their limit.
    pub response_limit: usize,
    /// From the request to the answer, microseconds.
    pub took_us: u128,
}

/// A version of a BFF that serves no route, with services answered in process.
///
/// `canned` gives the answers of each service that the settings grant.
pub fn detached(
    settings: config::Bff,
    loaded: Arc<Loaded>,
    canned: impl Fn(&str) -> Canned,
) -> Arc<Version> {
    let services = settings.downstreams.iter().map(|name| {
        Arc::new(Service::canned(
            config::Downstream::with_defaults(name),
            canned(name),
        ))
    });
    let gate = Gate::new(&config::Calls::default());
    let grants = Grants::new(&settings, services, None, gate);
    let instances = Arc::new(Instances::new(settings.limits.concurrency));
    let admission = Arc::new(Admission::new(&settings.limits, 1, instances));
    let metrics = Arc::new(BffMetrics::default()).version(&loaded.version);
    Arc::new(Version::new(
        Arc::new(settings),
        loaded,
        Arc::new(grants),
        admission,
        metrics,
    ))
}

/// Runs a request on a version. The connections of `worker` are used for services on the network.
pub async fn invoke(
    runtime: &Runtime,
    version: &Arc<Version>,
    request: Request,
    fixed: Fixed,
    worker: usize,
) -> Invoked {
    let arrived = Instant::now();
    let request_id =
        HeaderValue::from_str(&request.id).unwrap_or(HeaderValue::from_static("invoked"));
    let mut client_headers = HeaderMap::new();
    for (name, value) in &request.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            client_headers.append(name, value);
        }
    }
    let incoming = IncomingRequest {
        request,
        request_id,
        traceparent: TRACEPARENT,
        tracestate: None,
        client_headers,
        arrived,
        worker,
        scheduler: None,
        keeps_targets: true,
        fixed,
    };
    let invocation = Invocation::new(version, incoming).keeping_log();
    let (session, log, usage) = (
        invocation.session.clone(),
        invocation.log.clone(),
        invocation.usage.clone(),
    );
    // Without a permit of the BFF: a smoke request must not be refused because the live version is
    // busy. A bug of the host ends the one request, as it does in the server.
    let result = AssertUnwindSafe(run(runtime, version, invocation))
        .catch_unwind()
        .await;
    let result = result.unwrap_or(Err(BffError::HostPanic));
    let calls = std::mem::take(&mut *session.records());
    let limits = &version.settings().limits;
    let took: Duration = arrived.elapsed();
    Invoked {
        cost: Cost {
            cpu_us: usage.cpu().as_micros(),
            cpu_limit_us: limits.cpu.as_micros(),
            memory: usage.memory(),
            memory_limit: limits.memory,
            calls: (calls.iter())
                .filter(|call| !call.is_exhausted())
                .map(|call| call.calls as usize)
                .sum(),
            calls_limit: limits.calls,
            bytes_out: calls.iter().map(|call| call.sent).sum(),
            bytes_in: calls.iter().map(|call| call.bytes).sum(),
            bytes_limit: limits.downstream_bytes,
            response_bytes: (result.as_ref()).map_or(0, |response| response.body.len()),
            response_limit: limits.response_size,
            took_us: took.as_micros(),
        },
        result,
        log: log.take(),
        log_dropped: log.dropped(),
        calls,
    }
}
