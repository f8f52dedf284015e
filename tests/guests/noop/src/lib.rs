//! A component that answers without a call: what a sandbox costs by itself.

use tailor_kit::{Handler, Request, Response};

/// The BFF.
struct Noop;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Noop);

impl Handler for Noop {
    fn handle(_request: Request) -> Response {
        Response::text("text/plain", "hello").cache_control("no-store")
    }
}
