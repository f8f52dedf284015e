//! What a recording has of the request and of what its guest learned, with all taken out of it
//! that may not be seen.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use percent_encoding::utf8_percent_encode;

use super::document::{Body, Document, DocumentCall};
use super::error::{NotRecorded, Outcome};
use crate::bff::load::Loaded;
use crate::calls::kind_name;
use crate::config;
use crate::contract::{Method, Payload, Request};
use crate::fixture::{
    NON_ALPHANUMERIC_BUT_MARKS, Recorded, RecordedLimits, RecordedWasi, Redaction, hexadecimal,
};
use crate::locale;
use crate::tape::{Answered, CallResult, Readings, Tape, TapedCall};

/// What a recording is made of.
pub struct Source<'a> {
    /// The request, as the guest got it.
    pub request: &'a Request,
    /// What the guest learned.
    pub tape: Tape,
    /// The component.
    pub loaded: &'a Arc<Loaded>,
    /// The settings of the BFF.
    pub settings: &'a config::Bff,
    /// What is taken out.
    pub redaction: &'a Redaction,
    /// Whether bodies that are not JSON are recorded.
    pub text_bodies: bool,
    /// What the client had.
    pub outcome: &'a Outcome,
}

/// The document without calls' texts and without an outcome: both come of running it.
///
/// # Errors
///
/// When a body cannot be written.
pub(super) fn document(source: &Source<'_>) -> Result<Document, NotRecorded> {
    let Source {
        request,
        tape,
        loaded,
        settings,
        redaction,
        ..
    } = source;
    let readings = &tape.readings;
    let calls = tape.calls.iter().enumerate();
    let calls = calls.map(|(number, taped)| call(source, number, taped));
    let headers = headers(redaction, &request.headers);
    let is_typed = headers.iter().any(|(name, _)| name == "content-type");
    let body = body(source, &request.body, "the request's body")?;
    Ok(Document {
        method: method(request.method).to_owned(),
        path: target(redaction, request),
        body: body.map(|body| request_body(body, is_typed)),
        headers,
        now: now_ms(readings).map(time),
        client: request.client.name.clone(),
        calls: calls.collect::<Result<_, _>>()?,
        expected: None,
        recorded: Recorded {
            tailor: env!("CARGO_PKG_VERSION").to_owned(),
            bff: settings.name.clone(),
            version: loaded.version.to_string(),
            locale: loaded
                .surface
                .uses_locale()
                .then(|| locale::DATA.to_owned()),
            limits: RecordedLimits::of(settings),
            settings: readings.settings.clone(),
            now_ms: readings.now_ms.clone(),
            time_left_ms: readings.time_left_ms.clone(),
            elapsed_ns: readings.elapsed_ns.clone(),
            random: hexadecimal(&readings.random),
            waits: readings.waits.clone(),
            wasi: RecordedWasi::of(&readings.wasi),
            calls: Vec::new(),
            headers: Vec::new(),
            redacted_headers: redaction.headers.clone(),
            error: None,
        },
    })
}

/// The time of day that the guest read first.
fn now_ms(readings: &Readings) -> Option<u64> {
    let of_wasi = || readings.wasi.wall_ns.first().map(|ns| ns / 1_000_000);
    readings.now_ms.first().copied().or_else(of_wasi)
}

fn call(
    source: &Source<'_>,
    number: usize,
    taped: &TapedCall,
) -> Result<DocumentCall, NotRecorded> {
    let service = &taped.call.service;
    if let Payload::Bytes(_) = taped.call.body {
        let what = format!("the body of call {number}, of {service},");
        return Err(NotRecorded::NotText { what });
    }
    let mut result = taped.result.clone();
    let mut reply_body = None;
    if let Some(CallResult::Failed(failure)) = &mut result {
        // The text of a failure may quote what the guest asked.
        let kind = kind_name(failure.kind);
        failure.detail = format!("downstream {service:?}: {kind}, as it was recorded");
    }
    if let Some(CallResult::Answered(answered)) = &mut result {
        let what = format!("the answer of {service} to call {number}");
        let payload = Payload::from_bytes(answered.body.clone());
        answered.headers = headers(source.redaction, &answered.headers);
        // It is that of the body on the wire.
        answered
            .headers
            .retain(|(name, _)| name != "content-length");
        reply_body = body(source, &payload, &what)?.map(|body| reply_of(body, answered));
    }
    Ok(DocumentCall {
        call: taped.call.clone(),
        result,
        body: reply_body,
    })
}

/// In a fixture, JSON comes with its content type.
fn reply_of(body: Body, answered: &Answered) -> Body {
    match body {
        Body::Json(json)
            if !answered
                .headers
                .iter()
                .any(|(name, _)| name == "content-type") =>
        {
            Body::Text(json)
        }
        body => body,
    }
}

/// In a request, too, and there a text that is JSON is the text in it.
fn request_body(body: Body, is_typed: bool) -> Body {
    match body {
        Body::Json(json) if !is_typed || !json.starts_with(['{', '[']) => Body::Text(json),
        body => body,
    }
}

/// A body with what may not be seen taken out.
fn body(source: &Source<'_>, body: &Payload, what: &str) -> Result<Option<Body>, NotRecorded> {
    let what = || what.to_owned();
    let text = match body {
        Payload::None => return Ok(None),
        Payload::Bytes(_) => return Err(NotRecorded::NotText { what: what() }),
        Payload::Text(text) => text,
    };
    // As some services write it in front.
    match source
        .redaction
        .document(text.strip_prefix('\u{feff}').unwrap_or(text))
    {
        Some(json) => Ok(Some(Body::Json(json))),
        // What others read as JSON is none: something would be left in it.
        None if source.text_bodies && !is_meant_as_json(text) => Ok(Some(Body::Text(text.clone()))),
        None => Err(NotRecorded::NotJson { what: what() }),
    }
}

/// Whether a text that cannot be read as JSON was meant as such: it is too deep, or has a number or a
/// text that only other readers take.
fn is_meant_as_json(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with(['{', '[', '"'])
}

/// Header fields, each name once (RFC 9110 section 5.3), in lower case.
fn headers(redaction: &Redaction, fields: &[(String, String)]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let value = redaction.header(name, value);
        match all
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            Some((_, known)) => {
                known.push_str(", ");
                known.push_str(value);
            }
            None => all.push((name.to_lowercase(), value.to_owned())),
        }
    }
    all
}

/// Path and query, encoded.
fn target(redaction: &Redaction, request: &Request) -> String {
    let mut target = request.path.clone();
    for (index, (name, value)) in request.query.iter().enumerate() {
        let value = redaction.parameter(name, value);
        target.push(if index == 0 { '?' } else { '&' });
        let [name, value] =
            [name, value].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC_BUT_MARKS));
        target.extend(name.chain(["="]).chain(value));
    }
    target
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get | Method::Head => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}

fn time(now_ms: u64) -> String {
    // Times past the year 9999 have no such form.
    const LAST_MS: u64 = 253_402_300_799_999;
    let time = UNIX_EPOCH + Duration::from_millis(now_ms.min(LAST_MS));
    humantime::format_rfc3339_millis(time).to_string()
}
