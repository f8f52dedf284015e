//! Requests to services: side by side, too many, forged, unfinished, and to places that are none.

use wasip2::http::outgoing_handler::handle as send;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingRequest, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, ResponseOutparam, Scheme,
};
use wasip2::io::poll::poll;
use wasip2::io::streams::StreamError;

use crate::Order;
use crate::answers::{text, write};

/// The most that is read at once.
const CHUNK: u64 = 64 << 10;

pub(crate) fn handle(path: &str, order: &Order, request: &IncomingRequest, out: ResponseOutparam) {
    let count = order.number("count");
    match path {
        "/fan-out" => text(out, &fan_out(count)),
        "/each" => {
            let results =
                (0..count).map(|_| begin("http://goals/each", &[]).map_or_else(code, result));
            text(out, &results.collect::<Vec<_>>().join(" "));
        }
        "/many" => {
            let begun = (0..count).filter_map(|_| begin("http://goals/many", &[]).ok());
            text(out, &begun.collect::<Vec<_>>().len().to_string());
        }
        "/call" => text(out, &call(order)),
        "/relay" => {
            let body = request.consume().ok().and_then(read).unwrap_or_default();
            text(out, &upload(&body));
        }
        "/upload" => text(out, &upload(&vec![b'x'; order.number("bytes")])),
        "/unfinished" => {
            let (future, body) = post("http://goals/unfinished");
            write(&body, b"half");
            text(out, &result(future));
            drop(body);
        }
        "/aborted" => {
            let (future, body) = post("http://goals/aborted");
            write(&body, b"half");
            drop(body);
            text(out, &result(future));
        }
        _ => {
            // Given up before it has an answer.
            drop(begin("http://goals/given-up", &[]));
            let _kept = begin("http://goals/kept", &[]);
            text(out, "ok");
        }
    }
}

/// Calls that are all under way before the first is waited for, each taken as it ends.
fn fan_out(count: usize) -> String {
    let calls = (0..count).filter_map(|_| begin("http://goals/fan-out", &[]).ok());
    let mut left: Vec<FutureIncomingResponse> = calls.collect();
    let mut results = Vec::new();
    while !left.is_empty() {
        let pollables: Vec<_> = left.iter().map(FutureIncomingResponse::subscribe).collect();
        let ready = poll(&pollables.iter().collect::<Vec<_>>());
        drop(pollables);
        for index in ready.into_iter().rev() {
            results.push(result(left.remove(index as usize)));
        }
    }
    results.join(" ")
}

/// A call, exactly as ordered: `url` or its parts, a header, a method, a limit.
fn call(order: &Order) -> String {
    let fields = Fields::new();
    if !order.text("name").is_empty() {
        let value = order.text("value").as_bytes();
        if fields.append(order.text("name"), value).is_err() {
            return "field refused".to_owned();
        }
    }
    let request = OutgoingRequest::new(fields);
    let (scheme, rest) = order.text("url").split_once("://").unwrap_or(("", ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let method = match order.text("method") {
        "" => Method::Get,
        other => Method::Other(other.to_owned()),
    };
    let set = [
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
        request.set_method(&method),
    ];
    if set.iter().any(Result::is_err) {
        return "part refused".to_owned();
    }
    let options = RequestOptions::new();
    let limited = order.number("timeout-ms") as u64;
    if limited > 0 {
        let _ = options.set_first_byte_timeout(Some(limited * 1_000_000));
    }
    send(request, Some(options)).map_or_else(code, result)
}

/// The result of a call of `goals`.
pub(crate) fn ask(path: &str) -> String {
    begin(&format!("http://goals{path}"), &[]).map_or_else(code, result)
}

fn begin(url: &str, fields: &[(&str, &str)]) -> Result<FutureIncomingResponse, ErrorCode> {
    let request = outgoing(url, fields);
    send(request, None)
}

fn outgoing(url: &str, fields: &[(&str, &str)]) -> OutgoingRequest {
    let made = Fields::new();
    for (name, value) in fields {
        let _ = made.append(name, value.as_bytes());
    }
    let request = OutgoingRequest::new(made);
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let _ = request.set_scheme(Some(&Scheme::Http));
    let _ = request.set_authority(Some(authority));
    let _ = request.set_path_with_query(Some(path));
    request
}

fn post(url: &str) -> (FutureIncomingResponse, OutgoingBody) {
    let request = outgoing(url, &[]);
    let _ = request.set_method(&Method::Post);
    let body = request.body().expect("the first time");
    let future = send(request, None).expect("it can be sent");
    (future, body)
}

fn upload(bytes: &[u8]) -> String {
    let length = bytes.len().to_string();
    let request = outgoing("http://goals/upload", &[("content-length", &length)]);
    let _ = request.set_method(&Method::Post);
    let body = request.body().expect("the first time");
    let future = match send(request, None) {
        Ok(future) => future,
        Err(error) => return code(error),
    };
    // What is not taken shows in the result.
    write(&body, bytes);
    let _ = OutgoingBody::finish(body, None);
    result(future)
}

/// The status and the body, or the name of the error.
fn result(future: FutureIncomingResponse) -> String {
    let response = loop {
        match future.get() {
            Some(response) => break response,
            None => future.subscribe().block(),
        }
    };
    match response {
        Ok(Ok(response)) => {
            let status = response.status();
            let body = response.consume().ok().and_then(read).unwrap_or_default();
            format!("{status}:{}", String::from_utf8_lossy(&body))
        }
        Ok(Err(error)) => code(error),
        Err(()) => "taken".to_owned(),
    }
}

fn code(error: ErrorCode) -> String {
    format!("{error:?}")
}

pub(crate) fn read(body: IncomingBody) -> Option<Vec<u8>> {
    let stream = body.stream().ok()?;
    let mut read = Vec::new();
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(chunk) => read.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Some(read),
            Err(StreamError::LastOperationFailed(_)) => return None,
        }
    }
}
