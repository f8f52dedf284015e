//! A request with the services' answers to its calls, as a JSON file: what `tailor call`, the smoke
//! request of a swap and a BFF's own tests run without a network. `docs/write/fixtures.md` is
//! the reference of the format.

mod difference;
mod exchange;
mod expect;
mod layout;
mod lookup;
mod recorded;
mod redaction;
mod replay;
mod rewritten;
// The kit for Rust reads the same fixtures, and has to be whole without the host.
#[path = "../../bffs/kit/src/testing/json.rs"]
mod json;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::Method;
use serde::Deserialize;
use thiserror::Error;

use json::Node;

pub use difference::{Difference, escaped as step};
pub use exchange::{Exchange, Reply};
pub use expect::Expect;
pub use json::Json;
pub use layout::{compact, laid_out, laid_out_deep};
pub use lookup::NON_ALPHANUMERIC_BUT_MARKS;
pub use recorded::{NotText, Recorded, RecordedCall, RecordedLimits};
pub use redaction::{Place, REDACTED, Redaction};
pub use rewritten::{rewritten, with_member};

use crate::contract;
use crate::downstream::{Canned, Cause, ServiceRequest};
use crate::file;

/// The JSON Schema (draft 2020-12) of a fixture, for editors.
pub const SCHEMA: &str = include_str!("fixture/schema.json");

/// Largest fixture file, bytes.
const MAX_SIZE: u64 = 16 << 20;

/// A fixture cannot be used.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// The file cannot be read.
    #[error("fixture {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not a fixture.
    #[error("fixture {path}: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// A value in it makes no sense.
    #[error("fixture {path}: {key}: {what}")]
    Invalid {
        /// The file.
        path: String,
        /// Where in the document.
        key: String,
        /// What is wrong, and the way out.
        what: String,
    },
}

/// A request with the services' answers to its calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fixture {
    /// What the client asks.
    #[serde(deserialize_with = "json::object")]
    pub request: Request,
    /// The values of `runtime.config`.
    #[serde(default, deserialize_with = "config")]
    pub config: BTreeMap<String, String>,
    /// The time of `runtime.now-ms`: `2026-01-15T12:00:00Z`.
    #[serde(default, deserialize_with = "json::present")]
    pub now: Option<String>,
    /// What the bytes of `runtime.random` are made from.
    #[serde(default)]
    pub seed: u32,
    /// The kind of client.
    #[serde(default, deserialize_with = "json::present")]
    pub client: Option<String>,
    /// The services' answers. The first that matches a call answers it, any number of times.
    #[serde(default, deserialize_with = "json::objects")]
    pub downstreams: Vec<Exchange>,
    /// What must come back.
    #[serde(default, deserialize_with = "json::present_object")]
    pub expect: Option<Expect>,
    /// What it has besides, when it was recorded.
    #[serde(default, deserialize_with = "json::present_object")]
    pub recorded: Option<Recorded>,
    #[serde(skip)]
    path: String,
}

/// What the client asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// GET if absent.
    #[serde(default = "get")]
    pub method: String,
    /// Path below the route's prefix; may hold a query.
    pub path: String,
    /// Added to that of the path, in this order.
    #[serde(default, deserialize_with = "json::pairs")]
    pub query: Vec<(String, String)>,
    /// Header fields, each name once.
    #[serde(default, deserialize_with = "json::fields")]
    pub headers: Vec<(String, String)>,
    /// Text, or any other JSON, which is sent as it is written, with its content type.
    #[serde(default)]
    pub body: Option<Json>,
}

fn get() -> String {
    "GET".to_owned()
}

fn config<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(json::pairs(from)?.into_iter().collect())
}

impl Fixture {
    /// Reads a file. Blocks for as long as reading it takes, see [`file::TIMEOUT`].
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not a fixture; says where.
    pub fn read(path: &Path) -> Result<Self, FixtureError> {
        Self::parse(&Self::text(path)?, &path.display().to_string())
    }

    /// The text of a file, for [`parse`](Self::parse). Blocks as [`read`](Self::read) does.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn text(path: &Path) -> Result<String, FixtureError> {
        file::read_text(path, MAX_SIZE).map_err(|source| FixtureError::Unreadable {
            path: path.display().to_string(),
            source,
        })
    }

    /// Takes a text; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// When it is not a fixture; says where.
    pub fn parse(text: &str, path: &str) -> Result<Self, FixtureError> {
        // As editors of some systems write it in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let malformed = |source| FixtureError::Malformed {
            path: path.to_owned(),
            source,
        };
        let mut fixture: Self = json::read_object(text).map_err(malformed)?;
        fixture.take_as_written(&Node::read(text).map_err(malformed)?);
        fixture.path = path.to_owned();
        fixture.check()?;
        Ok(fixture)
    }

    /// Takes the documents as they stand in the file.
    fn take_as_written(&mut self, file: &Node<'_>) {
        let written = |place: Option<&Node<'_>>, name: &str, json: &mut Option<Json>| {
            if let (Some(node), Some(json)) = (place.and_then(|it| it.member(name)), json) {
                *json = Json::of(node);
            }
        };
        written(file.member("request"), "body", &mut self.request.body);
        if let Some(expect) = &mut self.expect {
            written(file.member("expect"), "json", &mut expect.json);
        }
        let entries = file.member("downstreams").map_or(&[][..], Node::items);
        for (entry, exchange) in entries.iter().zip(&mut self.downstreams) {
            if let Some(reply) = &mut exchange.reply {
                written(entry.member("reply"), "json", &mut reply.json);
            }
        }
    }

    fn check(&self) -> Result<(), FixtureError> {
        self.now_ms()?;
        self.request()?;
        self.tape()?;
        for (index, exchange) in self.downstreams.iter().enumerate() {
            exchange
                .check()
                .map_err(|what| self.invalid(format!("downstreams[{index}]"), what))?;
        }
        Ok(())
    }

    fn invalid(&self, key: impl Into<String>, what: impl Into<String>) -> FixtureError {
        FixtureError::Invalid {
            path: self.path.clone(),
            key: key.into(),
            what: what.into(),
        }
    }

    /// The time of day in the fixture, milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When it is not a time.
    pub fn now_ms(&self) -> Result<Option<u64>, FixtureError> {
        let Some(now) = &self.now else {
            return Ok(None);
        };
        Some(now)
            .filter(|now| is_time(now))
            .and_then(|now| humantime::parse_rfc3339(now).ok())
            .and_then(|time| u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok())
            .map(Some)
            .ok_or_else(|| {
                self.invalid(
                    "now",
                    format!("{now:?} is not a time; write \"2026-01-15T12:00:00Z\""),
                )
            })
    }

    /// Names of the services that the fixture answers for.
    pub fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .downstreams
            .iter()
            .map(|exchange| exchange.service.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The request as a BFF gets it.
    ///
    /// # Errors
    ///
    /// When the method or the path is malformed.
    pub fn request(&self) -> Result<contract::Request, FixtureError> {
        let request = &self.request;
        let method = match request.method.as_str() {
            // As the host does it: HEAD is GET to a BFF.
            "GET" | "HEAD" => contract::Method::Get,
            "POST" => contract::Method::Post,
            "PUT" => contract::Method::Put,
            "PATCH" => contract::Method::Patch,
            "DELETE" => contract::Method::Delete,
            "OPTIONS" => contract::Method::Options,
            other => {
                return Err(self.invalid(
                    "request.method",
                    format!("{other:?} is not a method that a BFF gets"),
                ));
            }
        };
        if !request.path.starts_with('/') {
            return Err(self.invalid("request.path", "does not begin with \"/\""));
        }
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut query = decode_query(query);
        query.extend(request.query.clone());
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        let body = match &request.body {
            None => contract::Payload::None,
            Some(json) => contract::Payload::Text(json.as_text().unwrap_or_else(|| {
                if !headers.iter().any(|(name, _)| name == "content-type") {
                    let json = "application/json".to_owned();
                    headers.insert(0, ("content-type".to_owned(), json));
                }
                json.as_str().to_owned()
            })),
        };
        let body = match body {
            contract::Payload::Text(text) if text.is_empty() => contract::Payload::None,
            body => body,
        };
        Ok(contract::Request {
            id: "test-1".to_owned(),
            method,
            path: path.to_owned(),
            query,
            headers,
            body,
            client: contract::Client {
                name: self.client.clone().unwrap_or_else(|| "test".to_owned()),
                host: "localhost".to_owned(),
            },
        })
    }

    /// The index of the entry that answers a call of `target`, path and query.
    pub fn entry_of(&self, service: &str, method: &Method, target: &str) -> Option<usize> {
        let mut entries = self.downstreams.iter();
        entries.position(|entry| entry.matches(service, method, target))
    }

    /// The file that it was read from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The entry that answers a call of a service.
    pub fn entry(&self, service: &str, request: &ServiceRequest) -> Option<&Exchange> {
        let target = request.target.path_and_query();
        let target = target.map_or("", http::uri::PathAndQuery::as_str);
        let index = self.entry_of(service, &request.method, target)?;
        self.downstreams.get(index)
    }

    /// Answers calls of a service from the fixture.
    pub fn canned(self: &Arc<Self>, service: &str) -> Canned {
        let (fixture, service) = (self.clone(), service.to_owned());
        Arc::new(move |request| {
            let found = fixture.entry(&service, &request).cloned();
            Box::pin(async move {
                let Some(exchange) = found else {
                    let what = format!(
                        "no entry of the fixture matches {} {}",
                        request.method, request.target
                    );
                    return Err(Cause::Unreachable {
                        source: std::io::Error::other(what),
                    });
                };
                if exchange.delay_ms > 0 {
                    tokio::time::sleep(Duration::from_millis(exchange.delay_ms.into())).await;
                }
                exchange.answer()
            })
        })
    }
}

/// Whether a text has the one form of a time that all readers of fixtures take: of RFC 3339 that in
/// UTC with `Z`, to the second or with up to nine more digits, without leap seconds. Which days
/// there are is not looked at here.
fn is_time(text: &str) -> bool {
    let form = text
        .bytes()
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let form: Vec<u8> = form.collect();
    let fraction = match form.strip_prefix(b"0000-00-00T00:00:00") {
        Some(b"Z") => return !text.ends_with(":60Z"),
        Some([b'.', fraction @ .., b'Z']) => fraction,
        _ => return false,
    };
    let digits = fraction.iter().all(|byte| *byte == b'0');
    digits && (1..=9).contains(&fraction.len()) && !text.contains(":60.")
}

/// The pairs of an encoded query.
pub(crate) fn decode_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaces = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaces)
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[cfg(test)]
mod tests;
