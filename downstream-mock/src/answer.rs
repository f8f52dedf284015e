//! One request of a service: record it, let the fault in force act on it, answer it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};

use crate::body::AnswerBody;
use crate::data::route::route;
use crate::data::workouts::{self, Asked, Done, Workouts};
use crate::fault::{Active, Effect, Fault, Garbling};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::record::{Exchange, Recorder};
use crate::service::Service;
use crate::sync;
use crate::wire::Connection;

/// The longest request body that is read. Most services take none; it is recorded for assertions.
const MAX_REQUEST_BODY: usize = 16 * 1024 * 1024;

/// The most bytes of answers kept by service, 4 years of one user's heart rate. When it is full it
/// is emptied: what is in use is stored again, and a test rarely gets there.
const MAX_CACHED_BYTES: usize = 16 * 1024 * 1024;

/// The response of a service without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockResponse {
    /// The status code.
    pub status: StatusCode,
    /// `application/json`, or `application/problem+json` for an error.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
    allow: Option<&'static str>,
    /// Further fields.
    headers: Vec<(&'static str, String)>,
}

/// The answer of a service to `GET path_and_query`, without a socket and without faults: what a
/// test expects, or a fixture.
pub fn answer(service: Service, path_and_query: &str) -> MockResponse {
    make_answer(service, &Method::GET, path_and_query)
}

fn make_answer(service: Service, method: &Method, path_and_query: &str) -> MockResponse {
    match route(service, method, path_and_query) {
        Ok(json) => MockResponse::json(Bytes::from(json)),
        Err(problem) => MockResponse::from(problem),
    }
}

impl MockResponse {
    fn empty() -> MockResponse {
        MockResponse::json(Bytes::new())
    }

    pub(crate) fn json(body: Bytes) -> MockResponse {
        MockResponse {
            status: StatusCode::OK,
            content_type: "application/json",
            body,
            allow: None,
            headers: Vec::new(),
        }
    }
}

impl From<Done> for MockResponse {
    fn from(done: Done) -> MockResponse {
        MockResponse {
            status: done.status,
            headers: done.headers,
            ..MockResponse::json(Bytes::from(done.body))
        }
    }
}

impl From<Problem> for MockResponse {
    fn from(problem: Problem) -> MockResponse {
        MockResponse {
            status: problem.status,
            content_type: PROBLEM_JSON,
            body: Bytes::from(problem.to_json()),
            allow: problem.allow,
            headers: Vec::new(),
        }
    }
}

/// What the connections of one service share.
pub(crate) struct ServiceState {
    service: Service,
    pub(crate) recorder: Arc<Recorder>,
    fault: Mutex<Option<Active>>,
    cache: RwLock<Cache>,
    workouts: Mutex<Workouts>,
}

#[derive(Default)]
struct Cache {
    answers: HashMap<Box<str>, MockResponse>,
    bytes: usize,
}

impl ServiceState {
    pub(crate) fn new(service: Service, recording: bool) -> ServiceState {
        ServiceState {
            service,
            recorder: Arc::new(Recorder::new(recording)),
            fault: Mutex::new(None),
            cache: RwLock::default(),
            workouts: Mutex::default(),
        }
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        *sync::lock(&self.fault) = fault.map(Active::new);
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        let active = sync::lock(&self.fault);
        active.as_ref().map(|active| active.fault.clone())
    }

    /// The effect of the fault on the next request, and whether a write is done before it.
    fn next_effect(&self, path_and_query: &str) -> Option<(Effect, bool)> {
        let mut fault = sync::lock(&self.fault);
        let active = fault.as_mut()?;
        let after_write = active.fault.after_write;
        let (effect, last) = active.next(path_and_query);
        if last {
            *fault = None;
        }
        effect.map(|effect| (effect, after_write))
    }

    /// Answers one request. It never fails; a fault that ends the connection does so through
    /// `connection`.
    pub(crate) async fn answer(
        &self,
        connection: Arc<Connection>,
        request: Request<Incoming>,
    ) -> Response<AnswerBody> {
        let (parts, incoming) = request.into_parts();
        let body = if incoming.is_end_stream() {
            Ok(Bytes::new())
        } else {
            Limited::new(incoming, MAX_REQUEST_BODY)
                .collect()
                .await
                .map(|body| body.to_bytes())
        };
        let unreadable = body.is_err();
        let exchange = self
            .recorder
            .arrived(parts, body.unwrap_or_default(), connection);
        if unreadable {
            let detail = format!("the request body is broken or over {MAX_REQUEST_BODY} bytes");
            let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
            return respond(MockResponse::from(problem), exchange);
        }
        let Some((effect, after_write)) = self.next_effect(exchange.path_and_query()) else {
            return respond(self.normal_answer(&exchange), exchange);
        };
        if exchange.method().is_safe() || after_write || effect.needs_answer() {
            let normal = self.normal_answer(&exchange);
            return with_effect(effect, normal, exchange).await;
        }
        self.before_write(effect, exchange).await
    }

    /// What a fault does before a write, or in place of it.
    async fn before_write(&self, effect: Effect, exchange: Exchange) -> Response<AnswerBody> {
        match effect {
            Effect::Hang => std::future::pending().await,
            Effect::Status(code) => respond_with_status(code, MockResponse::empty(), exchange),
            effect => {
                if let Effect::Wait(delay) = effect {
                    tokio::time::sleep(delay).await;
                }
                respond(self.normal_answer(&exchange), exchange)
            }
        }
    }

    /// The answer without faults. What a request asks for is done.
    fn normal_answer(&self, exchange: &Exchange) -> MockResponse {
        let (method, target) = (exchange.method(), exchange.path_and_query());
        if self.service != Service::Activity || !workouts::is_workouts(target) {
            return self.read(method, target);
        }
        let asked = Asked {
            method,
            target,
            headers: exchange.headers(),
            body: exchange.body(),
        };
        match sync::lock(&self.workouts).answer(&asked) {
            Ok(done) => MockResponse::from(done),
            Err(problem) => MockResponse::from(problem),
        }
    }

    /// The answer of what is not written, from the cache if it was given before.
    fn read(&self, method: &Method, path_and_query: &str) -> MockResponse {
        if method != Method::GET && method != Method::HEAD {
            return make_answer(self.service, method, path_and_query);
        }
        let cached = {
            let cache = sync::read(&self.cache);
            cache.answers.get(path_and_query).cloned()
        };
        cached.unwrap_or_else(|| {
            let answer = make_answer(self.service, method, path_and_query);
            if answer.status == StatusCode::OK {
                let mut cache = sync::write(&self.cache);
                cache.insert(path_and_query, answer.clone());
            }
            answer
        })
    }
}

impl Cache {
    fn insert(&mut self, path_and_query: &str, answer: MockResponse) {
        let size = path_and_query.len() + answer.body.len();
        if self.bytes + size > MAX_CACHED_BYTES {
            *self = Cache::default();
        }
        self.bytes += size;
        self.answers.insert(path_and_query.into(), answer);
    }
}

async fn with_effect(
    effect: Effect,
    normal: MockResponse,
    exchange: Exchange,
) -> Response<AnswerBody> {
    match effect {
        Effect::Wait(delay) => {
            if delay > Duration::ZERO {
                tokio::time::sleep(delay).await;
            }
            respond(normal, exchange)
        }
        // Dropped, with the exchange in it, when the caller gives up.
        Effect::Hang => std::future::pending().await,
        Effect::Status(200) => respond(normal, exchange),
        Effect::Status(code) => respond_with_status(code, normal, exchange),
        Effect::Reset { after_bytes } => {
            let half = normal.body.len() as u64 / 2;
            let head = head(&normal);
            head_and_body(
                head,
                AnswerBody::cut_off(&normal.body, after_bytes.unwrap_or(half), exchange),
            )
        }
        Effect::Trickle { chunk_bytes, pause } => {
            let head = head(&normal);
            head_and_body(
                head,
                AnswerBody::trickled(normal.body, chunk_bytes, pause, exchange),
            )
        }
        Effect::ContentType { content_type, body } => {
            let mut head = head(&MockResponse {
                status: StatusCode::OK,
                ..normal
            });
            let value =
                HeaderValue::try_from(content_type).expect("checked when the fault was set");
            head.headers_mut().insert(CONTENT_TYPE, value);
            head_and_body(head, AnswerBody::whole(Bytes::from(body), Some(exchange)))
        }
        Effect::Oversize { bytes } => {
            let head = head(&normal);
            head_and_body(head, AnswerBody::padded(&normal.body, bytes, exchange))
        }
        Effect::InvalidJson(garbling) => {
            let body = match garbling {
                Garbling::Truncated => normal.body.slice(..normal.body.len() / 2),
                Garbling::Garbage => Bytes::from_static(b"\x00}<not json> \xff\xfe"),
            };
            respond(MockResponse::json(body), exchange)
        }
    }
}

/// A status code of a fault: errors are problem documents, redirects lead elsewhere, other codes go
/// with the normal body where they may have one.
fn respond_with_status(
    code: u16,
    normal: MockResponse,
    exchange: Exchange,
) -> Response<AnswerBody> {
    let status = StatusCode::from_u16(code).expect("checked when the fault was set");
    if status.is_client_error() || status.is_server_error() {
        let problem = Problem::new(status, format!("{code} as the fault in force says"));
        return respond(MockResponse::from(problem), exchange);
    }
    let bare = status.is_redirection() || code == 204 || code == 205;
    let body = if bare {
        Bytes::new()
    } else {
        normal.body.clone()
    };
    let mut response = respond(
        MockResponse {
            status,
            body,
            ..normal
        },
        exchange,
    );
    if status.is_redirection() {
        response
            .headers_mut()
            .insert(LOCATION, HeaderValue::from_static("/elsewhere"));
    }
    response
}

fn respond(answer: MockResponse, exchange: Exchange) -> Response<AnswerBody> {
    let head = head(&answer);
    head_and_body(head, AnswerBody::whole(answer.body, Some(exchange)))
}

/// An answer of the control listener, which is no exchange with a service.
pub(crate) fn respond_unrecorded(answer: MockResponse) -> Response<AnswerBody> {
    let head = head(&answer);
    head_and_body(head, AnswerBody::whole(answer.body, None))
}

fn head(answer: &MockResponse) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = answer.status;
    if !answer.body.is_empty() {
        head.headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    }
    if let Some(allow) = answer.allow {
        head.headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    for (name, value) in &answer.headers {
        // What is kept of a caller is in the body alone.
        if let Ok(value) = HeaderValue::try_from(value) {
            head.headers_mut().insert(*name, value);
        }
    }
    head
}

fn head_and_body(head: Response<()>, body: AnswerBody) -> Response<AnswerBody> {
    head.map(|()| body)
}
