//! A validator of JSON Schema, as far as the words go that the schema uses. Another word is an
//! error, so that none goes unheard.

use std::collections::HashMap;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What is said of a value and does not judge it.
const ABOUT: [&str; 4] = ["$schema", "title", "description", "default"];

/// Judges values, and keeps the expressions that it compiled.
#[derive(Default)]
pub struct Validator(HashMap<String, Regex>);

impl Validator {
    /// Why a value is not what a schema says.
    pub fn check(&mut self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let words = schema.as_object().ok_or("a schema is an object")?;
        for (word, what) in words {
            if ABOUT.contains(&word.as_str()) {
                continue;
            }
            if !self.fits(schema, word, what, value, place)? {
                return Err(format!("{place}: {value} is not {word} {what}"));
            }
        }
        Ok(())
    }

    fn fits(
        &mut self,
        schema: &Value,
        word: &str,
        what: &Value,
        value: &Value,
        place: &str,
    ) -> Result<bool, String> {
        let least = |length: Option<usize>| {
            length.is_none_or(|length| length as u64 >= what.as_u64().unwrap())
        };
        Ok(match word {
            "type" => match what.as_str() {
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                Some("integer") => value.is_i64() || value.is_u64(),
                Some("array") => value.is_array(),
                Some("object") => value.is_object(),
                other => return Err(format!("{place}: type {other:?}")),
            },
            "anyOf" => {
                let mut choices = what.as_array().unwrap().iter();
                choices.any(|choice| self.check(choice, value, place).is_ok())
            }
            "enum" => what.as_array().unwrap().contains(value),
            "pattern" => match value.as_str() {
                Some(text) => self.regex(what.as_str().unwrap()).is_match(text),
                None => true,
            },
            "minimum" => value.as_i64().is_none_or(|it| it >= what.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|it| it <= what.as_i64().unwrap()),
            "minLength" => least(value.as_str().map(str::len)),
            "minItems" => least(value.as_array().map(Vec::len)),
            "minProperties" => least(value.as_object().map(Map::len)),
            "required" => {
                let mut keys = what.as_array().unwrap().iter();
                keys.all(|key| value.get(key.as_str().unwrap()).is_some() || !value.is_object())
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(what, item, &format!("{place}[{at}]"))?;
                }
                true
            }
            "propertyNames" => {
                for (name, _) in value.as_object().into_iter().flatten() {
                    let name = Value::String(name.clone());
                    self.check(what, &name, &format!("{place}: name"))?;
                }
                true
            }
            "properties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = what.get(name) {
                        self.check(schema, member, &format!("{place}.{name}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    let place = format!("{place}.{name}");
                    if schema["properties"].get(name).is_some() {
                        continue;
                    }
                    if *what == Value::Bool(false) {
                        return Err(format!("{place}: no such key"));
                    }
                    self.check(what, member, &place)?;
                }
                true
            }
            other => return Err(format!("{place}: no word of this test: {other}")),
        })
    }

    fn regex(&mut self, pattern: &str) -> &Regex {
        let compiled = || Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        self.0.entry(pattern.to_owned()).or_insert_with(compiled)
    }
}
