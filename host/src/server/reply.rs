//! Maps an outcome to the client's response. The only place that knows which error has which code.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::access::Access;
use super::budget::Full;
use super::inbound::{Rejection, X_REQUEST_ID};
use super::outgoing::Outgoing;
use super::problem::{Code, Problem};
use crate::bff::error::BffError;
use crate::bff::response::CheckedResponse;
use crate::bff::streamed::Streamed;
use crate::bff::version::Version;
use crate::recording::Capture;
use crate::router::RouteMatch;
use crate::telemetry::metrics::Outcome;
use crate::time::date_field;

/// `retry-after` for a full queue.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An answer, and how it counts.
pub(super) struct Reply {
    pub(super) response: Response<Bytes>,
    pub(super) outcome: Outcome,
    /// What is still to come of it.
    pub(super) rest: Option<Box<Rest>>,
}

/// The rest of an answer whose head and beginning are a [`Reply`].
pub(super) struct Rest {
    /// What makes it.
    pub(super) streamed: Streamed,
    /// Whose guest it is.
    pub(super) version: Arc<Version>,
    /// What is held for it besides its beginning and its request, in all.
    pub(super) held: usize,
    /// Its request may be recorded.
    pub(super) capture: Option<Capture>,
}

impl Reply {
    /// The BFF's own answer.
    pub(super) fn answer(answer: CheckedResponse) -> Self {
        let outcome = Outcome::Answered(answer.status.as_u16());
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Self {
            response,
            outcome,
            rest: None,
        }
    }

    /// The BFF's own answer, as far as it has come.
    pub(super) fn begun(begun: CheckedResponse, rest: Rest) -> Self {
        let mut reply = Self::answer(begun);
        if let Some(length) = rest.streamed.length {
            let headers = reply.response.headers_mut();
            headers.insert(CONTENT_LENGTH, length.into());
        }
        reply.rest = Some(Box::new(rest));
        reply
    }

    /// The host's answer to OPTIONS.
    fn options(allow: &HeaderValue) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
            .headers_mut()
            .insert(http::header::ALLOW, allow.clone());
        Self {
            response,
            outcome: Outcome::Answered(204),
            rest: None,
        }
    }

    /// The host's answer to what it refuses or what failed.
    pub(super) fn problem(code: Code, detail: &str, access: &Access) -> Self {
        Self::of(Problem::new(code, detail, access.id.as_str()), access)
    }

    /// The host's answer when there is no room for more bytes.
    pub(super) fn full(access: &Access) -> Self {
        Self::problem(Code::HostMemory, &Full.to_string(), access)
    }

    /// The host's answer to a request that comes to no BFF.
    pub(super) fn unrouted(found: &RouteMatch<'_, '_>, access: &Access) -> Self {
        match found {
            RouteMatch::Options { allow } => Self::options(allow),
            RouteMatch::MethodNotAllowed { allow } => Self::method_not_allowed(allow, access),
            RouteMatch::Misdirected => Self::problem(Code::Misdirected, "", access),
            RouteMatch::NotFound | RouteMatch::Route { .. } => {
                Self::problem(Code::NotFound, "", access)
            }
        }
    }

    /// The host's answer to a method that the route does not serve.
    fn method_not_allowed(allow: &HeaderValue, access: &Access) -> Self {
        let mut problem = Problem::new(Code::MethodNotAllowed, "", access.id.as_str());
        problem.allow = Some(allow.clone());
        Self::of(problem, access)
    }

    /// The host's answer to a head that breaks a rule.
    pub(super) fn rejection(rejection: &Rejection, access: &Access) -> Self {
        let mut problem = Problem::new(rejection.code(), rejection.to_string(), access.id.as_str());
        problem.allow = rejection.allow();
        let mut reply = Self::of(problem, access);
        if rejection.ends_connection() {
            reply.close();
        }
        reply
    }

    /// The last answer of its connection.
    pub(super) fn close(&mut self) {
        let close = HeaderValue::from_static("close");
        self.response.headers_mut().insert(CONNECTION, close);
    }

    /// The host's answer for a BFF that gave none.
    pub(super) fn bff_error(error: &BffError, access: &Access) -> Self {
        let code = code(error);
        // Internal details are for the log. The client gets what helps it to react.
        let detail = match error {
            BffError::Deadline { .. }
            | BffError::Overloaded { .. }
            | BffError::CpuShare { .. }
            | BffError::EngineFull => error.to_string(),
            _ => String::new(),
        };
        Self::of(Problem::new(code, detail, access.id.as_str()), access)
    }

    /// The same answer as a page for people.
    pub(super) fn with_page(mut self, page: String) -> Self {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        self.response.headers_mut().insert(CONTENT_TYPE, html);
        *self.response.body_mut() = Bytes::from(page);
        self
    }

    fn of<'a>(mut problem: Problem<'a>, access: &'a Access) -> Self {
        let version = access.version();
        problem.bff = access.bff();
        problem.version = version.map(|version| &**version.name());
        if problem.code.status() == StatusCode::SERVICE_UNAVAILABLE {
            problem.retry_after = Some(RETRY_AFTER);
        }
        Self {
            outcome: Outcome::Failed(problem.code.as_str()),
            response: problem.into_response(),
            rest: None,
        }
    }

    /// Adds what every answer has, and removes the body of an answer to HEAD. `send` makes the body
    /// of the bytes.
    pub(super) fn finish(
        self,
        access: &mut Access,
        method: &Method,
        send: impl FnOnce(Bytes) -> Outgoing,
    ) -> Response<Outgoing> {
        let (mut parts, body) = self.response.into_parts();
        add_fields(&mut parts.headers, access);
        if *method == Method::HEAD {
            let bodiless = matches!(
                parts.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
            if !bodiless {
                parts.headers.insert(CONTENT_LENGTH, body.len().into());
            }
            access.end(self.outcome, parts.status.as_u16(), 0);
            return Response::from_parts(parts, Outgoing::empty());
        }
        access.end(self.outcome, parts.status.as_u16(), body.len());
        Response::from_parts(parts, send(body))
    }
}

/// Adds the fields that every answer has.
pub(super) fn add_fields(headers: &mut HeaderMap, access: &Access) {
    headers.insert(X_REQUEST_ID, access.id.header());
    if !headers.contains_key(DATE)
        && let Some(date) = date_field(SystemTime::now())
    {
        headers.insert(DATE, date);
    }
}

/// The word of [`code`].
pub(crate) fn code_of(error: &BffError) -> &'static str {
    code(error).as_str()
}

/// The code of each error; a new error does not compile without one.
pub(super) fn code(error: &BffError) -> Code {
    match error {
        BffError::Overloaded { .. } => Code::BffOverloaded,
        BffError::CpuShare { .. } => Code::BffCpuShare,
        BffError::EngineFull => Code::HostOverloaded,
        BffError::HostPanic => Code::HostPanic,
        BffError::Deadline { .. } => Code::BffDeadline,
        BffError::Cpu { .. } => Code::BffCpuLimit,
        BffError::Memory { .. } => Code::BffMemoryLimit,
        BffError::Table { .. } => Code::BffTableLimit,
        BffError::Trap { .. } | BffError::StackSpent { .. } | BffError::Ended { .. } => {
            Code::BffTrap
        }
        BffError::TargetTooLong { .. } => Code::UriTooLong,
        BffError::Boundary { .. } => Code::BffHostLimit,
        BffError::IllegalResponse(_) => Code::BffIllegalResponse,
        BffError::ResponseTooLarge { .. } => Code::BffResponseTooLarge,
    }
}
