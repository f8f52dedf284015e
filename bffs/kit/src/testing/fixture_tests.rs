//! Tests of reading, matching and checking fixtures.

use super::*;
use crate::testing::{body_text, check_folder};
use crate::{fetch, log};

/// Makes the call of the request, and answers with what became of it.
fn relay(request: Request) -> Response {
    let mut call = Call::new(request.method, "activity", &["days"]);
    call.query = request.query;
    call.body = request.body;
    match fetch(&call) {
        Ok(reply) => Response {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        },
        Err(failure) => {
            log::warn(&failure.detail, &[]);
            Response::text("text/plain", failure.kind.name()).status(502)
        }
    }
}

fn answer(fixture: &str) -> (u16, String, Vec<String>) {
    let run = Fixture::parse(fixture).unwrap().run(relay);
    let logs = run.logs.into_iter().map(|line| line.message).collect();
    (
        run.response.status,
        body_text(&run.response).to_owned(),
        logs,
    )
}

const DOWNSTREAMS: &str = r#""downstreams": [
    {"service": "heart", "path": "*", "reply": {"text": "of another service"}},
    {"service": "activity", "method": "POST", "path": "/days", "reply": {"status": 201, "text": "posted"}},
    {"service": "activity", "path": "/days?day=a%20b", "reply": {"json": {"exact": true}}},
    {"service": "activity", "path": "/days?day=1*", "reply": {"text": "prefix"}},
    {"service": "activity", "path": "/days?day=2", "failure": "too-large"},
    {"service": "activity", "path": "/days?day=3", "delay-ms": 60000, "reply": {}} ]"#;

#[test]
fn the_first_entry_that_matches_answers() {
    for (request, status, body) in [
        (
            r#"{"path": "/", "query": {"day": "a b"}}"#,
            200,
            r#"{"exact":true}"#,
        ),
        (r#"{"path": "/?day=a+b"}"#, 200, r#"{"exact":true}"#),
        (r#"{"path": "/?day=15&x=y"}"#, 200, "prefix"),
        (
            r#"{"method": "POST", "path": "/?day=15", "body": {"a": 1}}"#,
            201,
            "posted",
        ),
        (r#"{"path": "/?day=2"}"#, 502, "too-large"),
        (r#"{"path": "/?day=3"}"#, 502, "timeout"),
    ] {
        let (got_status, got, _) = answer(&format!(r#"{{"request": {request}, {DOWNSTREAMS}}}"#));
        assert_eq!((got_status, got.as_str()), (status, body), "{request}");
    }
}

#[test]
fn a_star_at_the_end_takes_any_rest_or_is_one() {
    let entries = r#""downstreams": [
        {"service": "s", "path": "/f/\\*", "reply": {"text": "a star"}},
        {"service": "s", "path": "/f/*", "reply": {"text": "any rest"}} ]"#;
    for (path, expected) in [
        ("/f/*", "a star"),
        ("/f/", "any rest"),
        ("/f/**", "any rest"),
    ] {
        let fixture = format!(r#"{{"request": {{"path": "{path}"}}, {entries}}}"#);
        let run = Fixture::parse(&fixture).unwrap().run(|request| {
            let mut call = Call::new(request.method, "s", &[]);
            call.path = request.path;
            let reply = fetch(&call).unwrap();
            Response {
                status: reply.status,
                headers: reply.headers,
                body: reply.body,
            }
        });
        assert_eq!(body_text(&run.response), expected, "{path}");
    }
}

#[test]
fn a_call_without_an_entry_says_which_it_was() {
    let (status, body, logs) = answer(&format!(
        r#"{{"request": {{"path": "/?day=9"}}, {DOWNSTREAMS}}}"#
    ));
    assert_eq!((status, body.as_str()), (502, "unreachable"));
    assert_eq!(logs, ["no fixture matches GET /days?day=9 of `activity`"]);
}

#[test]
fn what_differs_is_said_in_one_go() {
    let text = r#"{"request": {"path": "/"}, "downstreams": [{"service": "activity", "path": "*", "reply": {"json": 1}}],
        "expect": {"status": 201, "headers": {"Vary": "accept", "content-type": "application/json"}, "json": 2, "text": "1"}}"#;
    let fixture = Fixture::parse(text).unwrap();
    assert_eq!(
        fixture.check(&fixture.run(relay)).unwrap_err(),
        "status is 200, expected 201; header Vary is None, expected \"accept\"; body is not the JSON 2; the body is: 1"
    );
}

#[test]
fn a_slip_in_a_fixture_is_named() {
    for (text, expected) in [
        (
            r#"{"request": {"path": "/"}, "downstream": []}"#,
            "unknown field `downstream`",
        ),
        (r#"[{"path": "/"}]"#, "sequence, expected an object"),
        (
            r#"{"request": ["GET", "/"]}"#,
            "sequence, expected an object",
        ),
        (
            r#"{"request": {"path": "/"}, "expect": [200]}"#,
            "sequence, expected an object",
        ),
        (
            r#"{"request": {"path": "/", "method": "TRACE"}}"#,
            "`TRACE` is not a method",
        ),
        (
            r#"{"request": {"path": "/"}, "now": "noon"}"#,
            "`now` is `noon`",
        ),
        (
            r#"{"request": {"path": "/"}, "downstreams": [{"service": "a", "path": "*", "failure": "late"}]}"#,
            "`late` is not a kind",
        ),
        (
            r#"{"request": {"path": "/"}, "downstreams": [{"service": "a", "path": "*"}]}"#,
            "`a` *: needs either",
        ),
    ] {
        let error = Fixture::parse(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_not_the_one_that_is_expected() {
    fn bytes(_: Request) -> Response {
        let body = Payload::Bytes(vec![0xff, 0xfe]);
        Response {
            body,
            ..Response::text("text/plain", "")
        }
    }
    let text = r#"{"request": {"path": "/"}, "expect": {"text": ""}}"#;
    let fixture = Fixture::parse(text).unwrap();
    let error = fixture.check(&fixture.run(bytes)).unwrap_err();
    assert!(error.contains("body is not the text"), "{error}");
}

#[test]
fn a_folder_without_expectations_is_no_success() {
    let error = check_folder(relay, "src").unwrap_err();
    assert!(
        error.to_string().contains("no fixture in this folder"),
        "{error}"
    );
    let error = check_folder(relay, "no such folder").unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}
