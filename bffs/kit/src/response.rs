//! Building a [`Response`].

use serde::Serialize;

use crate::{Payload, Problem, Response};

impl Response {
    /// 200 with `value` as JSON.
    ///
    /// # Errors
    ///
    /// A problem with status 500 where JSON has no form for the value, such as a map with keys that
    /// are not text.
    pub fn json(value: &impl Serialize) -> Result<Response, Problem> {
        let text = serde_json::to_string(value)
            .map_err(|error| Problem::new(500, format!("the answer cannot be written: {error}")))?;
        Ok(Response::text("application/json", text))
    }

    /// 200 with a text of this content type.
    pub fn text(content_type: &str, text: impl Into<String>) -> Response {
        Response {
            status: 200,
            headers: Vec::new(),
            body: Payload::Text(text.into()),
        }
        .header("content-type", content_type)
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Payload::None,
        }
    }

    /// Sets the status, 200 to 599.
    pub fn status(mut self, status: u16) -> Response {
        self.status = status;
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets `cache-control`: `private, max-age=30`, `no-store`.
    pub fn cache_control(self, value: &str) -> Response {
        self.header("cache-control", value)
    }
}
