use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use super::{Code, Problem};

/// What a client sees of each code. A change here is a change of the interface.
const GOLDEN: &[(&str, u16, &str)] = &[
    ("bad-request", 400, "The request is malformed"),
    ("not-found", 404, "No route takes this request"),
    ("method-not-allowed", 405, "The method is not allowed here"),
    (
        "body-timeout",
        408,
        "The request body did not arrive in time",
    ),
    ("body-too-large", 413, "The request body is too large"),
    ("uri-too-long", 414, "The request path is too long"),
    ("head-too-large", 431, "The request head is too large"),
    ("misdirected", 421, "This server does not serve that host"),
    (
        "not-implemented",
        501,
        "The method or the transfer coding is not known",
    ),
    ("bff-cpu-limit", 502, "The BFF used up its CPU time"),
    ("bff-memory-limit", 502, "The BFF reached its memory limit"),
    ("bff-table-limit", 502, "The BFF reached its table limit"),
    ("bff-host-limit", 502, "The BFF asked too much of the host"),
    ("bff-trap", 502, "The BFF failed"),
    (
        "bff-illegal-response",
        502,
        "The BFF gave an illegal response",
    ),
    (
        "bff-response-too-large",
        502,
        "The BFF's response is too large",
    ),
    ("bff-deadline", 504, "The BFF did not answer in time"),
    ("bff-overloaded", 503, "The BFF is overloaded"),
    ("bff-unavailable", 503, "The BFF has no version to serve"),
    ("bff-cpu-share", 503, "The BFF used up its share of the CPU"),
    ("host-overloaded", 503, "The server is overloaded"),
    ("host-memory", 503, "The server has no memory left"),
    ("host-panic", 500, "The server failed"),
];

fn body(response: Response<Bytes>) -> Bytes {
    response.into_body()
}

#[test]
fn each_code_has_its_status_and_title() {
    let codes: Vec<_> = Code::ALL
        .iter()
        .map(|code| (code.as_str(), code.status().as_u16(), code.title()))
        .collect();
    assert_eq!(codes, GOLDEN);
    // With as many entries as the enum has variants, each at its own place, none is missing.
    for (index, code) in Code::ALL.iter().enumerate() {
        assert_eq!(*code as usize, index, "{code:?}");
    }
}

#[test]
fn the_table_for_readers_has_each_code_once_with_its_status_and_title() {
    let page = include_str!("../../../../docs/reference/errors.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for row in &rows {
        assert!(
            row.len() == 7 && row[1..6].iter().all(|cell| !cell.is_empty()),
            "{row:?}"
        );
    }
    for (code, status, title) in GOLDEN {
        let start = ["", &format!("`{code}`"), &status.to_string(), title];
        let count = rows.iter().filter(|row| row[..4] == start).count();
        assert_eq!(count, 1, "rows like {start:?} in errors.md");
    }
    assert_eq!(
        rows.len(),
        GOLDEN.len(),
        "errors.md has rows of codes that do not exist"
    );
}

#[test]
fn a_document_with_everything() {
    let mut problem = Problem::new(Code::BffOverloaded, "too many requests wait", "req-1");
    problem.bff = Some("watch");
    problem.version = Some("3f2a");
    problem.retry_after = Some(Duration::from_millis(1200));
    problem.allow = Some(HeaderValue::from_static("GET"));
    let response = problem.into_response();
    assert_eq!(response.status(), 503);
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert_eq!(
        headers,
        [
            "content-type: application/problem+json",
            "cache-control: no-store",
            "tailor-error: bff-overloaded",
            "retry-after: 2",
            "allow: GET",
        ]
    );
    assert_eq!(
        body(response),
        r#"{"type":"urn:tailor:error:bff-overloaded","title":"The BFF is overloaded","status":503,"detail":"too many requests wait","code":"bff-overloaded","request_id":"req-1","bff":"watch","version":"3f2a"}"#
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let response = Problem::new(Code::NotFound, "", "req-1").into_response();
    assert_eq!(response.headers().len(), 3);
    let document: Value = serde_json::from_slice(&body(response)).unwrap();
    let expected = json!({
        "type": "urn:tailor:error:not-found",
        "title": "No route takes this request",
        "status": 404,
        "code": "not-found",
        "request_id": "req-1",
    });
    assert_eq!(document, expected);
}

#[test]
fn any_text_is_carried_unharmed() {
    let text = "\"},{\\ \r\n\t\0\u{1f}\u{7f} é 漢 \u{2028} 🦀 </script>";
    let mut problem = Problem::new(Code::BadRequest, text, text);
    problem.bff = Some(text);
    problem.version = Some(text);
    let document: Value = serde_json::from_slice(&body(problem.into_response())).unwrap();
    for key in ["detail", "request_id", "bff", "version"] {
        assert_eq!(document[key], text, "{key}");
    }
}

#[test]
fn a_short_wait_is_at_least_a_second() {
    for (wait, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")] {
        let mut problem = Problem::new(Code::HostOverloaded, "", "");
        problem.retry_after = Some(Duration::from_millis(wait));
        assert_eq!(
            problem.into_response().headers()["retry-after"],
            seconds,
            "{wait} ms"
        );
    }
}
