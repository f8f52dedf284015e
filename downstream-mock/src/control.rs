//! Faults and records over HTTP, on a listener of its own so that it works while a service refuses
//! connections.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{MockResponse, respond_unrecorded};
use crate::body::AnswerBody;
use crate::fault::Fault;
use crate::problem::Problem;
use crate::record::{Counts, Outcome, ReceivedRequest};
use crate::running::{Running, SetFaultError};
use crate::service::Service;

/// The longest fault that is read, in bytes. The longest part of one is the body of a wrong content
/// type.
const MAX_FAULT: usize = 1024 * 1024;

/// The control of five running services.
pub(crate) struct Control {
    address: SocketAddr,
    services: Arc<[Running]>,
}

#[derive(Serialize)]
struct Overview {
    control: String,
    services: Vec<Status>,
}

#[derive(Serialize)]
struct Status {
    name: &'static str,
    url: String,
    fault: Option<Fault>,
    recording: bool,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Record {
    requests: Vec<RecordedRequest>,
}

/// Bytes that are not UTF-8 are shown as U+FFFD.
#[derive(Serialize)]
struct RecordedRequest {
    method: String,
    path: String,
    version: String,
    connection: u64,
    outcome: Outcome,
    headers: Vec<(String, String)>,
    body: String,
}

impl Control {
    pub(crate) fn new(address: SocketAddr, services: Arc<[Running]>) -> Control {
        Control { address, services }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<AnswerBody> {
        let answer = self
            .result(request)
            .await
            .unwrap_or_else(MockResponse::from);
        respond_unrecorded(answer)
    }

    async fn result(&self, request: Request<Incoming>) -> Result<MockResponse, Problem> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match (segments.as_slice(), method.as_str()) {
            ([""], "GET" | "HEAD") => Ok(json(&Overview {
                control: format!("http://{}", self.address),
                services: self.services.iter().map(status).collect(),
            })),
            ([""], _) => Err(Problem::method_not_allowed(&method, "GET, HEAD")),
            (["services", name, "fault"], "PUT") => {
                let running = self.find(name)?;
                let fault = read_fault(request.into_body()).await?;
                set_fault(running, Some(fault)).await
            }
            (["services", name, "fault"], "DELETE") => set_fault(self.find(name)?, None).await,
            (["services", _, "fault"], _) => {
                Err(Problem::method_not_allowed(&method, "PUT, DELETE"))
            }
            (["services", name, "requests"], "GET" | "HEAD") => {
                let requests = self.find(name)?.state.recorder.requests();
                Ok(json(&Record {
                    requests: requests.into_iter().map(recorded).collect(),
                }))
            }
            (["services", name, "requests"], "DELETE") => {
                let running = self.find(name)?;
                running.state.recorder.clear();
                Ok(json(&status(running)))
            }
            (["services", _, "requests"], _) => {
                Err(Problem::method_not_allowed(&method, "GET, HEAD, DELETE"))
            }
            _ => {
                let detail = format!(
                    "`{path}` is none of /, /services/{{name}}/fault and /services/{{name}}/requests"
                );
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        }
    }

    fn find(&self, name: &str) -> Result<&Running, Problem> {
        match name.parse::<Service>() {
            Ok(service) => Ok(&self.services[service as usize]),
            Err(error) => Err(Problem::new(StatusCode::NOT_FOUND, error.to_string())),
        }
    }
}

async fn read_fault(body: Incoming) -> Result<Fault, Problem> {
    let wrong = |field: &str, detail: String| Problem::bad_request(field, detail);
    let body = Limited::new(body, MAX_FAULT)
        .collect()
        .await
        .map_err(|error| wrong("body", format!("body: cannot be read: {error}")))?;
    let value = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| wrong("body", format!("body: is not JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(wrong("body", format!("body: {value} is not a JSON object")));
    };
    Fault::try_from(object).map_err(|error| wrong(&error.field, error.to_string()))
}

async fn set_fault(running: &Running, fault: Option<Fault>) -> Result<MockResponse, Problem> {
    match running.set_fault(fault).await {
        Ok(()) => Ok(json(&status(running))),
        Err(error) => {
            let cause = match &error {
                SetFaultError::Invalid(_) => String::new(),
                SetFaultError::Listen { source, .. } => format!(": {source}"),
            };
            Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("{error}{cause}"),
            ))
        }
    }
}

fn status(running: &Running) -> Status {
    Status {
        name: running.service.name(),
        url: running.url(),
        fault: running.state.fault(),
        recording: running.state.recorder.is_recording(),
        counts: running.state.recorder.counts(),
    }
}

fn recorded(request: ReceivedRequest) -> RecordedRequest {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    RecordedRequest {
        method: request.method.to_string(),
        path: request.path_and_query().to_owned(),
        version: format!("{:?}", request.version),
        connection: request.connection,
        outcome: request.outcome,
        headers: headers.collect(),
        body: text(&request.body),
    }
}

fn json(value: &impl Serialize) -> MockResponse {
    let body = serde_json::to_vec(value).expect("plain structs with text keys always serialise");
    MockResponse::json(Bytes::from(body))
}
