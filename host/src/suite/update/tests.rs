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

/// The file after its `expect` was written for a body.
fn updated(text: &str, body: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    std::fs::write(&path, text).unwrap();
    let fixture = Fixture::parse(text, "a.json").unwrap();
    write_expect(&path, text, fixture.expect.as_ref(), &answer(body)).unwrap();
    let new = std::fs::read_to_string(&path).unwrap();
    let expect = Fixture::parse(&new, "a.json").unwrap().expect.unwrap();
    let differences = expect.differences(&answer(body));
    assert!(differences.is_empty(), "{differences:?}\n{new}");
    new
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
            "{\"json\": {\"b\": {}, \"a\": [5.0, \"x, \\\"y: z\"], \"n\": 12345678901234567890123}}",
        ),
        ("{\"json\": 1}", "no JSON", "{\"text\": \"no JSON\"}"),
        (
            "{\"text\": \"a\", \"headers\": {\"Vary\": \"x\", \"etag\": \"y\"}}",
            "{\"a\":1}",
            "{\"headers\": {\"Vary\": \"accept\"}, \"text\": \"{\\\"a\\\":1}\"}",
        ),
        (
            "{\n    \"json\": {}\n  }",
            "{\"a\":[1,[]]}",
            "{\n\t  \"json\": {\n\t    \"a\": [\n\t      1,\n\t      []\n\t    ]\n\t  }\n\t}",
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
    let write = || write_expect(&link, text, None, &answer("1"));
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
