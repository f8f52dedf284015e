//! A component that does next to nothing, to measure the cost of a sandbox, a call and a byte.
//!
//! `/` answers without a call. `/calls?n=10` makes that many calls at once and says how many were
//! answered. `/body?bytes=1000` answers with a body of that size.

use tailor_kit::{Call, Handler, Request, Response, fetch_all};

/// The BFF.
struct Noop;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Noop);

impl Handler for Noop {
    fn handle(request: Request) -> Response {
        let body = match request.path.as_str() {
            "/calls" => calls(number(&request, "n")),
            "/body" => "x".repeat(number(&request, "bytes")),
            _ => "hello".to_owned(),
        };
        Response::text("text/plain", body).cache_control("no-store")
    }
}

/// A number of the query; 0 when it is absent.
fn number(request: &Request, name: &str) -> usize {
    let found = request.query.iter().find(|(known, _)| known == name);
    found
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}

fn calls(count: usize) -> String {
    let call =
        || Call::get("activity", &["users", "ada", "days", "2026-01-15"]).select(&["/steps"]);
    let calls: Vec<Call> = (0..count).map(|_| call()).collect();
    let answered = fetch_all(&calls)
        .into_iter()
        .filter(|fetched| fetched.as_ref().is_ok_and(|reply| reply.integer(0).is_ok()))
        .count();
    answered.to_string()
}
