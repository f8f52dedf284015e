use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use super::{Code, Problem};
use crate::page;

fn body(response: Response<Bytes>) -> Bytes {
    response.into_body()
}

#[test]
fn the_page_of_errors_is_what_the_codes_say() {
    let rows: Vec<Vec<String>> = Code::ALL.iter().map(|code| row(*code)).collect();
    let titles = ["code", "status", "title", "meaning", "what to do"];
    let parts = [("codes".to_owned(), page::table(&titles, &rows))];
    page::check("errors.md", &parts.into());
}

fn row(code: Code) -> Vec<String> {
    vec![
        format!("`{}`", code.as_str()),
        code.status().as_u16().to_string(),
        code.title().to_owned(),
        code.meaning().to_owned(),
        code.way_out().to_owned(),
    ]
}

#[test]
fn the_list_of_codes_has_each_once() {
    // With as many entries as the enum has variants, each at its own place, none is missing.
    for (index, code) in Code::ALL.iter().enumerate() {
        assert_eq!(*code as usize, index, "{code:?}");
    }
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
