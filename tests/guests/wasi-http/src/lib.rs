//! The watch and the dashboard as a component for `wasmtime serve`: the contract is `wasi:http`,
//! and the places of the services are variables of its environment.

#[path = "../../../load/src/native/date.rs"]
#[expect(dead_code, reason = "a request of the load test names its day")]
mod date;
#[path = "../../../load/src/native/history.rs"]
mod history;
#[path = "../../../load/src/native/screen.rs"]
mod screen;

mod bffs;
mod http;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// The component.
struct Component;

#[cfg(target_family = "wasm")]
wasip2::http::proxy::export!(Component);

// It is a BFF of tailor as well, one that knows no path: only such a component is built by
// `tailor build`.
#[cfg(target_family = "wasm")]
// Without the hook for panics, whose log nobody gives it here.
tailor_kit::bindings::export!(Component with_types_in tailor_kit::bindings);

impl tailor_kit::Handler for Component {
    fn handle(_request: tailor_kit::Request) -> tailor_kit::Response {
        tailor_kit::Response::empty(404)
    }
}

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        http::answer(out, bffs::answer(&request));
    }
}
