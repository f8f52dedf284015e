//! A target of fuzzing: the freshness and sharing fields of answers.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::freshness::{Freshness, Times};
use super::sharing::serves_others;
use crate::config;
use crate::downstream::response::ServiceResponse;

/// Fields of an answer, a line each, as `name: value`. What must not be kept or shared is neither,
/// and a life only gets shorter.
pub fn life_of_an_answer(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let answer = ServiceResponse {
        status: StatusCode::OK,
        headers,
        body: Bytes::new(),
    };
    let shared = serves_others(&answer, false, now);
    let life = life(&answer, now);
    if answer.headers.contains_key(SET_COOKIE) || forbids(&answer.headers) {
        assert!(!shared, "shared: {:?}", answer.headers);
        assert!(life.is_none(), "kept: {:?}", answer.headers);
    }
    let Some(life) = life else { return };
    let mut before = None;
    for later in [0, 1, 59, 60, 61, 3600, 1 << 31, 1 << 33] {
        let now = now + Duration::from_secs(later);
        let state = (life.left(now), life.serves_on_error(now), life.age(now));
        assert_eq!(life.stale_for(now).is_none(), !state.0.is_zero());
        if let Some((left, serves, age)) = before.replace(state) {
            assert!(state.0 <= left && state.2 >= age);
            assert!(serves || !state.1, "of use again");
        }
    }
}

fn life(answer: &ServiceResponse, now: SystemTime) -> Option<Freshness> {
    let mut settings = config::Downstream::with_defaults("fuzzed").policy.cache?;
    settings.ttl = Some(Duration::from_secs(60));
    let times = Times {
        requested: now - Duration::from_secs(1),
        came: now,
    };
    Freshness::of((&settings, false), &HeaderMap::new(), answer, times)
}

/// A plain reading of the two directives that must not be missed. What is in quotes is none, so a
/// line with quotes is not judged here.
fn forbids(headers: &HeaderMap) -> bool {
    headers.get_all(CACHE_CONTROL).iter().any(|line| {
        let line = line.as_bytes().to_ascii_lowercase();
        let mut members = line.split(|byte| *byte == b',');
        !line.contains(&b'"')
            && members.any(|member| matches!(member.trim_ascii(), b"no-store" | b"private"))
    })
}
