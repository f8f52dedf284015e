//! Responses that are none, are not whole, or may not be passed on.

use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use crate::Order;
use crate::calls::read;

/// The most that `blocking_write_and_flush` takes.
const WRITE: usize = 4096;

pub(crate) fn handle(path: &str, order: &Order, request: &IncomingRequest, out: ResponseOutparam) {
    match path {
        "/echo" => {
            let body = request.consume().ok().and_then(read).unwrap_or_default();
            bytes(out, 200, &[], &body);
        }
        "/unset" => std::mem::forget(out),
        "/dropped" => drop(out),
        "/error" => ResponseOutparam::set(out, Err(ErrorCode::LoopDetected)),
        "/twice" => twice(out),
        "/after" => {
            text(out, "ok");
            crate::an_author_s_mistake(&[]);
        }
        "/respond" => {
            let value = order.text("value").to_owned();
            let headers = [(order.text("name"), value.as_bytes())];
            let headers = if headers[0].0.is_empty() {
                &[][..]
            } else {
                &headers[..]
            };
            let body = "x".repeat(order.number("bytes"));
            bytes(out, order.number("status") as u16, headers, body.as_bytes());
        }
        "/binary-header" => bytes(out, 200, &[("x-a", b"\xff\xfe")], b"x"),
        "/invalid" => text(out, &invalid()),
        "/without-body" => {
            let fields = Fields::new();
            let _ = fields.append("content-length", order.text("length").as_bytes());
            ResponseOutparam::set(out, Ok(OutgoingResponse::new(fields)));
        }
        "/trailers" => {
            let body = begin(out, 200, &[]);
            write(&body, b"ok");
            let trailers = Fields::new();
            let _ = trailers.append("x-after", b"1");
            let _ = OutgoingBody::finish(body, Some(trailers));
        }
        "/leaked-body" => {
            let body = begin(out, 200, &[]);
            write(&body, b"half");
            std::mem::forget(body);
        }
        "/dropped-body" => {
            let body = begin(out, 200, &[]);
            write(&body, b"half");
            drop(body);
        }
        "/held-body" => {
            let body = begin(out, 200, &[]);
            write(&body, b"half");
            wasip2::clocks::monotonic_clock::subscribe_duration(1_000_000_000_000).block();
            drop(body);
        }
        "/endless-body" => {
            let body = begin(out, 200, &[]);
            let stream = body.write().expect("the first time");
            loop {
                let taken = stream.blocking_write_and_flush(&[b'x'; WRITE]);
                core::hint::black_box(taken.is_ok());
            }
        }
        "/wrong-length" => {
            let length = order.text("length").as_bytes();
            let body = begin(out, 200, &[("content-length", length)]);
            write(&body, b"abc");
            let _ = OutgoingBody::finish(body, None);
        }
        _ => bytes(out, 404, &[], b""),
    }
}

/// Answers with a text.
pub(crate) fn text(out: ResponseOutparam, text: &str) {
    bytes(
        out,
        200,
        &[("content-type", b"text/plain")],
        text.as_bytes(),
    );
}

fn bytes(out: ResponseOutparam, status: u16, headers: &[(&str, &[u8])], bytes: &[u8]) {
    let body = begin(out, status, headers);
    write(&body, bytes);
    let _ = OutgoingBody::finish(body, None);
}

/// Sets the response. Without a legal status it is 200.
pub(crate) fn begin(out: ResponseOutparam, status: u16, headers: &[(&str, &[u8])]) -> OutgoingBody {
    let fields = Fields::new();
    for (name, value) in headers {
        let _ = fields.append(name, value);
    }
    let response = OutgoingResponse::new(fields);
    let _ = response.set_status_code(status);
    let body = response.body().expect("the first time");
    ResponseOutparam::set(out, Ok(response));
    body
}

/// Writes all of a body, or as much as is taken.
pub(crate) fn write(body: &OutgoingBody, bytes: &[u8]) {
    let Ok(stream) = body.write() else { return };
    for chunk in bytes.chunks(WRITE) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
}

/// The same handle is given away twice.
fn twice(out: ResponseOutparam) {
    let handle = out.take_handle();
    for _ in 0..2 {
        // SAFETY: none; the second one is dead, and the host ends the instance.
        let out = unsafe { ResponseOutparam::from_handle(handle) };
        ResponseOutparam::set(out, Ok(OutgoingResponse::new(Fields::new())));
    }
}

/// What of illegal statuses and fields is not refused at once.
fn invalid() -> String {
    let response = OutgoingResponse::new(Fields::new());
    let mut taken = Vec::new();
    for status in [0, 99, 1000, 65535] {
        if response.set_status_code(status).is_ok() {
            taken.push(status.to_string());
        }
    }
    let fields = Fields::new();
    for (name, value) in [
        ("", "b"),
        ("x a", "b"),
        ("x-a:", "b"),
        ("x-a", "b\r\nx-c: d"),
        ("x-a", "\0"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("host", "evil"),
    ] {
        if fields.append(name, value.as_bytes()).is_ok() {
            taken.push(format!("{name}={value}"));
        }
    }
    taken.join(" ")
}
