//! Fixture files: a request, what the services answer, and what is expected. The host's `call` command and the harness
//! read the same files.
//!
//! ```json
//! { "request": {"method": "GET", "path": "/ada?date=2026-01-15", "headers": {"accept": "application/json"}},
//!   "config": {"key": "value"},
//!   "now": "2026-01-15T12:00:00Z",
//!   "client": "watch",
//!   "downstreams": [
//!     {"service": "activity", "method": "GET", "path": "/users/ada/days/2026-01-15", "reply": {"json": {"steps": 8423}}},
//!     {"service": "heart", "path": "*", "failure": "timeout", "delay-ms": 200} ],
//!   "expect": {"status": 200, "headers": {"vary": "accept"}, "json": {"steps": 8423}} }
//! ```
//!
//! The first entry of `downstreams` that matches answers. `method` left out matches any. `path` is compared with the path
//! of the call, and where it has a `?` with path and query as the host sends them; a `*` at its end matches any rest. A
//! call that no entry matches fails as `unreachable` with a detail that says so. A body is `json` or `text`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{Offline, Run, body_text, failure, header, request, time_ms};
use crate::{
    Call, Failure, FailureKind, Fetched, Method, Payload, Reply, Request, Response, Source, percent,
};

/// A fixture file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    request: RequestEntry,
    #[serde(default)]
    config: BTreeMap<String, String>,
    now: Option<String>,
    client: Option<String>,
    #[serde(default)]
    downstreams: Vec<Downstream>,
    expect: Option<Expect>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestEntry {
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Downstream {
    service: String,
    method: Option<String>,
    path: String,
    reply: Option<ReplyEntry>,
    failure: Option<String>,
    #[serde(default, rename = "delay-ms")]
    delay_ms: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyEntry {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

/// What is wrong with a fixture file, or with the answer to its request.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The file or folder cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// The file is not a fixture.
    #[error("{path}: {detail}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        detail: String,
    },
    /// The answer is not what is expected.
    #[error("{path}: {detail}")]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What differs: expected and received.
        detail: String,
    },
}

/// All that is wrong in a folder of fixtures. Its `Debug` form is the readable one, for `unwrap` in tests.
#[derive(thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Mismatches(Vec<FixtureError>);

impl fmt::Debug for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// Has `handle` answer each `*.json` of a folder (relative to the crate's) that has an `expect`, and compares. Returns how
/// many there were.
///
/// # Errors
///
/// Everything that is wrong: files that are no fixtures, answers that are not as expected, a folder without expectations.
pub fn check_folder(
    handle: fn(Request) -> Response,
    folder: impl AsRef<Path>,
) -> Result<usize, Mismatches> {
    let folder = folder.as_ref();
    let io = |error| FixtureError::Io {
        path: folder.to_owned(),
        error,
    };
    let mut paths = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(|error| Mismatches(vec![io(error)]))?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();

    let (mut checked, mut wrong) = (0, Vec::new());
    for path in paths {
        match Fixture::read(&path) {
            Err(error) => wrong.push(error),
            Ok(fixture) if fixture.expect.is_some() => {
                checked += 1;
                if let Err(detail) = fixture.check(&fixture.run(handle)) {
                    wrong.push(FixtureError::Unexpected { path, detail });
                }
            }
            Ok(_) => {}
        }
    }
    if checked == 0 {
        wrong.push(FixtureError::Form {
            path: folder.to_owned(),
            detail: "no fixture in this folder has an `expect`".to_owned(),
        });
    }
    if wrong.is_empty() {
        Ok(checked)
    } else {
        Err(Mismatches(wrong))
    }
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
        let fixture: Fixture = serde_json::from_str(text).map_err(|error| error.to_string())?;
        method(&fixture.request.method)?;
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
        }
        Ok(fixture)
    }

    /// The request.
    pub fn request(&self) -> Request {
        let entry = &self.request;
        let method = method(&entry.method).expect("checked when the fixture was read");
        let mut request = request(method, &entry.path);
        request.query.extend(entry.query.clone());
        request.headers = lower_case(&entry.headers);
        request.body = match &entry.body {
            None | Some(Value::Null) => Payload::None,
            Some(Value::String(text)) => Payload::Text(text.clone()),
            Some(json) => Payload::Text(json.to_string()),
        };
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
        if let Some(now) = self.now.as_deref().and_then(time_ms) {
            offline = offline.now_ms(now);
        }
        offline.run(handle, self.request())
    }

    /// Compares an answer with what is expected.
    ///
    /// # Errors
    ///
    /// What differs, one line each, and the whole body.
    pub fn check(&self, run: &Run) -> Result<(), String> {
        let Some(expect) = &self.expect else {
            return Ok(());
        };
        let response = &run.response;
        let mut wrong = Vec::new();
        if let Some(status) = expect.status.filter(|status| *status != response.status) {
            wrong.push(format!("status is {}, expected {status}", response.status));
        }
        for (name, value) in &expect.headers {
            let found = header(response, &name.to_ascii_lowercase());
            if found != Some(value) {
                wrong.push(format!("header {name} is {found:?}, expected {value:?}"));
            }
        }
        let body = body_text(response);
        if let Some(json) = &expect.json
            && serde_json::from_str::<Value>(body).ok().as_ref() != Some(json)
        {
            wrong.push(format!("body is not the JSON {json}"));
        }
        if let Some(text) = &expect.text
            && body != text
        {
            wrong.push(format!("body is not the text {text:?}"));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        wrong.push(format!("the body is: {body}"));
        Err(wrong.join("; "))
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
        let same_path = match self.path.strip_suffix('*') {
            Some(start) => target.starts_with(start),
            None => target == self.path,
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
        let mut headers = lower_case(&entry.headers);
        let body = match (&entry.json, &entry.text) {
            (Some(json), _) => {
                if !entry.headers.contains_key("content-type") {
                    headers.push(("content-type".to_owned(), "application/json".to_owned()));
                }
                Payload::Text(json.to_string())
            }
            (None, Some(text)) => Payload::Text(text.clone()),
            (None, None) => Payload::None,
        };
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

fn lower_case(headers: &BTreeMap<String, String>) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect()
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

fn kind(name: &str) -> Result<FailureKind, String> {
    FailureKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("`{name}` is not a kind of failure of the contract"))
}

#[cfg(test)]
#[path = "fixture_tests.rs"]
mod tests;
