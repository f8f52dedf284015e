use serde::Deserialize;
use serde_json::json;

use crate::testing::{body_json, header, request};
use crate::{Method, Payload, Problem, Request};

fn post(content_type: Option<&str>, body: Payload) -> Request {
    let mut request = request(Method::Post, "/");
    let field = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
    request.headers.extend(field);
    request.body = body;
    request
}

fn text(text: &str) -> Payload {
    Payload::Text(text.to_owned())
}

#[derive(Debug, Deserialize)]
struct Weight {
    kg: f64,
}

fn answer(problem: Problem) -> (u16, serde_json::Value, serde_json::Value) {
    let response = problem.into_response("r");
    let body = body_json(&response).unwrap();
    (
        response.status,
        body["detail"].clone(),
        body["field"].clone(),
    )
}

#[test]
fn a_document_is_typed_whatever_kind_of_json_it_says_it_is() {
    for content_type in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/merge-patch+json",
    ] {
        let request = post(Some(content_type), text(r#"{"kg": 61.5, "more": 1}"#));
        assert_eq!(request.json::<Weight>().unwrap().kg, 61.5);
    }
    let request = post(Some("application/json"), text(r#""borrowed""#));
    assert_eq!(request.json::<&str>().unwrap(), "borrowed");
}

#[test]
fn another_content_type_is_415_and_names_the_right_one() {
    for (given, said) in [
        (None, "is missing"),
        (Some("text/plain"), "is `text/plain`"),
        (Some("application/jsonp"), "is `application/jsonp`"),
        (Some(""), "is ``"),
    ] {
        let problem = post(given, text("{}")).json::<Weight>().unwrap_err();
        assert_eq!(
            problem.to_string(),
            format!("header `content-type` {said}; allowed: application/json")
        );
        let response = problem.into_response("r");
        assert_eq!(response.status, 415);
        assert_eq!(header(&response, "accept"), Some("application/json"));
    }
}

#[test]
fn a_body_that_cannot_be_read_is_400_and_names_the_field() {
    for (body, detail, field) in [
        (
            text(r#"{"kg": "61"}"#),
            "body field `/kg`: invalid type: string \"61\", expected f64",
            json!("/kg"),
        ),
        (text("{}"), "body field `/kg`: missing", json!("/kg")),
        (
            text("[]"),
            "body: invalid length 0, expected struct Weight with 1 element",
            json!(""),
        ),
        (
            text("{"),
            "body: not JSON: EOF while parsing an object at line 1 column 1",
            json!(""),
        ),
        (Payload::None, "body: expected JSON, found none", json!("")),
        (
            Payload::Bytes(vec![0xff]),
            "body: not text in UTF-8",
            json!(""),
        ),
    ] {
        let problem = post(Some("application/json"), body).json::<Weight>();
        assert_eq!(
            answer(problem.unwrap_err()),
            (400, json!(detail), field),
            "{detail}"
        );
    }
}

#[test]
fn forms_texts_and_bytes_are_read() {
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let pairs = post(Some(form), text("a=1+2%26&b&a=%C3%BC&"))
        .form()
        .unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        pairs,
        [pair("a", "1 2&"), pair("b", ""), pair("a", "\u{fc}")]
    );
    assert_eq!(post(Some(form), Payload::None).form().unwrap(), []);
    assert_eq!(
        answer(post(Some(form), text("a=%ff")).form().unwrap_err()).0,
        400
    );
    assert_eq!(answer(post(None, text("a=1")).form().unwrap_err()).0, 415);

    let request = post(None, Payload::Bytes(vec![0xff]));
    assert_eq!(request.bytes(), [0xff]);
    assert_eq!(answer(request.text().unwrap_err()).0, 400);
    assert_eq!(post(None, text("abc")).bytes(), b"abc");
    assert_eq!(post(None, Payload::None).text().unwrap(), "");
}
