//! Reading the body of a request. What is wrong with it is said in a [`Problem`] that names the
//! place in the body.
//!
//! A body that is too large does not come here: the host answers 413.

use serde::Deserialize;

use crate::{Payload, Problem, Request, percent, place};

/// The media types of [`Request::json`] and [`Request::form`].
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl Request {
    /// The body as a JSON document; unknown fields are ignored unless `T` denies them, as serde
    /// does. Its type must be `application/json` or one that ends with `+json`: a page of another
    /// site can send other types without asking first, and none at all.
    ///
    /// # Errors
    ///
    /// 415 for another content type or none. 400 when there is no body, when it is not JSON, and
    /// when it has another form than `T`, with the JSON pointer of the field.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        let media = self.media_type();
        let ends_in_json = media.starts_with("application/") && media.ends_with("+json");
        if media != JSON && !ends_in_json {
            return Err(self.unsupported(JSON));
        }
        let text = self.text()?;
        if text.is_empty() {
            return Err(Problem::bad_field("", "expected JSON, found none"));
        }
        serde_json::from_str(text).map_err(|error| {
            if error.is_data() {
                let (pointer, what) = place::of(&error, text);
                Problem::bad_field(&pointer, &what)
            } else {
                Problem::bad_field("", &format!("not JSON: {error}"))
            }
        })
    }

    /// The pairs of a body that an HTML form sent (`application/x-www-form-urlencoded`), decoded,
    /// in order. None where the body is empty.
    ///
    /// # Errors
    ///
    /// 415 for another content type or none. 400 when it is not percent-encoded UTF-8.
    pub fn form(&self) -> Result<Vec<(String, String)>, Problem> {
        if self.media_type() != FORM {
            return Err(self.unsupported(FORM));
        }
        let pairs = self.text()?.split('&').filter(|pair| !pair.is_empty());
        let decode = |text: &str| {
            percent::decode(&text.replace('+', " "))
                .ok_or_else(|| Problem::bad_field("", "not percent-encoded UTF-8"))
        };
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect()
    }

    /// The body as text, whatever its content type. Empty where there is none.
    ///
    /// # Errors
    ///
    /// 400 when it is not UTF-8.
    pub fn text(&self) -> Result<&str, Problem> {
        match &self.body {
            Payload::None => Ok(""),
            Payload::Text(text) => Ok(text),
            Payload::Bytes(_) => Err(Problem::bad_field("", "not text in UTF-8")),
        }
    }

    /// The bytes of the body, whatever its content type. Empty where there is none.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Payload::None => &[],
            Payload::Text(text) => text.as_bytes(),
            Payload::Bytes(bytes) => bytes,
        }
    }

    /// The type of the body without parameters, in lower case. Empty where none is given.
    fn media_type(&self) -> String {
        let given = self.header("content-type").unwrap_or_default();
        let media = given.split(';').next().unwrap_or_default();
        media.trim().to_ascii_lowercase()
    }

    fn unsupported(&self, allowed: &str) -> Problem {
        let detail = match self.header("content-type") {
            None => format!("header `content-type` is missing; allowed: {allowed}"),
            Some(given) => format!(
                "header `content-type` is `{}`; allowed: {allowed}",
                crate::problem::cut(given)
            ),
        };
        Problem::new(415, detail).header("accept", allowed)
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
