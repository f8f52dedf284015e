//! Answers that say what is wrong, as `application/problem+json` (RFC 9457).
//!
//! A problem goes to the client: no internals, no personal data beyond what the client sent.

use serde::Serialize;

use crate::{Headers, Missing, Payload, Response};

/// How much of a client's own value is repeated to it, in characters: enough to recognise it.
const REPEATED: usize = 64;

/// Seconds that a client should wait when no service answered: services restart and breakers probe
/// within a few.
const RETRY_AFTER_S: &str = "5";

/// What is wrong with a request, or why it cannot be answered. A handler returns it as its error,
/// and the [`Router`](crate::Router) makes the answer of it.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    status: u16,
    detail: String,
    headers: Headers,
    // Boxed: a problem is the error of many results, most of which hold none.
    place: Option<Box<Place>>,
}

/// What of a request was not accepted.
#[derive(Debug)]
enum Place {
    /// A query parameter.
    Parameter(Parameter),
    /// The JSON pointer of a value of the body.
    Field(String),
}

/// A query parameter that was not accepted.
#[derive(Debug)]
struct Parameter {
    name: String,
    value: String,
    allowed: String,
}

impl Problem {
    /// A problem of this status (400 to 599). `detail` is a sentence for the client's developer
    /// that names the thing.
    pub fn new(status: u16, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            detail: detail.into(),
            headers: Vec::new(),
            place: None,
        }
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(404, detail)
    }

    /// 400 for a query parameter: its name, the value given (cut where long) and what is allowed
    /// instead.
    pub fn bad_parameter(name: &str, value: &str, allowed: &str) -> Problem {
        let (name, value) = (cut(name), cut(value));
        let mut problem = Problem::new(
            400,
            format!("query parameter `{name}` is `{value}`; allowed: {allowed}"),
        );
        problem.place = Some(Box::new(Place::Parameter(Parameter {
            name,
            value,
            allowed: allowed.to_owned(),
        })));
        problem
    }

    /// 400 for a value of the body: its JSON pointer (`/laps/0/ms`, empty for all of it), and what
    /// is wrong with it: `more than 24 hours`.
    pub fn bad_field(pointer: &str, what: &str) -> Problem {
        let detail = match pointer {
            "" => format!("body: {what}"),
            _ => format!("body field `{}`: {what}", cut(pointer)),
        };
        let mut problem = Problem::new(400, detail);
        problem.place = Some(Box::new(Place::Field(cut(pointer))));
        problem
    }

    /// The problem when not one part of an answer arrived: 404 with `not_found` when a service says
    /// that it has no such thing ([`Missing::NotFound`]), else 503 with `retry-after` and the
    /// reason for each part by its name. `word` says the reason, as [`Missing::why`] does.
    pub fn nothing_arrived(
        not_found: &str,
        missing: &[(&str, Missing)],
        word: impl Fn(&Missing) -> String,
    ) -> Problem {
        if missing
            .iter()
            .any(|(_, missing)| matches!(missing, Missing::NotFound))
        {
            return Problem::not_found(not_found);
        }
        let parts: Vec<String> = missing
            .iter()
            .map(|(part, missing)| format!("{part} ({})", word(missing)))
            .collect();
        Problem::unavailable(format!("no part is available: {}", parts.join(", ")))
    }

    /// 503 with `retry-after`: the services may answer soon.
    pub fn unavailable(detail: impl Into<String>) -> Problem {
        Problem::new(503, detail).header("retry-after", RETRY_AFTER_S)
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: &str, value: &str) -> Problem {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer, with the id of the request that it belongs to. It is not to be cached.
    pub fn into_response(self, request_id: &str) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'a str,
            title: &'a str,
            status: u16,
            detail: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameter: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            allowed: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            field: Option<&'a str>,
            request_id: &'a str,
        }
        let (parameter, field) = match self.place.as_deref() {
            None => (None, None),
            Some(Place::Parameter(parameter)) => (Some(parameter), None),
            Some(Place::Field(pointer)) => (None, Some(pointer.as_str())),
        };
        let body = serde_json::to_string(&Body {
            r#type: "about:blank",
            title: title(self.status),
            status: self.status,
            detail: &self.detail,
            parameter: parameter.map(|parameter| parameter.name.as_str()),
            value: parameter.map(|parameter| parameter.value.as_str()),
            allowed: parameter.map(|parameter| parameter.allowed.as_str()),
            field,
            request_id,
        })
        .expect("texts and a number always have a form in JSON");
        let mut response = Response {
            status: self.status,
            headers: self.headers,
            body: Payload::Text(body),
        };
        for (name, value) in [
            ("content-type", "application/problem+json"),
            ("cache-control", "no-store"),
        ] {
            response = response.header(name, value);
        }
        response
    }
}

/// Type `about:blank` requires the status's own phrase as the title.
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}

/// As much of a client's own text as it needs to recognise it, in whole characters.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(REPEATED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
    use crate::testing::{body_json, header};

    #[test]
    fn the_answer_names_the_parameter_the_value_and_what_is_allowed() {
        let response = Problem::bad_parameter("range", "5d", "`7d`, `30d`").into_response("r-1");
        assert_eq!(response.status, 400);
        assert_eq!(
            header(&response, "content-type"),
            Some("application/problem+json")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(
            body_json(&response).unwrap(),
            serde_json::json!({
                "type": "about:blank", "title": "Bad Request", "status": 400,
                "detail": "query parameter `range` is `5d`; allowed: `7d`, `30d`",
                "parameter": "range", "value": "5d", "allowed": "`7d`, `30d`", "request_id": "r-1",
            })
        );
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let problem = Problem::bad_parameter("date", &"ü".repeat(1000), "a date");
        assert!(
            problem
                .to_string()
                .contains(&format!("`{}…`", "ü".repeat(64)))
        );
    }

    #[test]
    fn nothing_arrived_is_not_found_when_a_service_says_so_and_unavailable_else() {
        let down = |missing| {
            [
                ("steps", Missing::Failed(Reason::Status(503))),
                ("sleep", missing),
            ]
        };
        let nothing = |missing| {
            Problem::nothing_arrived("no user `bob`", &down(missing), Missing::why)
                .into_response("r")
        };
        let response = nothing(Missing::NotFound);
        assert_eq!(response.status, 404);
        assert_eq!(body_json(&response).unwrap()["detail"], "no user `bob`");

        let response = nothing(Missing::NoValue(None));
        assert_eq!(response.status, 503);
        assert_eq!(header(&response, "retry-after"), Some("5"));
        assert_eq!(
            body_json(&response).unwrap()["detail"],
            "no part is available: steps (status-503), sleep (no-value)"
        );
    }
}
