//! Fixture files: a request, what the services answer, and what is expected. The host's `call`
//! command and the harness read the same files.
//!
//! ```json
//! { "request": {"method": "GET", "path": "/ada?date=2026-01-15",
//!               "headers": {"accept": "application/json"}},
//!   "config": {"key": "value"},
//!   "now": "2026-01-15T12:00:00Z",
//!   "seed": 7,
//!   "client": "watch",
//!   "downstreams": [
//!     {"service": "activity", "method": "GET", "path": "/users/ada/days/2026-01-15",
//!      "reply": {"json": {"steps": 8423}}},
//!     {"service": "heart", "path": "*", "failure": "timeout", "delay-ms": 200} ],
//!   "expect": {"status": 200, "headers": {"vary": "accept"}, "json": {"steps": 8423}} }
//! ```
//!
//! The first entry of `downstreams` that matches answers. `method` left out matches any. `path` is
//! compared with the path of the call, and where it has a `?` with path and query as the host sends
//! them; a `*` at its end matches any rest. A call that no entry matches fails as `unreachable`
//! with a detail that says so. A body is `json` or `text`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::expect::Expect;
use super::json::{self, Json, Node};
use super::{FixtureError, Offline, Run, failure, request, time_ms};
use crate::{
    Call, Failure, FailureKind, Fetched, Method, Payload, Reply, Request, Response, Source, percent,
};

/// A fixture file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    #[serde(deserialize_with = "json::object")]
    request: RequestEntry,
    #[serde(default, deserialize_with = "config")]
    config: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "json::present")]
    now: Option<String>,
    #[serde(default)]
    seed: u32,
    #[serde(default, deserialize_with = "json::present")]
    client: Option<String>,
    #[serde(default, deserialize_with = "json::objects")]
    downstreams: Vec<Downstream>,
    #[serde(default, deserialize_with = "json::present_object")]
    pub(super) expect: Option<Expect>,
    /// What only `tailor replay` reads.
    #[serde(
        default,
        rename = "recorded",
        deserialize_with = "json::present_object"
    )]
    _recorded: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestEntry {
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default, deserialize_with = "json::pairs")]
    query: Vec<(String, String)>,
    #[serde(default, deserialize_with = "json::fields")]
    headers: Vec<(String, String)>,
    body: Option<Json>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Downstream {
    service: String,
    #[serde(default, deserialize_with = "json::present")]
    method: Option<String>,
    path: String,
    #[serde(default, deserialize_with = "json::present_object")]
    reply: Option<ReplyEntry>,
    #[serde(default, deserialize_with = "json::present")]
    failure: Option<String>,
    #[serde(default, rename = "delay-ms")]
    delay_ms: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyEntry {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default, deserialize_with = "json::fields")]
    headers: Vec<(String, String)>,
    #[serde(default, deserialize_with = "json::present")]
    json: Option<Json>,
    #[serde(default, deserialize_with = "json::present")]
    text: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

fn config<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(json::pairs(from)?.into_iter().collect())
}

impl Fixture {
    /// Reads a fixture file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not a fixture.
    pub fn read(path: impl AsRef<Path>) -> Result<Fixture, FixtureError> {
        let path = path.as_ref().to_owned();
        match std::fs::read_to_string(&path) {
            Err(error) => Err(FixtureError::Io { path, error }),
            Ok(text) => Fixture::parse(&text).map_err(|detail| FixtureError::Form { path, detail }),
        }
    }

    /// Reads the text of a fixture.
    ///
    /// # Errors
    ///
    /// What is wrong in it, with the line where it is not JSON of the right form.
    pub fn parse(text: &str) -> Result<Fixture, String> {
        // As editors of some systems write it in front.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut fixture: Fixture = json::read_object(text).map_err(|error| error.to_string())?;
        let file = Node::read(text).map_err(|error| error.to_string())?;
        fixture.take_as_written(&file);
        method(&fixture.request.method)?;
        if !fixture.request.path.starts_with('/') {
            return Err("the path of `request` does not begin with `/`".to_owned());
        }
        if let Some(now) = &fixture.now {
            time_ms(now).ok_or(format!(
                "`now` is `{now}`, not a time as 2026-01-15T12:00:00Z"
            ))?;
        }
        for entry in &fixture.downstreams {
            entry.method.as_deref().map(method).transpose()?;
            entry.failure.as_deref().map(kind).transpose()?;
            if entry.reply.is_some() == entry.failure.is_some() {
                let (service, path) = (&entry.service, &entry.path);
                return Err(format!(
                    "`{service}` {path}: needs either `reply` or `failure`"
                ));
            }
            let reply = entry.reply.as_ref();
            if let Some(status) = reply.map(|reply| reply.status)
                && !(100..=999).contains(&status)
            {
                let (service, path) = (&entry.service, &entry.path);
                return Err(format!("`{service}` {path}: status {status} is none"));
            }
            if reply.is_some_and(|reply| reply.json.is_some() && reply.text.is_some()) {
                let (service, path) = (&entry.service, &entry.path);
                return Err(format!("`{service}` {path}: has both `json` and `text`"));
            }
        }
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
        for (entry, downstream) in entries.iter().zip(&mut self.downstreams) {
            if let Some(reply) = &mut downstream.reply {
                written(entry.member("reply"), "json", &mut reply.json);
            }
        }
    }

    /// The request.
    pub fn request(&self) -> Request {
        let entry = &self.request;
        let method = match method(&entry.method).expect("checked when the fixture was read") {
            // As the host does it: HEAD is GET to a BFF.
            Method::Head => Method::Get,
            method => method,
        };
        let mut request = request(method, &entry.path);
        request.query.extend(entry.query.clone());
        let text = entry.body.as_ref().and_then(Json::as_text);
        let json = entry.body.as_ref().filter(|_| text.is_none());
        request.headers = fields(&entry.headers, json.is_some());
        request.body = payload(text.or(json.map(|json| json.as_str().to_owned())));
        if let Some(client) = &self.client {
            request.client.name.clone_from(client);
        }
        request
    }

    /// Has `handle` (`Watch::handle`) answer the request.
    pub fn run(&self, handle: fn(Request) -> Response) -> Run {
        let entries = self.downstreams.clone();
        let mut offline = Offline::with_delays(move |call| {
            match entries.iter().find(|entry| entry.matches(call)) {
                Some(entry) => (entry.delay_ms, entry.answer()),
                None => (0, Err(unmatched(call))),
            }
        });
        offline.config.clone_from(&self.config);
        offline.seed = self.seed;
        if let Some(now) = self.now.as_deref().and_then(time_ms) {
            offline = offline.now_ms(now);
        }
        offline.run(handle, self.request())
    }
}

impl Downstream {
    fn matches(&self, call: &Call) -> bool {
        let same_method = self
            .method
            .as_deref()
            .is_none_or(|name| method(name) == Ok(call.method));
        let target = if self.path.contains('?') {
            target(call)
        } else {
            call.path.clone()
        };
        let same_path = match (self.path.strip_suffix("\\*"), self.path.strip_suffix('*')) {
            (Some(start), _) => target.strip_suffix('*') == Some(start),
            (None, Some(start)) => target.starts_with(start),
            (None, None) => target == self.path,
        };
        self.service == call.service && same_method && same_path
    }

    fn answer(&self) -> Fetched {
        if let Some(name) = &self.failure {
            let kind = kind(name).expect("checked when the fixture was read");
            return Err(failure(kind, &self.service));
        }
        let entry = self
            .reply
            .as_ref()
            .expect("checked when the fixture was read");
        let headers = fields(&entry.headers, entry.json.is_some());
        let json = entry.json.as_ref().map(|json| json.as_str().to_owned());
        let body = payload(json.or(entry.text.clone()));
        Ok(Reply {
            status: entry.status,
            headers,
            body,
            selected: Vec::new(),
            source: Source::Live,
        })
    }
}

/// Path and query of a call, as the host sends them.
fn target(call: &Call) -> String {
    let mut target = call.path.clone();
    for (index, (name, value)) in call.query.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        percent::encode(name, &mut target);
        target.push('=');
        percent::encode(value, &mut target);
    }
    target
}

fn unmatched(call: &Call) -> Failure {
    let name = format!("{:?}", call.method).to_ascii_uppercase();
    let name = name.rsplit(':').next().unwrap_or_default();
    Failure {
        detail: format!(
            "no fixture matches {name} {} of `{}`",
            target(call),
            call.service
        ),
        ..failure(FailureKind::Unreachable, &call.service)
    }
}

/// Header fields with those of a JSON document: its content type, unless they have one.
fn fields(given: &[(String, String)], is_json: bool) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = given
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    if is_json && !fields.iter().any(|(name, _)| name == "content-type") {
        fields.insert(
            0,
            ("content-type".to_owned(), "application/json".to_owned()),
        );
    }
    fields
}

/// An empty body is none, as on the wire.
fn payload(text: Option<String>) -> Payload {
    text.filter(|text| !text.is_empty())
        .map_or(Payload::None, Payload::Text)
}

fn method(name: &str) -> Result<Method, String> {
    Ok(match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        _ => return Err(format!("`{name}` is not a method of the contract")),
    })
}

/// A call is `invalid` by itself.
fn kind(name: &str) -> Result<FailureKind, String> {
    FailureKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name && *kind != FailureKind::Invalid)
        .ok_or_else(|| format!("`{name}` is not a kind of failure of the contract"))
}

#[cfg(test)]
#[path = "fixture_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "table_tests.rs"]
mod table;
