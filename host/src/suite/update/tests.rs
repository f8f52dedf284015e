use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;

fn answer(body: &str) -> CheckedResponse {
    let mut headers = HeaderMap::new();
    headers.insert("vary", HeaderValue::from_static("accept"));
    CheckedResponse {
        status: StatusCode::OK,
        headers,
        body: Bytes::from(body.to_owned()),
    }
}

/// The text with an `expect` for an answer.
fn made(text: &str, answer: &CheckedResponse) -> Result<String, UpdateError> {
    let expect = Fixture::parse(text, "a.json").unwrap().expect;
    let new = super::updated(Path::new("a.json"), text, expect.as_ref(), answer)?;
    Ok(new.text)
}

fn updated(text: &str, body: &str) -> String {
    made(text, &answer(body)).unwrap()
}

#[test]
fn only_what_is_expected_changes() {
    let expect = |value: &str| {
        format!(
            "\u{feff}{{ \"request\": {{\"path\": \"/\"}},\n\t\"seed\":7, \"\\u0065xpect\" : {value} ,\n  \"client\": \"{{expect\" }}\n"
        )
    };
    for (old, body, new) in [
        ("{\"status\": 404}", "{}", "{\"status\": 200}"),
        (
            "{\"json\":{\"a\": [1]}}",
            "{\"b\":{}, \"a\":[5.0,\"x, \\\"y: z\"], \"n\":12345678901234567890123}",
            "{\"json\":{\"a\": [5.0, \"x, \\\"y: z\"], \"b\": {}, \"n\": 12345678901234567890123}}",
        ),
        ("{\"json\": 1}", "no JSON", "{\"text\": \"no JSON\"}"),
        (
            "{\"text\": \"a\", \"headers\": {\"Vary\": \"x\"}}",
            "{\"a\":1}",
            "{\"text\": \"{\\\"a\\\":1}\", \"headers\": {\"Vary\": \"accept\"}}",
        ),
        (
            "{\n    \"json\": {}\n  }",
            "{\"a\":[1,[]]}",
            "{\n    \"json\": {\"a\": [1, []]}\n  }",
        ),
        // What does not show is written out.
        (
            "{\"text\": \"a\"}",
            "\u{202e}\u{80}",
            "{\"text\": \"\\u202e\\u0080\"}",
        ),
    ] {
        assert_eq!(updated(&expect(old), body), expect(new), "{old}");
    }
}

#[test]
fn a_fixture_that_expects_nothing_gets_status_and_body() {
    for (old, body, new) in [
        (
            "{\"request\": {\"path\": \"/\"}}",
            "[1,2]",
            "{\"request\": {\"path\": \"/\"}, \"expect\": {\"status\": 200, \"json\": [1, 2]}}",
        ),
        (
            "{\n  \"request\": {\"path\": \"/\"}\n}\n",
            "",
            "{\n  \"request\": {\"path\": \"/\"},\n  \"expect\": {\"status\": 200}\n}\n",
        ),
        (
            "{\"request\": {\"path\": \"/\"}}\n",
            "",
            "{\"request\": {\"path\": \"/\"}, \"expect\": {\"status\": 200}}\n",
        ),
        (
            "{\"expect\": {}, \"request\": {\"path\": \"/\"}}",
            "a",
            "{\"expect\": {\"status\": 200, \"text\": \"a\"}, \"request\": {\"path\": \"/\"}}",
        ),
    ] {
        assert_eq!(updated(old, body), new);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_left_as_it_is_and_a_link_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("a.json"), dir.path().join("b.json"));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let text = "{\"request\": {\"path\": \"/\"}}";
    std::fs::write(&path, "{}").unwrap();
    let new = updated(text, "1");
    let write = || write(&link, text, &new);
    let error = write().unwrap_err();
    assert!(matches!(error, UpdateError::Changed(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");

    std::fs::write(&path, text).unwrap();
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&path, mode).unwrap();
    write().unwrap();
    assert!(link.is_symlink());
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("\"json\": 1")
    );
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_file_that_another_one_may_not_replace_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("a.json"), dir.path().join("b.json"));
    let refusal = || {
        let error = write(&path, "old", "new").unwrap_err();
        assert!(matches!(error, UpdateError::Protected { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        error.to_string()
    };
    std::fs::write(&path, "old").unwrap();
    std::fs::hard_link(&path, &other).unwrap();
    assert!(refusal().contains("has 2 names (hard links)"));
    std::fs::remove_file(&other).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    assert!(refusal().contains("is protected against writing"));
}

#[test]
fn a_file_stays_that_of_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    std::fs::write(&path, "old").unwrap();
    // Only root may give files away.
    if std::os::unix::fs::chown(&path, Some(1234), Some(1234)).is_err() {
        return;
    }
    write(&path, "old", "new").unwrap();
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (1234, 1234));
}

#[test]
fn what_would_not_hold_is_not_written() {
    let text = |expect: &str| format!(r#"{{"request": {{"path": "/"}}, "expect": {expect}}}"#);
    let error = |expect: &str, answer: &CheckedResponse| {
        made(&text(expect), answer).unwrap_err().to_string()
    };
    for gone in [
        r#"{"headers": {"x-a": "1"}}"#,
        r#"{"headers": {"vary": "x", "x-a": "1"}}"#,
    ] {
        let wanted = "the header x-a did not come; correct the BFF, or take it out of `expect`";
        assert_eq!(error(gone, &answer("1")), wanted);
    }
    // JSON, but too deep for that of a fixture around it.
    let deep = format!("{}1{}", "[".repeat(126), "]".repeat(126));
    let told = error(r#"{"json": 1}"#, &answer(&deep));
    assert!(
        told.contains("it would be no fixture: recursion limit"),
        "{told}"
    );
    let bytes = CheckedResponse {
        body: Bytes::from_static(b"\xff\xfe"),
        ..answer("")
    };
    for expect in [r#"{"text": "a"}"#, r#"{"json": 1}"#] {
        assert!(error(expect, &bytes).contains("the body is no text"));
    }
    assert!(made(&text(r#"{"status": 404}"#), &bytes).is_ok());
}

#[test]
fn a_failure_that_was_expected_gives_way_to_an_answer() {
    let text = r#"{"request": {"path": "/"}, "expect": {"status": 503, "headers": {"retry-after": "5"},
        "json": {"title": "Service Unavailable"}}}"#;
    let made = made(text, &answer("1")).unwrap();
    let expect: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        expect["expect"],
        serde_json::json!({"status": 200, "json": 1})
    );
}
