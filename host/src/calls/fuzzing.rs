//! Targets of fuzzing: the content of a guest's call. The parts of an input are separated by the
//! byte 255, which no text holds.

use http::Method;
use percent_encoding::percent_decode;
use serde_json::Value;

use super::check::{LegalPath, check};
use super::select::{PickError, Selection};
use super::shape::Shape;
use crate::config::{self, CallPattern, Segment};
use crate::contract::{self, Payload};
use crate::downstream::ServiceRequest;
use crate::http_fields::{Class, class, is_taken_on_trust};
use crate::path;
use crate::text::assert_fit_for_a_log;

const PREFIX: &str = "/api";

fn parts(input: &[u8]) -> impl Iterator<Item = String> {
    let parts = input.split(|byte| *byte == 255);
    parts.map(|part| String::from_utf8_lossy(part).into_owned())
}

fn pairs(mut parts: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        pairs.push((name, value));
    }
    pairs
}

fn settings() -> config::Downstream {
    let mut settings = config::Downstream::with_defaults("fuzzed");
    settings.shape.query = vec![("tenant".to_owned(), "a b".to_owned())];
    settings
}

fn checked(
    path: &LegalPath,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
) -> Option<ServiceRequest> {
    let call = contract::Call {
        service: "fuzzed".to_owned(),
        method: contract::Method::Get,
        path: path.to_string(),
        query,
        headers,
        body: Payload::None,
        select: vec![],
        timeout_ms: None,
        profile: None,
    };
    match check(call, path, PREFIX, &Shape::of(&settings())) {
        Ok(request) => Some(request),
        Err(refused) => {
            is_fit_for_a_log(&refused.to_string());
            None
        }
    }
}

fn is_fit_for_a_log(text: &str) {
    assert_fit_for_a_log(text, 1_000);
}

/// A path, and names and values of a query. What is sent is below the pattern that allows it, by
/// whichever program it is read, and the query says what the guest said, and what the operator did.
pub fn path_and_query(input: &[u8]) {
    let mut parts = parts(input);
    let path = parts.next().unwrap_or_default();
    let query = pairs(parts);
    let path = match LegalPath::new(path) {
        Ok(path) => path,
        Err(refused) => return is_fit_for_a_log(&refused.to_string()),
    };
    let Some(sent) = checked(&path, query.clone(), vec![]) else {
        return;
    };
    let target = sent.target.to_string();
    assert!(target.len() <= path::MAX_LENGTH);
    assert!(
        target.bytes().all(|byte| byte.is_ascii_graphic()),
        "{target:?}"
    );
    assert!(!target.contains('#'), "{target}");
    let (way, said) = target.split_once('?').unwrap_or((&target, ""));
    assert_eq!(way, format!("{PREFIX}{}", &*path));
    let decode = |text: &str| {
        percent_decode(text.as_bytes())
            .decode_utf8_lossy()
            .into_owned()
    };
    let said = said.split('&').filter_map(|pair| pair.split_once('='));
    let said: Vec<_> = said
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let own = query
        .into_iter()
        .filter(|(name, _)| name.to_lowercase() != "tenant");
    let operators = [("tenant".to_owned(), "a b".to_owned())];
    assert_eq!(said, own.chain(operators).collect::<Vec<_>>());

    let below = |first: &str, rest: &[Segment]| CallPattern {
        method: Some(Method::GET),
        segments: [&[Segment::Text(first.to_owned())], rest].concat(),
    };
    let shape = Shape::of(&settings());
    for pattern in [
        below("users", &[Segment::Rest]),
        below("users", &[Segment::One, Segment::Text("days".to_owned())]),
    ] {
        if shape.check(Some(&[pattern]), &Method::GET, &path).is_ok() {
            for read in readings(way.as_bytes()) {
                let begins = read.starts_with(&[b"api".to_vec(), b"users".to_vec()]);
                assert!(begins, "{way} reads as {read:?}");
            }
        }
    }
}

/// What programs make of a path: they decode it or not, leave out path parameters before or after
/// that, take a backslash for a slash or not. Then all resolve dots. None decodes twice that is in
/// wide use.
fn readings(path: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let decode = |path: &[u8]| percent_decode(path).collect::<Vec<u8>>();
    let once = decode(path);
    let bare = |path: &[u8]| {
        let segments = path.split(|byte| *byte == b'/');
        let bare = segments.map(|segment| segment.split(|byte| *byte == b';').next());
        bare.map(Option::unwrap_or_default)
            .collect::<Vec<_>>()
            .join(&b'/')
    };
    let bare_first = decode(&bare(path));
    let bare_last = bare(&once);
    let mut read = Vec::new();
    for way in [path.to_vec(), once, bare_first, bare_last] {
        let slashes = way.iter().map(|byte| match byte {
            b'\\' => b'/',
            other => *other,
        });
        read.push(resolved(&slashes.collect::<Vec<_>>()));
        read.push(resolved(&way));
    }
    read
}

fn resolved(path: &[u8]) -> Vec<Vec<u8>> {
    let mut resolved: Vec<Vec<u8>> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(resolved.pop()),
            other => resolved.push(other.to_vec()),
        }
    }
    resolved
}

/// Some of the fields that a guest never sends, written out once more.
const HOSTS: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "forwarded",
    "host",
    "proxy-authorization",
    "te",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-original-url",
    "x-real-ip",
];

/// Names and values of fields. None is sent that is the host's, a credential, or taken on trust,
/// and no value ends its line.
pub fn fields(input: &[u8]) {
    let headers = pairs(parts(input));
    let Ok(path) = LegalPath::new("/users/ada".to_owned()) else {
        return;
    };
    let Some(sent) = checked(&path, vec![], headers) else {
        return;
    };
    let mut size = 0;
    for (name, value) in &sent.headers {
        size += name.as_str().len() + value.len();
        assert_eq!(class(name), Class::Free, "{name}");
        assert!(!is_taken_on_trust(name), "{name}");
        assert!(!name.as_str().contains(['_', ':', '.']), "{name}");
        assert!(!HOSTS.contains(&name.as_str()), "{name}");
        let value = value.as_bytes();
        assert!(value.is_ascii(), "{name}");
        assert!(
            !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
            "{name}"
        );
    }
    assert!(size <= 16 << 10, "{size}");
}

/// What a pointer picks in a document, by serde_json. The token `*` picks a column of a list.
pub(super) fn value_at(document: &Value, pointer: &str) -> Option<Value> {
    let mut stars = pointer.match_indices("/*");
    let star = stars.find(|(at, _)| matches!(pointer.as_bytes().get(at + 2), None | Some(b'/')));
    let list = star.and_then(|(at, _)| document.pointer(&pointer[..at])?.as_array());
    let Some(((at, _), list)) = star.zip(list) else {
        return document.pointer(pointer).cloned();
    };
    let item = |element: &Value| element.pointer(&pointer[at + 2..]).cloned();
    Some(
        list.iter()
            .map(|element| item(element).unwrap_or_default())
            .collect(),
    )
}

/// Pointers, and after them a body. What is picked is what serde_json finds there.
pub fn select(input: &[u8]) {
    let mut parts: Vec<&[u8]> = input.split(|byte| *byte == 255).collect();
    let body = parts.pop().unwrap_or_default();
    let pointers: Vec<String> = parts
        .into_iter()
        .map(|pointer| String::from_utf8_lossy(pointer).into_owned())
        .collect();
    let Ok(selection) = Selection::parse(&pointers) else {
        return;
    };
    let whole: Result<Value, _> = serde_json::from_slice(body);
    match (selection.pick(body), whole) {
        (Ok(picked), Ok(whole)) => {
            assert_eq!(picked.len(), pointers.len());
            for (pointer, picked) in pointers.iter().zip(picked) {
                let read = picked.map(|text| serde_json::from_str::<Value>(&text).ok());
                let expected = value_at(&whole, pointer).map(Some);
                assert_eq!(read, expected, "{pointer:?}");
            }
        }
        (Err(PickError::TooLarge { .. }), _) | (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => panic_with(&format!("{error} in what is JSON")),
        // It is not read where nothing of it is wanted, and serde_json cannot hold all that is
        // JSON.
        (Ok(picked), Err(_)) => {
            for value in picked.into_iter().flatten() {
                let again =
                    Selection::parse(&[String::new()]).map(|all| all.pick(value.as_bytes()));
                assert!(matches!(again, Ok(Ok(_))), "{value:?}");
            }
        }
    }
}

fn panic_with(what: &str) {
    assert!(what.is_empty(), "{what}");
}
