//! A JSON Schema of the file, for editors: made of the keys that its reader knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use toml::de::DeTable;

use super::kind::{Form, Known, Values};
use super::raw;
use super::reader::Reader;

/// Each section once, with what it must have.
pub(super) const EVERY_SECTION: &str = "[server]\n[admin]\n[log]\n[record]\n[engine]\n[calls]\n[profile.x]\n\
    [downstream.x]\nurl = \"https://127.0.0.1\"\n[downstream.x.tls]\n\
    [downstream.x.cache]\n[downstream.x.breaker]\n[downstream.x.retry]\n\
    [downstream.x.hedge]\n[downstream.x.ejection]\n\
    [downstream.x.health]\npath = \"/healthz\"\n\
    [downstream.x.credentials]\noauth2-token-url = \"https://127.0.0.1/token\"\n\
    client-id = \"x\"\nclient-secret-env = \"PATH\"\n\
    [[downstream.x.default]]\ncall = \"GET /\"\nbody = \"[]\"\n\
    [[downstream.x.rule]]\ncall = \"GET /\"\n\
    [[downstream.x.write]]\ncall = \"POST /\"\nvoids = \"/\"\n\
    [bff.x]\ncomponent = \"watch.component\"\n[bff.x.limits]\n[bff.x.smoke]\n\
    [[route]]\nbff = \"x\"\n";

/// The texts of the reference.
const REFERENCE: &str = include_str!("raw/reference.toml");

/// The JSON Schema (draft 2020-12) of a configuration file. It has the keys, what may be written for
/// them, and what the reference says of each; what depends on other keys, only `tailor check` sees.
pub fn schema() -> Value {
    let mut reader = Reader::new(EVERY_SECTION);
    // It is a whole file, as a test says.
    let _ = raw::read(EVERY_SECTION, &mut reader);
    let mut schema = section("", &reader.known, &texts());
    let own = [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "The configuration of tailor"),
    ];
    if let Some(schema) = schema.as_object_mut() {
        schema.extend(own.map(|(key, value)| (key.to_owned(), json!(value))));
    }
    schema
}

type Sections = BTreeMap<&'static str, BTreeMap<&'static str, Known>>;

/// What the reference says of each key of each section.
type Texts = BTreeMap<(String, String), String>;

fn section(pattern: &str, known: &Sections, texts: &Texts) -> Value {
    let keys = known.get(pattern).into_iter().flatten();
    let properties = keys.map(|(key, of)| {
        let below = match pattern {
            "" => (*key).to_owned(),
            pattern => format!("{pattern}.{key}"),
        };
        let mut value = match of.form {
            Form::Section => section(&below, known, texts),
            Form::Tables => json!({"type": "array", "items": section(&below, known, texts)}),
            Form::Named => {
                let named = section(&format!("{below}.*"), known, texts);
                json!({"type": "object", "additionalProperties": named})
            }
            Form::One => one(of.values.as_ref()),
            Form::OneOrMore => {
                let one = one(of.values.as_ref());
                json!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
            }
            Form::List => match &of.values {
                Some(values) => one(Some(values)),
                None => json!({"type": "array", "items": {"type": "string"}}),
            },
            Form::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
            Form::Lists => {
                let list = json!({"type": "array", "items": {"type": "string"}});
                json!({"type": "object", "additionalProperties": list})
            }
        };
        let text = texts.get(&(pattern.to_owned(), (*key).to_owned()));
        if let (Some(text), Some(value)) = (text, value.as_object_mut()) {
            value.insert("description".to_owned(), json!(text));
        }
        ((*key).to_owned(), value)
    });
    let properties: Map<String, Value> = properties.collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// One value.
fn one(values: Option<&Values>) -> Value {
    let quantity =
        |units: &str| json!({"type": "string", "pattern": format!("^[0-9.]+({units})$")});
    match values {
        None => json!({"type": "string"}),
        Some(Values::Count(range)) => {
            json!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
        }
        Some(Values::Size(range)) => {
            let number =
                json!({"type": "integer", "minimum": range.start(), "maximum": range.end()});
            json!({"anyOf": [quantity("B|KiB|MiB|GiB"), number]})
        }
        Some(Values::Duration | Values::DurationOrZero | Values::DurationWithin(_)) => {
            quantity("ms|s|m|h")
        }
        Some(Values::LongDuration) => quantity("h|d"),
        Some(Values::Rate) => json!({"type": "string", "pattern": "^[0-9]+/(s|m|h)$"}),
        Some(Values::OneOf(words)) if words.iter().all(|it| it == "true" || it == "false") => {
            json!({"type": "boolean"})
        }
        Some(Values::OneOf(words)) => {
            // They stand there as in the file.
            let words: Vec<&str> = words.iter().map(|word| word.trim_matches('"')).collect();
            json!({"type": "string", "enum": words})
        }
        Some(Values::ListOf(values)) => json!({"type": "array", "items": one(Some(values))}),
    }
}

fn texts() -> Texts {
    let document = DeTable::parse(REFERENCE).ok();
    let sections = document.as_ref().map(|document| document.get_ref().iter());
    let mut all = Texts::new();
    for (section, keys) in sections.into_iter().flatten() {
        let keys = keys
            .get_ref()
            .as_table()
            .into_iter()
            .flat_map(|keys| keys.iter());
        for (key, words) in keys {
            let word = |name: &str| {
                let text = words.get_ref().as_table()?.get(name)?.get_ref().as_str()?;
                Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
            };
            let meaning = word("meaning").unwrap_or_default();
            let default = word("default").map_or(String::new(), |it| format!(" Default: {it}."));
            let key = (section.get_ref().to_string(), key.get_ref().to_string());
            all.insert(key, meaning + &default);
        }
    }
    all
}
