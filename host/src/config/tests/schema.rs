//! The schema for editors knows what the reader of the file knows.

use serde_json::Value;

use super::golden;
use crate::config::schema;

/// Whether a value is what a schema says, as far as the words go that are used here, but for the
/// patterns of texts.
fn check(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice| check(choice, value, place).is_ok();
        let any = choices.iter().any(fits);
        return any
            .then_some(())
            .ok_or(format!("{place}: none of {choices:?}"));
    }
    if let Some(words) = schema["enum"].as_array() {
        let is_one = words.contains(value);
        return is_one.then_some(()).ok_or(format!("{place}: {value}"));
    }
    let is_right = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.as_u64().is_some_and(|value| {
            let (least, most) = (schema["minimum"].as_u64(), schema["maximum"].as_u64());
            least.is_none_or(|least| value >= least) && most.is_none_or(|most| value <= most)
        }),
        Some("array") => {
            let items = value.as_array().ok_or(place)?.iter().enumerate();
            let mut items =
                items.map(|(at, it)| check(&schema["items"], it, &format!("{place}[{at}]")));
            return items.try_for_each(|it| it);
        }
        Some("object") => {
            let members = value.as_object().ok_or(place)?;
            let mut members = members.iter().map(|(name, it)| {
                let place = format!("{place}.{name}");
                let known = schema["properties"].get(name);
                match known.unwrap_or(&schema["additionalProperties"]) {
                    Value::Bool(false) | Value::Null => Err(format!("{place}: no such key")),
                    schema => check(schema, it, &place),
                }
            });
            return members.try_for_each(|it| it);
        }
        other => return Err(format!("{place}: {other:?}")),
    };
    is_right
        .then_some(())
        .ok_or(format!("{place}: {value} is not {schema}"))
}

fn read(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn files_that_are_read_are_what_the_schema_says_and_others_are_not() {
    let schema = schema();
    for name in ["minimal", "maximal"] {
        let text = std::fs::read_to_string(golden().join(format!("{name}.toml"))).unwrap();
        check(&schema, &read(&text), name).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    for (wrong, place) in [
        ("[server]\nlisten = 8080", "x.server.listen"),
        ("[server]\nworkers = 0", "x.server.workers"),
        ("[server]\nworker = 1", "x.server.worker: no such key"),
        ("[log]\nformat = \"xml\"", "x.log.format"),
        (
            "[downstream.a.cache]\nmax-size = true",
            "x.downstream.a.cache.max-size",
        ),
        ("[[route]]\nmethods = \"GET\"", "x.route[0].methods"),
        ("[bff.a.limits]\ncpu = 5", "x.bff.a.limits.cpu"),
    ] {
        let found = check(&schema, &read(wrong), "x").unwrap_err();
        assert!(found.starts_with(place), "{wrong}: {found}");
    }
}

#[test]
fn each_key_has_the_words_of_the_reference() {
    let schema = schema();
    let listen = &schema["properties"]["server"]["properties"]["listen"]["description"];
    let listen = listen.as_str().unwrap();
    assert!(
        listen.starts_with("Address to bind.")
            && listen.ends_with("Default: `\"127.0.0.1:8080\"`.")
    );
    let mut without = Vec::new();
    find(&schema, "", &mut without);
    assert!(without.is_empty(), "no words: {without:?}");
}

/// Keys that are no tables and have no words.
fn find(schema: &Value, place: &str, without: &mut Vec<String>) {
    for (name, key) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        let below = [key, &key["additionalProperties"], &key["items"]];
        let tables: Vec<&&Value> = below
            .iter()
            .filter(|it| it.get("properties").is_some())
            .collect();
        if tables.is_empty() && key["description"].as_str().is_none_or(str::is_empty) {
            without.push(place.clone());
        }
        tables.iter().for_each(|table| find(table, &place, without));
    }
}
