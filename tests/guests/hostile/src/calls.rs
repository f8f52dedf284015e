//! Downstream calls: too many, forged, and ones that never end.

use serde::Deserialize;
use serde_json::{Value, json};
use tailor_kit::{Call, Fetched, Method, Payload, Request, Response, fetch, fetch_all, start};

pub(crate) fn handle(request: &Request) -> Response {
    let count = super::number(request, "count");
    match request.path.as_str() {
        "/fetch-each" => summary((0..count).map(|_| fetch(&ordinary()))),
        "/fetch-all" => summary(fetch_all(&vec![ordinary(); count])),
        "/start" => hold(count),
        "/call" => forged(request),
        "/fetch-then-unreachable" => fetch_then_unreachable(count),
        "/wait" => answer(&outcome(&fetch(&ordinary()))),
        "/wait-again-and-again" => loop {
            core::hint::black_box(fetch(&ordinary()).is_ok());
        },
        "/wait-then-loop" => {
            core::hint::black_box(fetch(&ordinary().timeout_ms(count as u32)).is_ok());
            super::endless()
        }
        _ => Response::empty(404),
    }
}

/// A call that is in order.
fn ordinary() -> Call {
    Call::get("goals", &["users", "ada", "goals"]).query("date", "2026-01-15")
}

fn outcome(fetched: &Fetched) -> Value {
    match fetched {
        Ok(reply) => json!({ "status": reply.status, "headers": reply.headers }),
        Err(failure) => json!({
            "kind": failure.kind.name(), "sent": failure.sent, "detail": failure.detail,
        }),
    }
}

fn answer(value: &Value) -> Response {
    Response::json(value).unwrap_or_else(|_| Response::empty(500))
}

/// How many were answered with 200, and how many failed as `exhausted`.
fn summary(all: impl IntoIterator<Item = Fetched>) -> Response {
    let (mut answered, mut exhausted, mut others) = (0, 0, 0);
    for fetched in all {
        match fetched {
            Ok(reply) if reply.status == 200 => answered += 1,
            Err(failure) if failure.kind.name() == "exhausted" && !failure.sent => exhausted += 1,
            _ => others += 1,
        }
    }
    answer(&json!({ "answered": answered, "exhausted": exhausted, "others": others }))
}

fn hold(count: usize) -> Response {
    let exchanges: Vec<_> = (0..count).map(|_| start(&ordinary())).collect();
    summary(exchanges.iter().map(|exchange| exchange.wait()))
}

/// A partial result is there, and then the guest fails.
#[inline(never)]
fn fetch_then_unreachable(count: usize) -> Response {
    let replies = fetch_all(&vec![ordinary(); count]);
    core::hint::black_box(&replies);
    core::arch::wasm32::unreachable()
}

/// A call, exactly as ordered.
#[derive(Deserialize)]
struct Order {
    service: String,
    #[serde(default)]
    post: bool,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    body: Option<String>,
    #[serde(default)]
    select: Vec<String>,
}

fn forged(request: &Request) -> Response {
    let order: Order = super::body(request);
    let fetched = fetch(&Call {
        service: order.service,
        method: if order.post {
            Method::Post
        } else {
            Method::Get
        },
        path: order.path,
        query: order.query,
        headers: order.headers,
        body: order.body.map_or(Payload::None, Payload::Text),
        select: order.select,
        timeout_ms: None,
        profile: None,
    });
    answer(&outcome(&fetched))
}
