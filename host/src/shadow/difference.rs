//! How the answer of one version differs from that of another, place by place.

use std::collections::{BTreeMap, BTreeSet};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, VARY};
use serde_json::{Map, Number, Value};

use super::names::{ANY, named};
use crate::fixture::escaped;
use crate::text::{excerpt, shorten};

/// Places of one pair of answers. Two long lists that have nothing in common differ everywhere.
const MAX_PLACES: usize = 200;
/// Largest body that is compared as JSON, bytes.
const MAX_JSON: usize = 1 << 20;
/// Members from which on an object is a map, whose names are data.
const MAX_MEMBERS: usize = 50;
/// Bytes of a pointer.
const MAX_POINTER: usize = 300;
/// What is added to the half of a surrogate pair for a character of private use in its place.
const HALVES: u32 = 0x10_0000;
/// What some programs write before a text.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// Bytes of a value in an example.
const MAX_VALUE: usize = 100;

/// The header fields that are compared.
const FIELDS: [HeaderName; 3] = [CONTENT_TYPE, CACHE_CONTROL, VARY];

/// What came to a client, or would come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer<'a> {
    /// An answer of the BFF.
    Whole {
        status: u16,
        headers: &'a HeaderMap,
        body: &'a [u8],
    },
    /// None, for the reason of this code.
    Failed(&'static str),
}

/// Where two answers differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The status, or the code of the host where there is no answer.
    Status,
    /// A header field.
    Header(&'static str),
    /// A place in the body: a JSON pointer (RFC 6901) with `*` for each item of a list and each
    /// name that may be data. Empty for the whole.
    Body(String),
}

/// How they differ there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Another value of the same type.
    Changed,
    /// A value of another type.
    Type,
    /// The candidate has nothing there.
    Missing,
    /// The live version has nothing there.
    Added,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Type => "type",
            Self::Missing => "missing",
            Self::Added => "added",
        }
    }
}

/// What both had at a place: a value, or its shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) live: Option<String>,
    pub(super) candidate: Option<String>,
}

/// The differences of one pair of answers, each place and kind once, and whether there are more.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) all: BTreeMap<(Place, Kind), Example>,
    pub(super) is_cut: bool,
    /// One is below an object with more members than are told apart.
    pub(super) is_coarse: bool,
    /// Objects of which each side has members that the other one lacks.
    pub(super) maps: BTreeSet<String>,
}

/// Compares two answers. Examples have values where `values` says so, elsewhere shapes.
pub(super) fn compare(live: Answer<'_>, candidate: Answer<'_>, values: bool) -> Differences {
    let mut found = Found {
        values,
        pointer: String::new(),
        maps: 0,
        differences: Differences::default(),
    };
    let (before, now) = (outcome(live), outcome(candidate));
    if before != now {
        found.add(Place::Status, Kind::Changed, Some(before), Some(now));
    } else if let (
        Answer::Whole { headers, body, .. },
        Answer::Whole {
            headers: other,
            body: now,
            ..
        },
    ) = (live, candidate)
    {
        found.headers(headers, other);
        found.bodies(body, now);
    }
    found.differences
}

fn outcome(answer: Answer<'_>) -> String {
    match answer {
        Answer::Whole { status, .. } => status.to_string(),
        Answer::Failed(code) => code.to_owned(),
    }
}

struct Found {
    values: bool,
    pointer: String,
    /// Objects with more members than are told apart, on the way to here.
    maps: usize,
    differences: Differences,
}

impl Found {
    fn add(&mut self, place: Place, kind: Kind, live: Option<String>, candidate: Option<String>) {
        let all = &mut self.differences.all;
        if all.len() >= MAX_PLACES && !all.contains_key(&(place.clone(), kind)) {
            self.differences.is_cut = true;
            return;
        }
        all.entry((place, kind))
            .or_insert(Example { live, candidate });
    }

    fn headers(&mut self, live: &HeaderMap, candidate: &HeaderMap) {
        for name in &FIELDS {
            let field = |headers: &HeaderMap| {
                let values = headers.get_all(name).iter();
                let values: Vec<_> = values.map(|it| it.as_bytes().escape_ascii()).collect();
                let values = values.iter().map(ToString::to_string);
                values.reduce(|all, it| format!("{all}, {it}"))
            };
            let (before, now) = (field(live), field(candidate));
            let kind = match (&before, &now) {
                _ if before == now => continue,
                (Some(_), Some(_)) => Kind::Changed,
                (Some(_), None) => Kind::Missing,
                (None, _) => Kind::Added,
            };
            let values = self.values;
            let shown =
                |it: Option<String>| it.filter(|_| values).map(|it| excerpt(&it, MAX_VALUE));
            let place = Place::Header(match *name {
                CONTENT_TYPE => "content-type",
                CACHE_CONTROL => "cache-control",
                _ => "vary",
            });
            self.add(place, kind, shown(before), shown(now));
        }
    }

    fn bodies(&mut self, live: &[u8], candidate: &[u8]) {
        if live == candidate {
            return;
        }
        // Readers of JSON that take such a mark take it of both.
        let stripped = live.strip_prefix(MARK).zip(candidate.strip_prefix(MARK));
        let (live, candidate) = stripped.unwrap_or((live, candidate));
        match (json(live), json(candidate)) {
            (Some(live), Some(candidate)) => self.values(&live, &candidate),
            (live_json, candidate_json) => {
                let kind = match live_json.is_some() == candidate_json.is_some() {
                    true => Kind::Changed,
                    false => Kind::Type,
                };
                let shape = |is_json: bool, body: &[u8]| match is_json {
                    true => "JSON".to_owned(),
                    false => format!("{} bytes", body.len()),
                };
                let live = shape(live_json.is_some(), live);
                let candidate = shape(candidate_json.is_some(), candidate);
                self.add(
                    Place::Body(String::new()),
                    kind,
                    Some(live),
                    Some(candidate),
                );
            }
        }
    }

    fn here(&mut self, kind: Kind, live: Option<&Value>, candidate: Option<&Value>) {
        let values = self.values;
        self.differences.is_coarse |= self.maps > 0;
        let shown = |it: Option<&Value>| it.map(|it| shown(it, values));
        let place = Place::Body(shorten(&self.pointer, MAX_POINTER).to_owned());
        self.add(place, kind, shown(live), shown(candidate));
    }

    /// Compares values. They are as deep as serde lets them be.
    fn values(&mut self, live: &Value, candidate: &Value) {
        match (live, candidate) {
            (Value::Array(before), Value::Array(now)) => {
                for index in 0..before.len().max(now.len()) {
                    self.below(ANY, before.get(index), now.get(index));
                }
            }
            (Value::Object(before), Value::Object(now)) => self.objects(before, now),
            (Value::Number(before), Value::Number(now)) if is_same(before, now) => {}
            (before, now) if before == now => {}
            (before, now) if kind(before) == kind(now) => {
                self.here(Kind::Changed, Some(before), Some(now));
            }
            (before, now) => self.here(Kind::Type, Some(before), Some(now)),
        }
    }

    fn objects(&mut self, live: &Map<String, Value>, candidate: &Map<String, Value>) {
        let is_map = live.len().max(candidate.len()) > MAX_MEMBERS;
        let step = |name: &str| match is_map {
            true => ANY.to_owned(),
            false => escaped(named(name)),
        };
        self.maps += usize::from(is_map);
        let lacks = |one: &Map<String, Value>, other: &Map<String, Value>| {
            one.keys().any(|name| !other.contains_key(name))
        };
        if self.differences.maps.len() < MAX_PLACES
            && lacks(live, candidate)
            && lacks(candidate, live)
        {
            let pointer = shorten(&self.pointer, MAX_POINTER).to_owned();
            self.differences.maps.insert(pointer);
        }
        for (name, value) in live {
            self.below(&step(name), Some(value), candidate.get(name));
        }
        for (name, value) in candidate {
            if !live.contains_key(name) {
                self.below(&step(name), None, Some(value));
            }
        }
        self.maps -= usize::from(is_map);
    }

    /// Compares what is one step deeper.
    fn below(&mut self, step: &str, live: Option<&Value>, candidate: Option<&Value>) {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(step);
        match (live, candidate) {
            (Some(live), Some(candidate)) => self.values(live, candidate),
            (Some(_), None) => self.here(Kind::Missing, live, None),
            (None, _) => self.here(Kind::Added, None, candidate),
        }
        self.pointer.truncate(length);
    }
}

/// A body as JSON. A larger one is compared as bytes: as values, it would take many times as much.
fn json(body: &[u8]) -> Option<Value> {
    if body.len() > MAX_JSON {
        return None;
    }
    let value = serde_json::from_slice(body).ok();
    value.or_else(|| serde_json::from_slice(&without_halves(body)?).ok())
}

/// The character that stands for half of a surrogate pair: each half has another one, among those
/// that mean nothing by themselves.
fn of_half(unit: u32) -> Option<char> {
    char::from_u32(HALVES + unit)
}

/// A text with the halves as JSON has them.
fn with_halves(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for it in text.chars() {
        match u32::from(it).checked_sub(HALVES) {
            Some(unit @ 0xd800..=0xdfff) => whole += &format!("\\u{unit:04x}"),
            _ => whole.push(it),
        }
    }
    whole
}

/// A JSON text with a character for each half of a surrogate pair that is alone, of which no text
/// can be made: JavaScript writes it for a string that was cut there. `None` where there is none.
fn without_halves(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut text, mut at, mut is_changed) = (Vec::with_capacity(body.len()), 0, false);
    while let Some(byte) = body.get(at) {
        let length = match (*byte, unit(at)) {
            (b'\\', Some(0xd800..=0xdbff)) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            (b'\\', Some(half @ 0xd800..=0xdfff)) => {
                text.extend(of_half(half)?.encode_utf8(&mut [0; 4]).bytes());
                is_changed = true;
                at += 6;
                continue;
            }
            // What is escaped begins no escape.
            (b'\\', _) => 2,
            _ => 1,
        };
        text.extend_from_slice(&body[at..body.len().min(at + length)]);
        at += length;
    }
    is_changed.then_some(text)
}

/// Whether a client that knows no integers reads the same.
fn is_same(one: &Number, other: &Number) -> bool {
    one == other || one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value, or its type and size.
fn shown(value: &Value, values: bool) -> String {
    if values {
        return excerpt(&with_halves(&value.to_string()), MAX_VALUE);
    }
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => return kind(value).to_owned(),
    };
    format!("{} of {size}", kind(value))
}

#[cfg(test)]
mod tests;
