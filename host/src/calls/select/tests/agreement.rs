//! serde_json as the judge, on documents and pointers that are generated.

use serde_json::{Value, json};

use super::documents::Random;
use super::*;
use crate::calls::fuzzing::value_at;

/// The same as serde_json on generated documents, whatever the pointers are.
#[test]
fn agrees_with_serde_json_on_generated_documents() {
    let mut random = Random(1);
    let (mut present, mut columns) = (0, 0);
    for round in 0..10_000 {
        let document = random.document();
        let text = random.write(&document);
        let pointers: Vec<String> = (0..random.below(8))
            .map(|_| random.pointer(&document))
            .collect();
        let selection = match Selection::parse(&pointers) {
            Err(SelectError::Nested { .. } | SelectError::Mixed { .. }) => continue,
            selection => selection.unwrap(),
        };
        let picked = selection.pick(text.as_bytes()).unwrap();
        columns += pointers
            .iter()
            .zip(&picked)
            .filter(|(pointer, picked)| {
                pointer.contains("/*") && picked.as_ref().is_some_and(|text| text.starts_with('['))
            })
            .count();
        for (pointer, picked) in pointers.iter().zip(&picked) {
            let read = picked
                .as_ref()
                .map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(
                read,
                value_at(&document, pointer),
                "round {round}: {pointer:?} in {text}"
            );
            let is_column = pointer.split('/').any(|token| token == "*");
            assert!(picked.as_ref().is_none_or(|picked| {
                picked.trim() == picked && (is_column || text.contains(picked.as_str()))
            }));
        }
        present += picked.iter().flatten().count();
    }
    assert!(
        present > 8_000,
        "the generated pointers hit only {present} times"
    );
    assert!(columns > 200, "only {columns} columns");
}

/// The same verdict as serde_json on documents with one byte changed, inserted, removed or the rest
/// cut off, when all of the document is wanted; and the same values, or values that are JSON, when
/// only a part of it is.
#[test]
fn agrees_with_serde_json_on_damaged_documents() {
    let mut random = Random(2);
    let (mut refused, mut lenient) = (0, 0);
    for round in 0..20_000 {
        let document = random.document();
        let mut text = random.write(&document).into_bytes();
        random.damage(&mut text);
        let pointers = [random.pointer(&document), "/a/0".to_owned(), String::new()];
        let picked = match Selection::parse(&pointers) {
            Err(SelectError::Nested { .. } | SelectError::Mixed { .. }) => continue,
            selection => selection.unwrap().pick(&text),
        };
        let read = serde_json::from_slice::<Value>(&text);
        if let Ok(part) = Selection::parse(&pointers[..2]).unwrap().pick(&text) {
            match &picked {
                Ok(whole) => assert_eq!(part, whole[..2], "round {round}"),
                Err(_) => {
                    lenient += 1;
                    for value in part.iter().flatten() {
                        assert!(select(&[""]).pick(value.as_bytes()).is_ok(), "{value}");
                    }
                }
            }
        } else {
            assert!(picked.is_err(), "round {round}");
        }
        match (&picked, &read) {
            (Ok(picked), Ok(read)) => {
                for (pointer, picked) in pointers.iter().zip(picked) {
                    let picked = picked
                        .as_ref()
                        .map(|text| serde_json::from_str::<Value>(text).unwrap());
                    assert_eq!(
                        picked,
                        value_at(read, pointer),
                        "round {round}: {pointer:?}"
                    );
                }
            }
            (Err(_), Err(_)) => refused += 1,
            // Within the grammar, but not what serde_json can hold: a lone surrogate, or a number
            // out of range.
            (Ok(_), Err(error))
                if ["surrogate", "unexpected end of hex escape", "out of range"]
                    .iter()
                    .any(|what| error.to_string().contains(what)) => {}
            _ => panic!(
                "round {round}: {picked:?}, {read:?} for {}",
                String::from_utf8_lossy(&text)
            ),
        }
    }
    assert!((5000..19_000).contains(&refused), "{refused} were refused");
    assert!((100..5000).contains(&lenient), "{lenient} were let through");
}

#[test]
fn agrees_with_serde_json_on_duplicate_names() {
    let body = r#"{"a":[1],"b":{"a":2},"a":{"x":3},"b":[4,{"a":5,"a":6}]}"#;
    let read: Value = serde_json::from_str(body).unwrap();
    assert_eq!(read, json!({"a": {"x": 3}, "b": [4, {"a": 6}]}));
    for pointer in ["/a", "/a/0", "/a/x", "/b", "/b/a", "/b/1", "/b/1/a"] {
        let picked = at(body, pointer).map(|text| serde_json::from_str::<Value>(&text).unwrap());
        assert_eq!(picked.as_ref(), read.pointer(pointer), "{pointer}");
    }
}
