use super::*;
use crate::config::{CallPattern, Segment};

fn fallback(method: Option<Method>, segments: &[&str], body: &'static str) -> Fallback {
    let segments = segments.iter().map(|text| match *text {
        "*" => Segment::One,
        "**" => Segment::Rest,
        text => Segment::Text(text.to_owned()),
    });
    Fallback {
        pattern: CallPattern {
            method,
            segments: segments.collect(),
        },
        status: StatusCode::OK,
        content_type: HeaderValue::from_static("application/json"),
        body: Bytes::from_static(body.as_bytes()),
    }
}

#[test]
fn the_first_that_covers_the_call_answers() {
    let declared = [
        fallback(Some(Method::GET), &["users", "*"], "one"),
        fallback(Some(Method::GET), &["users", "**"], "many"),
        fallback(Some(Method::POST), &["log"], "written"),
    ];
    let body = |method: Method, path: &str| {
        last_resort(&declared, &method, method.is_safe(), path).map(|answer| answer.body)
    };
    assert_eq!(body(Method::GET, "/users/a").unwrap(), "one");
    assert_eq!(body(Method::GET, "/users/a/b").unwrap(), "many");
    assert_eq!(body(Method::POST, "/log").unwrap(), "written");
    assert_eq!(body(Method::POST, "/users/a"), None);
    assert_eq!(body(Method::GET, "/goals"), None);
}

#[test]
fn a_call_that_changes_something_is_covered_only_where_its_method_is_written() {
    let declared = [
        fallback(None, &["**"], "any"),
        fallback(Some(Method::PUT), &["a"], "put"),
    ];
    let body = |method: Method| {
        last_resort(&declared, &method, method.is_safe(), "/a").map(|answer| answer.body)
    };
    for method in [Method::GET, Method::OPTIONS] {
        assert_eq!(body(method).unwrap(), "any");
    }
    assert!(body(Method::HEAD).is_some());
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        assert_eq!(body(method.clone()), None, "{method}");
    }
    assert_eq!(body(Method::PUT).unwrap(), "put");
}

#[test]
fn an_answer_to_head_has_everything_but_the_body() {
    let declared = [fallback(Some(Method::GET), &["a"], "text")];
    let answer = last_resort(&declared, &Method::HEAD, true, "/a").unwrap();
    assert_eq!(answer.content_type, "application/json");
    assert!(answer.body.is_empty());
}

#[test]
fn the_body_is_shared_not_copied() {
    let mut declared = fallback(None, &["**"], "");
    declared.body = Bytes::from(vec![b'x'; 1_000]);
    let answer = last_resort(std::slice::from_ref(&declared), &Method::GET, true, "/a").unwrap();
    assert_eq!(answer.body.as_ptr(), declared.body.as_ptr());
}
