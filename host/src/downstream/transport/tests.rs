//! The transport on real sockets. Behaviour that depends on time alone is tested beside the parts.

mod coded;
mod connections;
mod eyeballs;
mod first_lookup;
mod host;
mod http2;
mod limits;
mod names;
mod proxied;
mod secure;
mod several;
mod silent;
mod srv;
mod trailers;
mod unix;
mod workers;

use std::time::Duration;

use downstream_mock::scripted::{
    Authority, Connection, Gate, Request, Response, ScriptedService, Validity, acceptor,
};
use http::{HeaderMap, HeaderValue, Method};

use super::endpoint::Endpoint;
use super::*;
use crate::config::{
    Bulkhead, Connections, Downstream, Ejection, Policy, Protocol, Retry, Shape, Timeouts, Tls,
};
use crate::downstream::deadline::SharedDeadline;

const LONG: Timeouts = Timeouts {
    connect: Duration::from_secs(60),
    first_byte: Duration::from_secs(60),
    between_bytes: Duration::from_secs(60),
    queue: Duration::from_secs(60),
    total: Duration::from_secs(60),
};

/// A service at these endpoints, with limits that no test exceeds by accident.
fn settings(endpoints: &[std::net::SocketAddr]) -> Downstream {
    let long = LONG.total;
    Downstream {
        name: "activity".to_owned(),
        endpoints: endpoints
            .iter()
            .map(|address| crate::config::Endpoint {
                host: address.ip().to_string(),
                port: address.port(),
                socket: None,
                srv: false,
                authority: HeaderValue::from_str(&address.to_string()).unwrap(),
            })
            .collect(),
        proxy: None,
        tls: None,
        protocol: Protocol::Http1,
        shape: Shape {
            path_prefix: "/api".to_owned(),
            allow: None,
            headers: vec![],
            query: vec![],
            send_headers: None,
            receive_headers: None,
            pass_headers: vec![],
        },
        policy: Policy {
            cache: None,
            coalesce: false,
            coalesce_pause: long,
            breaker: None,
            timeouts: LONG,
            retry: Retry {
                max: 0,
                backoff: long,
                max_backoff: long,
                methods: vec![],
                statuses: vec![],
                budget: 0,
                min_per_second: 0,
            },
            hedge: None,
        },
        rules: vec![],
        reads: vec![],
        cache: None,
        bulkhead: Bulkhead {
            max_calls: 100,
            max_queued: 100,
            bff_share: 100,
            rate: None,
            max_retry_after: Duration::ZERO,
        },
        ejection: Ejection {
            failures: 5,
            error_rate: 50,
            min_calls: 20,
            time: long,
            max_share: 50,
            panic_threshold: 50,
            slow_start: Duration::ZERO,
        },
        health: None,
        connections: Connections {
            idle_timeout: long,
            max_age: Duration::from_secs(600),
            resolve_interval: long,
            dns_servers: vec![],
            attempt_delay: Duration::from_millis(250),
            ping_interval: long,
            ping_timeout: long,
        },
        max_header_size: 32 << 10,
        max_interim_responses: 16,
        max_response_size: 1 << 20,
        accept_encoding: HeaderValue::from_static("gzip"),
        credentials: None,
        fallbacks: vec![],
    }
}

fn transport(settings: &Downstream) -> Transport {
    Transport::new(settings, 2, None).unwrap()
}

fn ask(method: Method) -> ServiceRequest {
    ServiceRequest {
        method,
        target: "/api/x".parse().unwrap(),
        headers: HeaderMap::new(),
        body: Default::default(),
    }
}

fn bounds() -> Bounds<'static> {
    let started = Instant::now();
    Bounds {
        started,
        end: end(started + LONG.total),
        queue: LONG.queue,
        first_byte: LONG.first_byte,
        timeouts: &LONG,
        size: 1 << 20,
    }
}

/// An end that outlives the test.
fn end(at: Instant) -> &'static SharedDeadline {
    Box::leak(Box::new(SharedDeadline::new(at)))
}

/// An attempt, and the index of its endpoint.
struct Made {
    result: Result<ServiceResponse, Cause>,
    judgement: Judgement,
    rest: Option<Duration>,
    timing: Timing,
    endpoint: usize,
}

/// The endpoint at an index.
fn endpoint(transport: &Transport, index: usize) -> Arc<Endpoint> {
    transport.connector.endpoints.list()[index].clone()
}

async fn attempt(
    transport: &Transport,
    worker: usize,
    request: &ServiceRequest,
    bounds: Bounds<'_>,
    course: &Course,
) -> Made {
    let bounds = Bounds {
        timeouts: transport.timeouts(),
        ..bounds
    };
    let attempted = transport.attempt(worker, request, bounds, course).await;
    Made {
        result: attempted.result,
        judgement: attempted.judgement,
        rest: attempted.rest,
        timing: attempted.timing,
        endpoint: transport
            .connector
            .endpoints
            .list()
            .iter()
            .position(|endpoint| Some(endpoint.id) == course.last())
            .unwrap_or(usize::MAX),
    }
}

/// The only attempt of a call. `avoid` is an endpoint that it rather does not go to.
async fn call(
    transport: &Transport,
    worker: usize,
    method: Method,
    bounds: Bounds<'_>,
    avoid: Option<usize>,
) -> Made {
    let course = Course::default();
    if let Some(last) = avoid {
        course.begin(endpoint(transport, last).id);
    }
    attempt(transport, worker, &ask(method), bounds, &course).await
}

async fn get(transport: &Transport, worker: usize) -> Made {
    call(transport, worker, Method::GET, bounds(), None).await
}

/// The body of an answer that must have come.
fn body(made: Made) -> String {
    String::from_utf8(made.result.unwrap().body.to_vec()).unwrap()
}

/// A service with scripted responses.
fn service(answer: impl Fn(Request) -> Response + Send + Sync + 'static) -> ScriptedService {
    ScriptedService::start(answer).unwrap()
}

/// A service that answers each request with the number of its connection, counted from 1.
fn names_connections() -> ScriptedService {
    service(|request| Response::text(request.connection.to_string()))
}

/// Lets tasks run until the condition holds.
async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// Moves the clock of a test whose sockets run on real time.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
