//! A JSON Schema of the file, for editors: made of the keys that its reader knows. It refuses
//! nothing that the reader takes; where a regular expression would be long and dark, it takes more.

mod quantity;
mod words;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::kind::{Form, Known, Text, Values};
use super::raw;
use super::reader::Reader;
use super::values::NAME_PATTERN;
use quantity::{long_times, rates, sizes, times, times_or_none};
use words::{Words, of_sections};

/// The longest duration that a key takes.
const HOUR: u128 = 3_600_000;

/// Each section once, with what it must have.
pub(super) const EVERY_SECTION: &str = "[server]\n[admin]\ntokens = true\n\
    [admin.tls]\ncert-file = \"ca.pem\"\nkey-file = \"ca.pem\"\n[log]\n[record]\n[engine]\n[releases]\n[releases.preview]\n\
    [releases.registry.x]\nhost = \"x\"\nrepositories = \"x\"\n\
    [releases.shadow]\n\
    [releases.ci.x]\nissuer = \"https://x\"\naudience = \"x\"\nkeys-url = \"https://127.0.0.1\"\n\
    [[releases.ci.x.rule]]\nteam = \"x\"\nbffs = \"x\"\nscopes = \"read\"\n\
    claims = { repository = \"x\" }\n[calls]\n[profile.x]\n\
    [downstream.x]\nurl = \"https://127.0.0.1\"\n[downstream.x.tls]\n\
    [downstream.x.cache]\n[downstream.x.breaker]\n[downstream.x.retry]\n\
    [downstream.x.hedge]\n[downstream.x.ejection]\n\
    [downstream.x.health]\npath = \"/healthz\"\n\
    [downstream.x.credentials]\noauth2-token-url = \"https://127.0.0.1/token\"\n\
    client-id = \"x\"\nclient-secret-env = \"PATH\"\n\
    [[downstream.x.default]]\ncall = \"GET /\"\nbody = \"[]\"\n\
    [[downstream.x.rule]]\ncall = \"GET /\"\n\
    [[downstream.x.write]]\ncall = \"POST /\"\nvoids = \"/\"\n\
    [bff.x]\ncomponent = \"watch.component\"\n[bff.x.limits]\n[bff.x.smoke]\n[bff.x.canary]\n\
    [[route]]\nbff = \"x\"\n";

/// The JSON Schema (draft 2020-12) of a configuration file. It has the keys, what may be written
/// for them, and what the reference says of each; what depends on other keys, only `tailor check`
/// sees.
pub fn schema() -> Value {
    let mut reader = Reader::new(EVERY_SECTION);
    // It is a whole file, as a test says.
    let _ = raw::read(EVERY_SECTION, &mut reader);
    let mut schema = section("", &reader.known, &Words::read());
    let own = [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "The configuration of tailor"),
    ];
    add(&mut schema, own.map(|(key, value)| (key, json!(value))));
    schema
}

type Sections = BTreeMap<&'static str, BTreeMap<&'static str, Known>>;

fn add(schema: &mut Value, members: impl IntoIterator<Item = (&'static str, Value)>) {
    if let Some(schema) = schema.as_object_mut() {
        schema.extend(members.into_iter().map(|(name, it)| (name.to_owned(), it)));
    }
}

fn section(pattern: &str, known: &Sections, words: &Words) -> Value {
    let keys = || known.get(pattern).into_iter().flatten();
    let properties = keys().map(|(key, of)| {
        let below = match pattern {
            "" => (*key).to_owned(),
            pattern => format!("{pattern}.{key}"),
        };
        (
            (*key).to_owned(),
            self::key(pattern, key, &below, of, known, words),
        )
    });
    let properties: Map<String, Value> = properties.collect();
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    let required = keys().filter(|(_, of)| of.required).map(|(key, _)| *key);
    let required: Vec<&str> = required.collect();
    if !required.is_empty() {
        add(&mut schema, [("required", json!(required))]);
    }
    schema
}

/// What may be written for a key, and what is said of it.
fn key(
    pattern: &str,
    key: &str,
    below: &str,
    of: &Known,
    known: &Sections,
    words: &Words,
) -> Value {
    let one = || one(of.values.as_ref(), of.text.as_ref());
    let mut value = match of.form {
        Form::Section => section(below, known, words),
        Form::Tables => json!({"type": "array", "items": section(below, known, words)}),
        Form::Named => {
            let named = section(&format!("{below}.*"), known, words);
            let names = json!({"pattern": NAME_PATTERN});
            json!({"type": "object", "propertyNames": names, "additionalProperties": named})
        }
        Form::One => one(),
        Form::OneOrMore => {
            json!({"anyOf": [one(), {"type": "array", "items": one(), "minItems": 1}]})
        }
        Form::List | Form::Filled => match &of.values {
            Some(Values::ListOf(items)) => {
                json!({"type": "array", "items": self::one(Some(items), None)})
            }
            _ => json!({"type": "array", "items": one()}),
        },
        Form::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Form::Lists => {
            let list = json!({"type": "array", "items": one(), "minItems": 1});
            json!({"type": "object", "additionalProperties": list})
        }
    };
    match of.form {
        Form::Filled => add(&mut value, [("minItems", json!(1))]),
        Form::Tables if of.required => add(&mut value, [("minItems", json!(1))]),
        Form::Named if of.required => add(&mut value, [("minProperties", json!(1))]),
        _ => {}
    }
    let about = match of.form {
        Form::Section | Form::Named | Form::Tables => of_sections(below).map(str::to_owned),
        _ => words.describe(pattern, key, of.values.as_ref()),
    };
    add(&mut value, about.map(|about| ("description", json!(about))));
    let default = words.default_of(pattern, key);
    add(&mut value, default.map(|default| ("default", default)));
    value
}

/// One value.
fn one(values: Option<&Values>, text: Option<&Text>) -> Value {
    match (values, text) {
        (None, None | Some(Text::Any)) => json!({"type": "string"}),
        (None, Some(Text::NotEmpty)) => json!({"type": "string", "minLength": 1}),
        (None, Some(Text::Like(pattern))) => json!({"type": "string", "pattern": pattern}),
        (None, Some(Text::OneOf(words))) => json!({"type": "string", "enum": words}),
        (Some(Values::Count(range)), _) => {
            json!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
        }
        (Some(Values::Size(range)), _) => sizes(range),
        (Some(Values::Duration), _) => times(1, HOUR),
        (Some(Values::DurationOrZero), _) => times_or_none(HOUR),
        (Some(Values::DurationWithin(range)), _) => {
            times(range.start().as_millis(), range.end().as_millis())
        }
        (Some(Values::LongDuration), _) => long_times(),
        (Some(Values::Rate), _) => rates(),
        (Some(Values::OneOf(words)), _) if words.iter().all(|it| it == "true" || it == "false") => {
            json!({"type": "boolean"})
        }
        (Some(Values::OneOf(words)), _) => {
            // They stand there as in the file.
            let words: Vec<&str> = words.iter().map(|word| word.trim_matches('"')).collect();
            json!({"type": "string", "enum": words})
        }
        (Some(Values::ListOf(values)), _) => {
            json!({"type": "array", "items": one(Some(values), None)})
        }
    }
}
