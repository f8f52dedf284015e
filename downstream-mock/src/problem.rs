//! Problem documents (RFC 9457), the one form of error that the services and the control listener
//! answer with.

use http::{Method, StatusCode};
use serde::Serialize;

/// The media type of [`Problem::to_json`].
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// An error as an answer.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
    /// The input that is wrong, if it is one that has a name.
    pub(crate) field: Option<String>,
    /// The value of the `allow` header.
    pub(crate) allow: Option<&'static str>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: String) -> Problem {
        Problem {
            status,
            detail,
            field: None,
            allow: None,
        }
    }

    pub(crate) fn bad_request(field: &str, detail: String) -> Problem {
        Problem {
            field: Some(field.to_owned()),
            ..Problem::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    pub(crate) fn method_not_allowed(method: &Method, allow: &'static str) -> Problem {
        let detail = format!("{method} is not allowed here, only {allow}");
        Problem {
            allow: Some(allow),
            ..Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let document = Document {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
        };
        serde_json::to_vec(&document).expect("a struct of texts and numbers always serialises")
    }
}
