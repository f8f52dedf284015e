//! A component that does as little as possible of each measured operation, so that a benchmark
//! measures the host, the boundary and the kit. The path selects the operation.

use tailor_kit::{Call, Handler, Request, Response, fetch, fetch_array};

/// The BFF.
struct Bench;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Bench);

impl Handler for Bench {
    fn handle(request: Request) -> Response {
        match request.path.as_str() {
            "/noop" => Response::empty(204),
            "/fetch" => Response::empty(fetch(&call()).map_or(502, |reply| reply.status)),
            "/fetch-3" => fetched::<3>(),
            "/fetch-10" => fetched::<10>(),
            "/echo" => Response {
                status: 200,
                headers: Vec::new(),
                body: request.body,
            },
            _ => Response::empty(404),
        }
    }
}

/// A call as the example BFFs make it.
fn call() -> Call {
    Call::get("service", &["users", "ada", "days", "2026-01-15"])
}

/// 200 when each of this number of calls was answered with 200.
fn fetched<const N: usize>() -> Response {
    let all = fetch_array([(); N].map(|()| call()));
    let answered = all
        .iter()
        .all(|fetched| matches!(fetched, Ok(reply) if reply.status == 200));
    Response::empty(if answered { 200 } else { 502 })
}
