//! A request with the services' answers to its calls, as a JSON file: what `tailor call`, the smoke request of a swap and
//! a BFF's own tests run without a network. `host/FIXTURES.md` is the reference of the format.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::bff::response::Answer;
use crate::contract;
use crate::downstream::{self, Canned, DownstreamError, Outbound, Phase};

/// A fixture can't be used.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// The file can't be read.
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
    pub request: Request,
    /// What `runtime.config` answers.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// What `runtime.now-ms` answers: `2026-01-15T12:00:00Z`.
    #[serde(default)]
    pub now: Option<String>,
    /// The kind of client.
    #[serde(default)]
    pub client: Option<String>,
    /// The services' answers. The first that matches a call answers it, any number of times.
    #[serde(default)]
    pub downstreams: Vec<Exchange>,
    /// What must come back.
    #[serde(default)]
    pub expect: Option<Expect>,
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
    /// Added to that of the path.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Text, or any other JSON, which is sent as its text.
    #[serde(default)]
    pub body: Option<Value>,
}

/// A service's answer to a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exchange {
    /// The service.
    pub service: String,
    /// The method of the call; GET if absent.
    #[serde(default = "get")]
    pub method: String,
    /// The path of the call. With a `?`, path and query are compared, else the path alone. A `*` at the end takes any rest.
    pub path: String,
    /// What the service answers.
    #[serde(default)]
    pub reply: Option<Reply>,
    /// How the call fails: the name of a `failure-kind` of the contract.
    #[serde(default)]
    pub failure: Option<String>,
    /// Milliseconds until then. A delay past the call's time makes it a timeout.
    #[serde(default)]
    pub delay_ms: u64,
}

/// A reply of a service, or of the BFF.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reply {
    /// 200 if absent.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header fields; `content-type: application/json` is added to `json`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body as JSON.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as text.
    #[serde(default)]
    pub text: Option<String>,
}

/// What must come back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// The status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header fields that must be there with these values; others may be.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The whole body, compared as JSON.
    #[serde(default)]
    pub json: Option<Value>,
    /// The whole body, compared as text.
    #[serde(default)]
    pub text: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

impl Fixture {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it can't be read or is not a fixture; says where.
    pub fn read(path: &Path) -> Result<Self, FixtureError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| FixtureError::Unreadable {
            path: name.clone(),
            source,
        })?;
        Self::parse(&text, &name)
    }

    /// Takes a text; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// When it is not a fixture; says where.
    pub fn parse(text: &str, path: &str) -> Result<Self, FixtureError> {
        let mut fixture: Self =
            serde_json::from_str(text).map_err(|source| FixtureError::Malformed {
                path: path.to_owned(),
                source,
            })?;
        fixture.path = path.to_owned();
        fixture.check()?;
        Ok(fixture)
    }

    fn check(&self) -> Result<(), FixtureError> {
        self.now_ms()?;
        self.request()?;
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
        humantime::parse_rfc3339(now)
            .ok()
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
    /// When the method or the path is none.
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
        let body = match &request.body {
            None | Some(Value::Null) => contract::Payload::None,
            Some(Value::String(text)) => contract::Payload::Text(text.clone()),
            Some(json) => contract::Payload::Text(json.to_string()),
        };
        Ok(contract::Request {
            id: "fixture".to_owned(),
            method,
            path: path.to_owned(),
            query,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.clone()))
                .collect(),
            body,
            client: contract::Client {
                name: self.client.clone().unwrap_or_else(|| "fixture".to_owned()),
                host: "localhost".to_owned(),
            },
        })
    }

    /// Answers calls of a service from the fixture.
    pub fn canned(self: &Arc<Self>, service: &str) -> Canned {
        let (fixture, service) = (self.clone(), service.to_owned());
        Arc::new(move |outbound| {
            let found = fixture
                .downstreams
                .iter()
                .find(|exchange| exchange.matches(&service, &outbound))
                .cloned();
            let service = service.clone();
            Box::pin(async move {
                let Some(exchange) = found else {
                    let what = format!(
                        "no entry of the fixture matches {} {}",
                        outbound.method, outbound.target
                    );
                    return Err(DownstreamError::Unreachable {
                        service,
                        source: std::io::Error::other(what),
                    });
                };
                if exchange.delay_ms > 0 {
                    tokio::time::sleep(Duration::from_millis(exchange.delay_ms)).await;
                }
                exchange.answer(service)
            })
        })
    }
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

impl Exchange {
    fn check(&self) -> Result<(), String> {
        match (&self.reply, &self.failure) {
            (Some(_), Some(_)) => Err("has both reply and failure; leave one out".to_owned()),
            (None, None) => Err("has neither reply nor failure".to_owned()),
            (None, Some(kind)) => failure(kind, String::new()).map(drop),
            (Some(reply), None) => reply.check(),
        }
    }

    fn matches(&self, service: &str, outbound: &Outbound) -> bool {
        let target = outbound
            .target
            .path_and_query()
            .map_or("", http::uri::PathAndQuery::as_str);
        let asked = if self.path.contains('?') {
            target
        } else {
            outbound.target.path()
        };
        let path = match self.path.strip_suffix('*') {
            Some(start) => asked.starts_with(start),
            None => asked == self.path,
        };
        self.service == service && outbound.method == self.method.as_str() && path
    }

    fn answer(&self, service: String) -> Result<downstream::Answer, DownstreamError> {
        if let Some(kind) = &self.failure {
            return Err(failure(kind, service.clone())
                .unwrap_or_else(|what| DownstreamError::Malformed { service, what }));
        }
        let reply = self.reply.clone().unwrap_or_else(|| Reply {
            status: ok(),
            headers: BTreeMap::new(),
            json: None,
            text: None,
        });
        reply
            .answer()
            .map_err(|what| DownstreamError::Malformed { service, what })
    }
}

fn failure(kind: &str, service: String) -> Result<DownstreamError, String> {
    Ok(match kind {
        "denied" => DownstreamError::Denied {
            service,
            granted: "none".to_owned(),
        },
        "exhausted" => DownstreamError::Exhausted { service, limit: 0 },
        "timeout" => DownstreamError::Timeout {
            service,
            phase: Phase::FirstByte,
            after: Duration::from_millis(1),
        },
        "unreachable" => DownstreamError::Unreachable {
            service,
            source: std::io::ErrorKind::ConnectionRefused.into(),
        },
        "interrupted" => DownstreamError::Interrupted {
            service,
            sent: true,
            source: std::io::Error::from(std::io::ErrorKind::ConnectionReset).into(),
        },
        "overloaded" => DownstreamError::Overloaded {
            service,
            waiting: 0,
        },
        "too-large" => DownstreamError::TooLarge { service, limit: 0 },
        "malformed" => DownstreamError::Malformed {
            service,
            what: "the answer is not HTTP".to_owned(),
        },
        other => {
            return Err(format!(
                "failure {other:?} is none; write one of denied, exhausted, timeout, unreachable, interrupted, \
                 overloaded, too-large, malformed"
            ));
        }
    })
}

impl Reply {
    fn check(&self) -> Result<(), String> {
        self.answer().map(drop)
    }

    fn answer(&self) -> Result<downstream::Answer, String> {
        let status = StatusCode::from_u16(self.status)
            .map_err(|_| format!("status {} is none", self.status))?;
        let mut headers = HeaderMap::new();
        if self.json.is_some() {
            headers.insert(
                http::header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        for (name, value) in &self.headers {
            let legal = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .zip(HeaderValue::from_str(value).ok());
            let (name, value) = legal.ok_or_else(|| format!("header {name:?} is not legal"))?;
            headers.insert(name, value);
        }
        let body = match (&self.json, &self.text) {
            (Some(_), Some(_)) => return Err("has both json and text; leave one out".to_owned()),
            (Some(json), None) => Bytes::from(json.to_string()),
            (None, Some(text)) => Bytes::from(text.clone()),
            (None, None) => Bytes::new(),
        };
        Ok(downstream::Answer {
            status,
            headers,
            body,
        })
    }
}

impl Expect {
    /// How an answer differs from what is expected, one line a difference.
    pub fn differences(&self, answer: &Answer) -> Vec<String> {
        let mut all = Vec::new();
        let body = String::from_utf8_lossy(&answer.body);
        if answer.status.as_u16() != self.status {
            all.push(format!(
                "status: expected {}, got {}",
                self.status,
                answer.status.as_u16()
            ));
        }
        for (name, expected) in &self.headers {
            let got = answer
                .headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()));
            if got.as_deref() != Some(expected) {
                all.push(format!("header {name}: expected {expected:?}, got {got:?}"));
            }
        }
        if let Some(expected) = &self.json
            && serde_json::from_slice::<Value>(&answer.body).ok().as_ref() != Some(expected)
        {
            all.push(format!("body: expected {expected}\n       got      {body}"));
        }
        if let Some(expected) = &self.text
            && body != *expected
        {
            all.push(format!(
                "body: expected {expected:?}\n       got      {body:?}"
            ));
        }
        all
    }
}
