//! The fixture that is written: what its BFF learned, and what it did.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;

use super::error::NotRecorded;
use super::replay::Ran;
use crate::calls::{Target, kind_name};
use crate::contract::{Call, FailureKind};
use crate::degraded;
use crate::fixture::{
    NotText, REDACTED, Recorded, RecordedCall, Redaction, compact, exact, laid_out,
};
use crate::server_timing;
use crate::tape::CallResult;

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// JSON, without white space between its parts.
    Json(String),
    Text(String),
}

/// A call, and what it led to.
#[derive(Clone, Debug)]
pub(super) struct DocumentCall {
    pub(super) call: Call,
    pub(super) result: Option<CallResult>,
    /// The body of the reply, as it is written.
    pub(super) body: Option<Body>,
}

/// What is expected.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<Body>,
}

/// A fixture that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) method: String,
    /// With the query, encoded.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
    pub(super) now: Option<String>,
    pub(super) client: String,
    pub(super) calls: Vec<DocumentCall>,
    pub(super) expected: Option<Expected>,
    /// Without its calls.
    pub(super) recorded: Recorded,
}

impl Document {
    /// The same, with what its BFF did.
    ///
    /// # Errors
    ///
    /// When an answer or a call is not text.
    pub(super) fn with_outcome(
        mut self,
        ran: &Ran,
        redaction: &Redaction,
    ) -> Result<Self, NotRecorded> {
        let made = ran.played.calls.iter().enumerate();
        for (own, (number, made)) in self.calls.iter_mut().zip(made) {
            RecordedCall::of(made).map_err(|NotText| NotRecorded::NotText {
                what: format!("the body of call {number}"),
            })?;
            own.call = made.clone();
        }
        match &ran.result {
            Ok(answer) => {
                let text = String::from_utf8(answer.body.to_vec());
                let text = text.map_err(|_| NotRecorded::NotText {
                    what: "the answer".to_owned(),
                })?;
                self.recorded.headers = ran.headers(redaction);
                self.expected = Some(Expected {
                    status: answer.status.as_u16(),
                    headers: expected_headers(&self.recorded.headers),
                    body: body_of(text),
                });
            }
            Err(error) => {
                self.recorded.error = Some(error.to_string());
                // What its author wants in its place.
                self.expected = Some(Expected {
                    status: 200,
                    headers: Vec::new(),
                    body: None,
                });
            }
        }
        Ok(self)
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut entries: Vec<String> = Vec::new();
        // One without a query answers calls with any, so it comes last.
        for with_query in [true, false] {
            let calls = self.calls.iter();
            let calls = calls.filter(|call| call.call.query.is_empty() != with_query);
            for entry in calls.filter_map(entry) {
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        }
        let mut calls = Vec::new();
        for call in &self.calls {
            let place = entry(call).and_then(|entry| entries.iter().position(|it| *it == entry));
            if let Ok(recorded) = RecordedCall::of(&call.call) {
                calls.push(recorded.with_result(call.result.as_ref(), place));
            }
        }
        let recorded = Recorded {
            calls,
            ..self.recorded.clone()
        };
        let mut request = format!(
            "\"method\":{},\"path\":{}",
            quoted(&self.method),
            quoted(&self.path)
        );
        if !self.headers.is_empty() {
            let _ = write!(request, ",\"headers\":{}", object(&self.headers));
        }
        if let Some(body) = &self.body {
            let _ = match body {
                Body::Json(json) => write!(request, ",\"body\":{json}"),
                Body::Text(text) => write!(request, ",\"body\":{}", quoted(text)),
            };
        }
        let mut text = format!("{{\"request\":{{{request}}}");
        if let Some(now) = &self.now {
            let _ = write!(text, ",\"now\":{}", quoted(now));
        }
        let _ = write!(text, ",\"client\":{}", quoted(&self.client));
        let config = self.recorded.settings.iter();
        let config: BTreeMap<&String, &String> = config
            .filter_map(|(key, value)| Some((key, value.as_ref()?)))
            .collect();
        if !config.is_empty() {
            let _ = write!(text, ",\"config\":{}", json(&config));
        }
        let _ = write!(text, ",\"downstreams\":[{}]", entries.join(","));
        if let Some(expected) = &self.expected {
            let _ = write!(text, ",\"expect\":{}", expected.json());
        }
        let _ = write!(text, ",\"recorded\":{}}}", json(&recorded));
        laid_out(&text)
    }
}

impl Expected {
    fn json(&self) -> String {
        let mut text = format!("{{\"status\":{}", self.status);
        if !self.headers.is_empty() {
            let _ = write!(text, ",\"headers\":{}", object(&self.headers));
        }
        if let Some(body) = &self.body {
            text += &member_of(body);
        }
        text + "}"
    }
}

/// A body as it is written in a reply, and in what is expected: `,"json":{}`.
fn member_of(body: &Body) -> String {
    match body {
        Body::Json(json) => format!(",\"json\":{json}"),
        Body::Text(text) => format!(",\"text\":{}", quoted(text)),
    }
}

/// The body of an answer: JSON where that gives the same bytes again.
fn body_of(text: String) -> Option<Body> {
    match compact(&text) {
        _ if text.is_empty() => None,
        Some(compact) if compact == text => Some(Body::Json(text)),
        _ => Some(Body::Text(text)),
    }
}

/// The header fields of an answer that every run of it has: each once, and none that tells of the
/// run.
fn expected_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let own = [degraded::NAME, server_timing::NAME];
    let is_left = |value: &str| value != REDACTED;
    let is_once = |name: &str| headers.iter().filter(|(other, _)| other == name).count() == 1;
    let kept = headers
        .iter()
        .filter(|(name, _)| !own.iter().any(|own| own.as_str() == name) && is_once(name))
        .filter(|(_, value)| is_left(value));
    kept.cloned().collect()
}

/// The entry of `downstreams` that answers a call; `None` where a call fails by itself.
fn entry(call: &DocumentCall) -> Option<String> {
    let target = Target::of(&call.call);
    let outcome = match &call.result {
        // Nobody waited for it, so it cannot matter which one it is.
        None => "\"failure\":\"timeout\"".to_owned(),
        Some(CallResult::Failed(failure)) if failure.kind == FailureKind::Invalid => return None,
        Some(CallResult::Failed(failure)) => {
            format!("\"failure\":{}", quoted(kind_name(failure.kind)))
        }
        Some(CallResult::Answered(answered)) => {
            let mut reply = format!("\"status\":{}", answered.status);
            if !answered.headers.is_empty() {
                let _ = write!(reply, ",\"headers\":{}", object(&answered.headers));
            }
            if let Some(body) = &call.body {
                reply += &member_of(body);
            }
            format!("\"reply\":{{{reply}}}")
        }
    };
    let Target { method, path, .. } = target;
    Some(format!(
        "{{\"service\":{},\"method\":{},\"path\":{},{outcome}}}",
        quoted(&call.call.service),
        quoted(method_name(&method)),
        quoted(&exact(&path))
    ))
}

fn method_name(method: &Method) -> &str {
    method.as_str()
}

fn object(pairs: &[(String, String)]) -> String {
    let members = pairs
        .iter()
        .map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value as JSON. Those here are plain data, and cannot fail.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
