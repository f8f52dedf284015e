//! A component of another contract, `wasi:http`, which attacks its host on request. The path
//! selects the attack, and the query its size.

mod answers;
mod calls;
mod foreign;
mod host;
mod streams;

use std::collections::BTreeMap;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// The component.
struct Component;

#[cfg(target_family = "wasm")]
wasip2::http::proxy::export!(Component);

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let order = Order::of(query);
        match path {
            "/" => answers::text(out, "ok"),
            "/loop" => loop {
                core::hint::black_box(());
            },
            "/grow" => grow(),
            "/foreign" => answers::text(out, &foreign::value()),
            "/trap" => an_author_s_mistake(&[]),
            "/stream" => streams::handle(&order, out),
            "/fan-out" | "/each" | "/many" | "/call" | "/relay" | "/unfinished" | "/aborted"
            | "/upload" | "/given-up" => calls::handle(path, &order, &request, out),
            "/seen" | "/nothing" | "/exit" | "/spin" | "/sleep" | "/fields" | "/print" | "/now" => {
                host::handle(path, &order, &request, out);
            }
            _ => answers::handle(path, &order, &request, out),
        }
    }
}

/// The parameters of the query. Their values are percent-encoded.
struct Order(BTreeMap<String, String>);

impl Order {
    fn of(query: &str) -> Self {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> usize {
        self.text(name).parse().unwrap_or_default()
    }
}

fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b'0')).to_digit(16).unwrap_or(0);
        decoded.push(match byte {
            b'%' => (digit(bytes.next()) << 4 | digit(bytes.next())) as u8,
            byte => byte,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Holds all that it ever allocated, and writes to it, so that every page is real.
fn grow() -> ! {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 256 << 10]);
        core::hint::black_box(&all);
    }
}

/// Its name is to be found in the backtrace.
#[inline(never)]
fn an_author_s_mistake(items: &[u32]) {
    core::hint::black_box(core::hint::black_box(items)[0]);
}
