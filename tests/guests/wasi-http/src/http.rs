//! HTTP as wasi:http has it.

use serde::Serialize;
use wasip2::cli::environment::get_environment;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};
use wasip2::io::streams::StreamError;

/// The most that is read, or written, at once.
const CHUNK: u64 = 64 << 10;
/// The most that `blocking_write_and_flush` takes.
const WRITE: usize = 4096;

/// An answer.
pub(crate) struct GuestResponse {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl GuestResponse {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self {
                status: 200,
                content_type: "application/json",
                body,
            },
            Err(_) => Self::status(500),
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self {
            status: 200,
            content_type: "text/plain",
            body: text.into(),
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            content_type: "text/plain",
            body: Vec::new(),
        }
    }
}

/// Where the services are: variables of the environment, by the services' names.
pub(crate) struct Places(Vec<(String, String)>);

impl Places {
    pub(crate) fn read() -> Self {
        Self(get_environment())
    }

    pub(crate) fn of_service(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, place)| place.clone()).unwrap_or_default()
    }
}

/// Makes calls side by side: all are under way before the first is waited for.
pub(crate) fn fetch_all<const N: usize>(calls: [(String, String); N]) -> [Option<Vec<u8>>; N] {
    calls
        .map(|(authority, path)| send(&authority, &path))
        .map(|sent| sent.and_then(receive))
}

fn send(authority: &str, path: &str) -> Option<FutureIncomingResponse> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    handle(request, None).ok()
}

fn receive(response: FutureIncomingResponse) -> Option<Vec<u8>> {
    let response = loop {
        match response.get() {
            Some(response) => break response.ok()?.ok()?,
            None => response.subscribe().block(),
        }
    };
    if response.status() != 200 {
        return None;
    }
    let body = response.consume().ok()?;
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

/// Sends an answer. An error means that the client is gone.
pub(crate) fn answer(out: ResponseOutparam, answer: GuestResponse) {
    let fields = Fields::new();
    let length = answer.body.len().to_string();
    let _ = fields.append("content-type", answer.content_type.as_bytes());
    let _ = fields.append("content-length", length.as_bytes());
    let response = OutgoingResponse::new(fields);
    let _ = response.set_status_code(answer.status);
    let Ok(body) = response.body() else { return };
    ResponseOutparam::set(out, Ok(response));
    if let Ok(stream) = body.write() {
        for chunk in answer.body.chunks(WRITE) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
