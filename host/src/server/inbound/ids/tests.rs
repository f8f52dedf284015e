use std::collections::HashSet;

use http::{HeaderMap, HeaderValue};

use super::{RequestId, TraceContext};

fn fields(list: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

#[test]
fn a_well_formed_request_id_is_kept() {
    let longest = "a".repeat(64);
    for good in ["a", "A-z_0.9", &longest] {
        assert_eq!(
            RequestId::of(&fields(&[("x-request-id", good)])).as_str(),
            good
        );
    }
    let mut made = HashSet::new();
    for bad in [
        "",
        "a b",
        "é",
        "a/b",
        "a,b",
        "\"a\"",
        &format!("{longest}a"),
    ] {
        made.insert(RequestId::of(&fields(&[("x-request-id", bad)])).to_string());
    }
    made.insert(
        RequestId::of(&fields(&[("x-request-id", "a"), ("x-request-id", "b")])).to_string(),
    );
    made.insert(RequestId::of(&HeaderMap::new()).to_string());
    assert_eq!(made.len(), 9, "each made id is another: {made:?}");
    for id in made {
        let hex = id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(id.len() == 32 && hex, "{id}");
    }
}

#[test]
fn made_ids_differ_between_threads() {
    let make = || {
        (0..10_000)
            .map(|_| RequestId::of(&HeaderMap::new()).to_string())
            .collect::<Vec<_>>()
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
    let ids: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 40_000);
    // Of 40,000 random digits, each of sixteen is there 2,500 times, give or take 48 (one standard
    // deviation).
    for digit in "0123456789abcdef".chars() {
        for place in [0, 15, 16, 31] {
            let count = ids
                .iter()
                .filter(|id| id.chars().nth(place) == Some(digit))
                .count();
            assert!(
                (2_000..3_000).contains(&count),
                "{digit} at {place}: {count}"
            );
        }
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn a_valid_trace_is_continued_with_a_span_of_the_host() {
    for (flags, passed) in [("01", "01"), ("00", "00"), ("03", "01"), ("fe", "00")] {
        let sent = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
        let trace = TraceContext::of(&fields(&[("traceparent", &sent), ("tracestate", "a=1")]));
        let header = trace.header();
        let header = header.to_str().unwrap();
        assert_eq!(header.len(), 55);
        assert!(
            header.starts_with(&format!("00-{TRACE}-")) && header.ends_with(&format!("-{passed}"))
        );
        assert!(!header.contains("00f067aa0ba902b7") && !header.contains("-0000000000000000-"));
        assert_eq!(trace.trace_id().to_string(), TRACE);
        assert_eq!(trace.state().unwrap(), "a=1");
    }
}

#[test]
fn anything_else_begins_a_new_trace_without_state() {
    let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
    for bad in [
        String::new(),
        valid.replacen("00-", "01-", 1),
        valid.replacen("00-", "ff-", 1),
        format!("{valid}-x"),
        valid.to_uppercase(),
        valid.replace(TRACE, &"0".repeat(32)),
        valid.replace("00f067aa0ba902b7", &"0".repeat(16)),
        valid.replace("-01", "-1"),
        valid.replace("-01", "-0g"),
        valid.replace("-01", "-+1"),
        valid.replace('-', "_"),
        valid.replace(TRACE, &TRACE[1..]),
        valid.replace("00f067aa0ba902b7", "00f067aa0ba902b70"),
    ] {
        let trace = TraceContext::of(&fields(&[("traceparent", &bad), ("tracestate", "a=1")]));
        let header = trace.header();
        let header = header.to_str().unwrap();
        assert!(
            header.len() == 55 && header.ends_with("-00") && !header.contains(TRACE),
            "{bad}: {header}"
        );
        assert_eq!(trace.state(), None, "{bad}");
    }
    let twice = TraceContext::of(&fields(&[("traceparent", &valid), ("traceparent", &valid)]));
    assert_ne!(twice.trace_id().to_string(), TRACE);
    let none = TraceContext::of(&HeaderMap::new());
    assert_ne!(
        none.trace_id().to_string(),
        TraceContext::of(&HeaderMap::new()).trace_id().to_string()
    );
}

#[test]
fn a_tracestate_is_joined_and_has_a_limit() {
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let state = |list: &[&str]| {
        let mut headers = fields(&[("traceparent", &parent)]);
        for value in list {
            headers.append("tracestate", value.parse().unwrap());
        }
        TraceContext::of(&headers)
            .state()
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let longest = "a".repeat(512);
    assert_eq!(state(&["a=1", "b=2"]).as_deref(), Some("a=1,b=2"));
    assert_eq!(state(&[&longest]), Some(longest.clone()));
    assert_eq!(state(&[&format!("{longest}a")]), None);
    assert_eq!(state(&[&longest[..300], &longest[..300]]), None);
    assert_eq!(state(&[""]), None);
    assert_eq!(state(&[]), None);
}
