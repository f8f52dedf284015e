use std::slice::from_ref;

use serde_json::{Value, json};

use super::file::{read, write};
use super::*;

/// The answers to one request.
fn answers(bodies: &[Value]) -> Answers {
    let mut answers = Answers::default();
    for body in bodies {
        answers.add(
            "GET /ada",
            &Answer {
                kind: "200 application/json".to_owned(),
                shape: Shape::of(body),
            },
        );
    }
    answers
}

fn shape(bodies: &[Value]) -> Value {
    let written = serde_json::to_value(answers(bodies)).unwrap();
    written["GET /ada"]["200 application/json"].clone()
}

#[test]
fn a_shape_is_what_all_values_have_in_common_and_all_that_one_may_have() {
    let found = shape(&[
        json!({"steps": 1, "days": [{"at": "a", "km": 1}, {"at": "b", "km": 1.5}], "note": "a"}),
        json!({"steps": null, "days": []}),
    ]);
    let wanted = json!({
        "type": "object",
        "properties": {
            "steps": {"type": ["integer", "null"]},
            "note": {"type": "string"},
            "days": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"at": {"type": "string"}, "km": {"type": "number"}},
                    "required": ["at", "km"],
                },
            },
        },
        "required": ["days", "steps"],
    });
    assert_eq!(found, wanted);
}

#[test]
fn names_that_are_data_are_those_of_a_map() {
    let by_day = json!({"2026-01-15": {"km": 1}, "2026-01-16": {"km": null}, "unit": "km"});
    let found = shape(&[by_day]);
    assert_eq!(
        found["additionalProperties"]["properties"]["km"]["type"],
        json!(["integer", "null"])
    );
    assert_eq!(found["required"], json!(["unit"]));
    for name in ["7", "01234567-89ab-CDEF-0123-456789abcdef"] {
        assert!(shape(&[json!({name: 1})])["properties"].is_null(), "{name}");
    }
    for name in ["steps_24h", "p95", "2026-1-15", ""] {
        assert!(
            shape(&[json!({name: 1})])["properties"].is_object(),
            "{name}"
        );
    }
    // So are those of an object that has very many.
    let many: serde_json::Map<_, _> = (0..201).map(|n| (format!("n{n}"), json!(n))).collect();
    assert_eq!(
        shape(&[Value::Object(many)]),
        json!({"type": "object", "additionalProperties": {"type": "integer"}})
    );
}

#[test]
fn what_may_break_a_client_is_told_with_its_place() {
    let place = "GET /ada -> 200 application/json";
    let changes = |kept: &[Value], now: &[Value]| -> Vec<String> {
        let changes = answers(kept).changes(&answers(now)).into_iter();
        let told = changes.map(|change| change.to_string());
        told.map(|told| told.strip_prefix(place).unwrap().to_owned())
            .collect()
    };
    for (kept, now, wanted) in [
        (json!({"a": 1}), json!({}), " /a: is in no answer any more"),
        (
            json!({"a": 1}),
            json!({"a": "1"}),
            " /a: was integer, is string",
        ),
        (
            json!({"a": 1}),
            json!({"a": 1.5}),
            " /a: was integer, is number",
        ),
        (
            json!({"a": 1}),
            json!({"a": null}),
            " /a: was integer, is null",
        ),
        (
            json!({"a": [1]}),
            json!({"a": []}),
            " /a/*: is in no answer any more",
        ),
        (
            json!({"a": [{"b": 1}]}),
            json!({"a": [{"b": 1}, {"b": null}]}),
            " /a/*/b: was integer, is integer or null",
        ),
        (
            json!({"a": [{"b": 1}]}),
            json!({"a": [{"b": 1}, {}]}),
            " /a/*/b: is not in every answer any more",
        ),
        (
            json!({"2026-01-15": 1}),
            json!({"2026-01-16": "1"}),
            " /*: was integer, is string",
        ),
        (
            json!({"a/b": 1}),
            json!({}),
            " /a~1b: is in no answer any more",
        ),
        (json!({"a": 1}), json!([]), ": was object, is array"),
    ] {
        assert_eq!(
            changes(from_ref(&kept), from_ref(&now)),
            [wanted],
            "{kept} {now}"
        );
    }
    // What a client that was ready for the old answer is ready for.
    for (kept, now) in [
        (vec![json!({})], vec![json!({"a": 1})]),
        (vec![json!({"a": 1.5})], vec![json!({"a": 1})]),
        (
            vec![json!({"a": 1}), json!({"a": null})],
            vec![json!({"a": 1})],
        ),
        (vec![json!({"a": 1}), json!({})], vec![json!({"a": 1})]),
        (vec![json!({"a": []})], vec![json!({"a": ["b"]})]),
        (
            vec![json!({"2026-01-15": 1})],
            vec![json!({"2026-02-15": 1})],
        ),
    ] {
        assert_eq!(changes(&kept, &now), [""; 0], "{kept:?} {now:?}");
    }
    // Of what clients had beside null, nothing is left.
    let kept = [json!({"a": 1}), json!({"a": null})];
    assert_eq!(
        changes(&kept, &[json!({"a": null})]),
        [" /a: was integer or null, is null"]
    );
}

#[test]
fn an_answer_that_no_fixture_comes_to_is_told() {
    let kind = |kind: &str| {
        let mut answers = Answers::default();
        let shape = Shape::default();
        let kind = kind.to_owned();
        answers.add("GET /ada", &Answer { kind, shape });
        answers
    };
    let told = |kept: &str, now: &str| -> Vec<String> {
        let changes = kind(kept).changes(&kind(now));
        changes.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told("200 text/plain", "404 text/plain"),
        ["GET /ada -> 200 text/plain: no fixture comes to such an answer any more"]
    );
    assert_eq!(
        told("200 text/plain", "200 text/html"),
        ["GET /ada -> 200 text/plain: is text/html now"]
    );
    assert_eq!(
        told("200 text/plain", "200"),
        ["GET /ada -> 200 text/plain: is without a body now"]
    );
    assert_eq!(told("204", "204"), [""; 0]);
}

#[test]
fn what_is_added_is_promised_from_then_on_and_nothing_is_taken_away() {
    let kept = answers(&[json!({"a": 1, "list": [1]}), json!({"a": null, "list": []})]);
    let now = answers(&[json!({"a": 1, "b": {"c": 1}, "list": [2]})]);
    let extended = kept.extended(&now);
    assert!(kept.changes(&now).is_empty());
    assert_eq!(
        serde_json::to_value(&extended).unwrap()["GET /ada"]["200 application/json"],
        json!({
            "type": "object",
            "properties": {
                "a": {"type": ["integer", "null"]},
                "b": {"type": "object", "properties": {"c": {"type": "integer"}}, "required": ["c"]},
                "list": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["a", "b", "list"],
        })
    );
    assert_eq!(extended.extended(&now), extended);
    // Without it, b is missed.
    assert_eq!(extended.changes(&kept).len(), 1);
}

#[test]
fn a_file_keeps_what_was_found_and_is_never_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(ANSWERS);
    assert!(read(&path).unwrap().is_none());
    let first = answers(&[
        json!({"a\u{202e}": [1, "b", null], "b": {"7": 1.5}}),
        json!(null),
    ]);
    write(&path, None, &first).unwrap();
    let kept = read(&path).unwrap().unwrap();
    assert_eq!(kept.answers, first);
    assert!(!std::fs::read_to_string(&path).unwrap().contains('\u{202e}'));
    // It is there by now.
    let error = write(&path, None, &first).unwrap_err().to_string();
    assert!(error.contains("exists"), "{error}");
    // It is another one by now.
    std::fs::write(&path, "{}").unwrap();
    let error = write(&path, Some(&kept), &first).unwrap_err().to_string();
    assert!(error.contains("changed while"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
    for (text, wanted) in [
        (
            r#"{"GET /": {"200": {"type": "text"}}}"#,
            "a type of JSON Schema, or a list of some at line 1 column",
        ),
        (
            r#"{"GET /": {"200": {"enum": [1]}}}"#,
            "unknown field `enum`",
        ),
        ("{", "line 1 column 1"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("answers.json: no shapes of answers") && error.contains(wanted),
            "{error}"
        );
    }
}
