use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use super::*;
use crate::calls::{CallRecord, Target};
use crate::downstream::Trace;

fn fixture(entries: &str) -> Fixture {
    let text = format!(r#"{{"request": {{"path": "/"}}, "downstreams": [{entries}]}}"#);
    Fixture::parse(&text, "test.json").unwrap()
}

/// A call that ended as the fixture says, as `denied` for a service that is in no entry.
fn called(service: &str, path: &str, fixture: &Fixture) -> Called {
    let target = Target {
        method: Method::GET,
        path: path.to_owned(),
        picks: false,
    };
    let entry = fixture.entry_of(service, &target.method, path);
    let record = CallRecord {
        service: service.into(),
        target: Some(Box::new(target)),
        started: Instant::now(),
        outcome: match entry.map(|index| &fixture.downstreams[index]) {
            None => Err("unreachable"),
            Some(entry) => entry.failure.as_ref().map_or(Ok(200), |_| Err("timeout")),
        },
        took: Duration::ZERO,
        bytes: 0,
        sent: 0,
        calls: 1,
        trace: Trace::default(),
    };
    Called::new(record, fixture)
}

/// A call that the host ended before it asked a service.
fn refused(kind: &'static str, path: &str, fixture: &Fixture) -> Called {
    let mut record = called("heart", path, fixture).record;
    record.outcome = Err(kind);
    Called::new(record, fixture)
}

/// The warnings of these calls, where the expectation holds.
fn told(entries: &str, calls: &[(&str, &str)]) -> Vec<String> {
    let fixture = fixture(entries);
    let calls: Vec<Called> = (calls.iter())
        .map(|(service, path)| called(service, path, &fixture))
        .collect();
    let all = warnings(&fixture, &calls, true);
    all.iter().map(ToString::to_string).collect()
}

const HEART: &str = r#"{"service": "heart", "path": "/users/ada/days", "reply": {}}"#;

#[test]
fn an_entry_that_no_call_used_is_told_with_the_call_that_was_meant() {
    assert!(told(HEART, &[("heart", "/users/ada/days?x=1")]).is_empty());
    let entry = "downstreams[0], heart /users/ada/days: no call used it; ";
    for (made, meant) in [
        (("heart", "/users/ada/day"), "GET heart /users/ada/day"),
        (("hart", "/users/ada/days"), "GET hart /users/ada/days"),
        (("heart", "/x"), "GET heart /x"),
    ] {
        let all = told(HEART, &[("sleep", "/nights/1/2/3"), made]);
        let wanted = format!("{entry}no entry answers {meant}: is it meant?");
        assert_eq!(all[0], wanted);
    }
    let all = told(HEART, &[]);
    assert_eq!(all, [format!("{entry}correct it, or leave it out")]);
    let both = format!(r#"{{"service": "heart", "path": "*", "reply": {{}}}}, {HEART}"#);
    let all = told(&both, &[("heart", "/users/ada/days")]);
    let wanted = "downstreams[1], heart /users/ada/days: no call used it; downstreams[0] answers \
                  GET heart /users/ada/days before it";
    assert_eq!(all, [wanted]);
}

#[test]
fn a_call_that_the_host_refused_was_answered_by_no_entry_but_one_that_says_so() {
    let fixture = fixture(HEART);
    for (kind, way_out) in [
        (
            "denied",
            "write one for GET heart /users/ada/days, which is denied: grant the service, or say \
             \"failure\": \"denied\"",
        ),
        ("exhausted", "write one for GET heart /users/ada/days"),
        (
            "invalid",
            "GET heart /users/ada/days is invalid by itself: correct it",
        ),
    ] {
        let calls = [refused(kind, "/users/ada/days", &fixture)];
        assert_eq!(calls[0].entry, None);
        let all = warnings(&fixture, &calls, true);
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        let unused = format!(
            "downstreams[0], heart /users/ada/days: no call used it; GET heart /users/ada/days is \
             {kind} before any service is asked"
        );
        let nothing = format!(
            "the expectation holds although all calls (1) failed, and no entry says so; {way_out}"
        );
        assert_eq!(all, [unused, nothing]);
    }
    for kind in ["denied", "exhausted"] {
        let entry = format!(r#"{{"service": "heart", "path": "*", "failure": "{kind}"}}"#);
        let other =
            format!(r#"{{"service": "heart", "path": "/b", "failure": "{kind}"}}, {entry}"#);
        for entries in [&entry, &other] {
            let fixture = self::fixture(entries);
            let mut calls = [refused(kind, "/a", &fixture)];
            assert!(calls[0].entry.is_some());
            // Those past the limit of calls have one record.
            calls[0].record.calls = 2;
            assert!(warnings(&fixture, &calls, true).is_empty());
        }
    }
}

#[test]
fn an_expectation_that_holds_without_any_answer_is_told() {
    let wanted = "the expectation holds although all calls (2) failed, and no entry says so; write \
                  one for GET heart /a";
    assert_eq!(told("", &[("heart", "/a"), ("sleep", "/b")]), [wanted]);
    // One that says that its services fail is meant so, and so is one without calls.
    let fails = r#"{"service": "heart", "path": "*", "failure": "timeout"}"#;
    assert!(told(fails, &[("heart", "/a"), ("sleep", "/b")]).is_empty());
    assert!(told("", &[]).is_empty());
    let calls = [called("heart", "/a", &fixture(""))];
    assert!(warnings(&fixture(""), &calls, false).is_empty());
}

#[test]
fn calls_that_share_a_record_accuse_no_entry() {
    let fixture = fixture(HEART);
    let mut calls = [called("heart", "/x", &fixture)];
    calls[0].record.calls = 200;
    assert!(warnings(&fixture, &calls, false).is_empty());
}

#[test]
fn what_a_guest_chose_is_cut_and_visible() {
    let path = format!("/\u{1b}[2J{}", "x".repeat(1000));
    let all = told(HEART, &[("heart", &path)]);
    assert!(
        all[0].len() < 400 && all[0].contains("\\u{1b}"),
        "{}",
        all[0]
    );
    assert!(!all[0].contains('\u{1b}'));
}
