//! Responses that are sent while they are made: a first part, a wait, and what comes then.

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{OutgoingBody, ResponseOutparam};
use wasip2::io::streams::OutputStream;

use crate::Order;
use crate::answers::begin;
use crate::calls::ask;

/// The most that `blocking_write_and_flush` takes.
const WRITE: usize = 4096;
const FOREVER: u64 = 1_000_000_000_000;

/// `before` is called before anything else, `length` is said, `first` is written, and the `wait` is
/// for a clock or for a call. `then` decides what comes after it.
pub(crate) fn handle(order: &Order, out: ResponseOutparam) {
    match order.text("before") {
        "" => {}
        before => drop(ask(before)),
    }
    let length = order.text("length").as_bytes();
    let mut headers = vec![("content-type", &b"text/event-stream"[..])];
    if !length.is_empty() {
        headers.push(("content-length", length));
    }
    let body = begin(out, order.number("status") as u16, &headers);
    let stream = body.write().expect("the first time");
    put(&stream, order.text("first").as_bytes());
    match order.text("wait") {
        "" => drop(ask("/go")),
        millis => subscribe_duration(millis.parse().unwrap_or(0) * 1_000_000).block(),
    }
    match order.text("then") {
        "trap" => crate::an_author_s_mistake(&[]),
        "loop" => loop {
            core::hint::black_box(());
        },
        "grow" => crate::grow(),
        "sleep" => subscribe_duration(FOREVER).block(),
        "exit" => wasip2::cli::exit::exit(Err(())),
        "drop" => {
            drop(stream);
            drop(body);
            return;
        }
        "leave" => {
            std::mem::forget(stream);
            std::mem::forget(body);
            return;
        }
        "much" => much(&stream, order.number("bytes"), order.number("every")),
        _ => put(&stream, order.text("rest").as_bytes()),
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
    if order.text("then") == "trap-after" {
        crate::an_author_s_mistake(&[]);
    }
}

/// Writes so many bytes, and says to a service how far it is.
fn much(stream: &OutputStream, bytes: usize, every: usize) {
    let mut written = 0;
    while written < bytes {
        if every > 0 && written % every == 0 {
            drop(ask(&format!("/wrote/{written}")));
        }
        put(stream, &[b'x'; WRITE]);
        written += WRITE;
    }
}

/// Writes all of it, or as much as is taken.
fn put(stream: &OutputStream, bytes: &[u8]) {
    for chunk in bytes.chunks(WRITE) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
}
