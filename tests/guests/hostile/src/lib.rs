//! A component that attacks its host on request. The path selects the attack.
//!
//! What only shows at the level of the canonical ABI (a start function, `cabi_realloc`, lists that
//! reach beyond the memory) is not here: tests write such components as text.

mod busy;
mod calls;
mod host;
mod leak;

use serde::Deserialize;
use tailor_kit::{Handler, Payload, Request, Response, log};

/// The BFF.
struct Hostile;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Hostile);

impl Handler for Hostile {
    fn handle(request: Request) -> Response {
        match request.path.as_str() {
            "/" => text("ok"),
            "/loop" => endless(),
            "/busy" => busy::handle(&request),
            "/grow-vec" => grow_vec(),
            "/grow-pages" => leak::grow_until_refused(),
            "/live-with-refusal" => text(&leak::pages_until_refused().to_string()),
            "/recurse" => text(&depth(1).to_string()),
            "/wild" => wild(),
            "/panic" => an_author_s_mistake(&[]),
            "/log" => flood(number(&request, "lines"), number(&request, "bytes")),
            "/respond" => respond(&request),
            "/leak" => leak::look_and_mark(number(&request, "mark")),
            "/random" => host::random(number(&request, "bytes")),
            "/clock" => host::clock(),
            "/race" => host::race(),
            "/sleep" => host::sleep(&request),
            "/wait-many" => host::wait_many(number(&request, "count")),
            _ => calls::handle(&request),
        }
    }
}

fn text(text: &str) -> Response {
    Response::text("text/plain", text)
}

/// A number of the query; 0 when it is absent.
fn number(request: &Request, name: &str) -> usize {
    let found = request.query.iter().find(|(known, _)| known == name);
    found
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or_default()
}

/// Its name is to be found in the backtrace.
#[inline(never)]
fn endless() -> ! {
    loop {
        core::hint::black_box(());
    }
}

/// Holds all that it ever allocated, and writes to it, so that every page is real.
fn grow_vec() -> ! {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 256 << 10]);
        core::hint::black_box(&all);
    }
}

#[expect(
    unconditional_recursion,
    reason = "what a guest must not do, and does here"
)]
fn depth(so_far: u64) -> u64 {
    // A frame of its own for each call, and work after it: not to be made into a loop.
    let frame = core::hint::black_box([so_far; 8]);
    depth(frame[0] + 1) + frame[1]
}

/// Reads far outside of the memory.
fn wild() -> Response {
    let address = core::hint::black_box(0x4000_0000_usize) as *const u8;
    // SAFETY: none; the sandbox ends the instance.
    text(&unsafe { address.read_volatile() }.to_string())
}

/// Its name is to be found in the backtrace.
#[inline(never)]
fn an_author_s_mistake(items: &[u32]) -> Response {
    let first = core::hint::black_box(items)[0];
    text(&first.to_string())
}

fn flood(lines: usize, bytes: usize) -> Response {
    let message = "x".repeat(bytes);
    for _ in 0..lines {
        log::info(&message, &[]);
    }
    text("ok")
}

/// A response, exactly as ordered.
#[derive(Deserialize)]
struct Order {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// This number of bytes as body instead.
    bytes: Option<usize>,
}

fn respond(request: &Request) -> Response {
    let order: Order = body(request);
    let bytes = order.bytes.map(|bytes| Payload::Bytes(vec![b'x'; bytes]));
    Response {
        status: order.status,
        headers: order.headers,
        body: bytes
            .or(order.body.map(Payload::Text))
            .unwrap_or(Payload::None),
    }
}

/// The order in the request's body. A test that writes one that cannot be read sees the panic.
fn body<'a, T: Deserialize<'a>>(request: &'a Request) -> T {
    let text = match &request.body {
        Payload::Text(text) => text.as_str(),
        _ => "",
    };
    serde_json::from_str(text).expect("an order in JSON")
}
