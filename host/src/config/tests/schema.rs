//! The schema for editors knows what the reader of the file knows.

mod validate;
mod verdicts;

use serde_json::Value;

use super::golden;
use crate::config::schema;
use validate::Validator;

fn read(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn files_that_are_read_are_what_the_schema_says_and_others_are_not() {
    let (schema, mut validator) = (schema(), Validator::default());
    let mut check = |value: &Value, place: &str| validator.check(&schema, value, place);
    for name in ["minimal", "maximal"] {
        let text = std::fs::read_to_string(golden().join(format!("{name}.toml"))).unwrap();
        check(&read(&text), name).unwrap_or_else(|wrong| panic!("{wrong}"));
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
        (
            "[[route]]\nbff = \"x\"\nmethods = \"GET\"",
            "x.route[1].methods",
        ),
        ("[bff.x.limits]\ncpu = 5", "x.bff.x.limits.cpu"),
    ] {
        let whole = "[bff.x]\ncomponent = \"x\"\n[[route]]\nbff = \"x\"\n";
        let found = check(&read(&format!("{whole}{wrong}")), "x").unwrap_err();
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
    let size = &schema["properties"]["server"]["properties"]["max-header-size"];
    assert_eq!(
        (size["description"].as_str(), size["default"].as_str()),
        (
            Some(
                "Size of a request head. Values: 8 KiB to 1 MiB. \
                 When exceeded: 431 `head-too-large`. Default: `\"32KiB\"`."
            ),
            Some("32KiB")
        )
    );
    let mut without = Vec::new();
    find(&schema, "", &mut without);
    assert!(without.is_empty(), "{}", without.join("\n"));
}

/// Keys and tables that have no words, or words that lead to what an editor does not show.
fn find(schema: &Value, place: &str, without: &mut Vec<String>) {
    for (name, key) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        let words = key["description"].as_str().unwrap_or_default();
        let elsewhere = ["The same", "See `", "see below", "See below", "]("];
        if words.is_empty() || elsewhere.iter().any(|it| words.contains(it)) {
            without.push(format!("{place}: {words}"));
        }
        let below = [key, &key["additionalProperties"], &key["items"]];
        let tables = below.iter().filter(|it| it.get("properties").is_some());
        tables.for_each(|table| find(table, &place, without));
    }
}
