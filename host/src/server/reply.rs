//! Maps an outcome to the client's response. The only place that knows which error has which code.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Response, StatusCode};

use super::access::Access;
use super::budget::Full;
use super::inbound::{Rejection, X_REQUEST_ID};
use super::outgoing::Outgoing;
use super::problem::{Code, Problem};
use crate::bff::error::BffError;
use crate::bff::response::CheckedResponse;
use crate::telemetry::metrics::Outcome;
use crate::time::date_field;

/// `retry-after` for a full queue.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// An answer, and how it counts.
pub(super) struct Reply {
    pub(super) response: Response<Bytes>,
    pub(super) outcome: Outcome,
}

impl Reply {
    /// The BFF's own answer.
    pub(super) fn answer(answer: CheckedResponse) -> Self {
        let outcome = Outcome::Answered(answer.status.as_u16());
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Self { response, outcome }
    }

    /// The host's answer to OPTIONS.
    pub(super) fn options(allow: &HeaderValue) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
            .headers_mut()
            .insert(http::header::ALLOW, allow.clone());
        Self {
            response,
            outcome: Outcome::Answered(204),
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

    /// The host's answer to a method that the route does not serve.
    pub(super) fn method_not_allowed(allow: &HeaderValue, access: &Access) -> Self {
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
        parts.headers.insert(X_REQUEST_ID, access.id.header());
        if !parts.headers.contains_key(DATE)
            && let Some(date) = date_field(SystemTime::now())
        {
            parts.headers.insert(DATE, date);
        }
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
