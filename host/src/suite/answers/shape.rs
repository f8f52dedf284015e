//! The shape of a JSON value: which types, which members, which of them are always there. It is
//! written as a JSON Schema (draft 2020-12) of these few words: `type`, `properties`, `required`,
//! `additionalProperties` and `items`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Members from which on an object is a map, whose names are data.
const MAX_MEMBERS: usize = 200;

/// A type of JSON Schema. Every integer is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// `true` and `false`.
    Boolean,
    /// A number that is written without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
    /// `null`.
    Null,
}

/// What is known of the values at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The types that there were. None: nothing is known, and nothing is promised.
    #[serde(rename = "type", default, skip_serializing_if = "BTreeSet::is_empty")]
    #[serde(serialize_with = "write_types", deserialize_with = "read_types")]
    pub(super) types: BTreeSet<Type>,
    /// The members of objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: BTreeMap<String, Shape>,
    /// Those of them that each object has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) required: BTreeSet<String>,
    /// The values of maps, whose names are data: dates, numbers, UUIDs.
    #[serde(
        rename = "additionalProperties",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) values: Option<Box<Shape>>,
    /// The items of lists, if one had some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Box<Shape>>,
}

impl Shape {
    /// That of a value. It is as deep as the value, which serde bounds.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::only(Type::Null),
            Value::Bool(_) => Self::only(Type::Boolean),
            Value::Number(number) if number.is_f64() => Self::only(Type::Number),
            Value::Number(_) => Self::only(Type::Integer),
            Value::String(_) => Self::only(Type::String),
            Value::Array(items) => Self {
                items: merged_all(items.iter()),
                ..Self::only(Type::Array)
            },
            Value::Object(members) => Self::of_object(members),
        }
    }

    fn only(kind: Type) -> Self {
        Self {
            types: BTreeSet::from([kind]),
            ..Self::default()
        }
    }

    fn of_object(members: &Map<String, Value>) -> Self {
        let is_map = members.len() > MAX_MEMBERS;
        let is_data = |name: &str| is_map || is_data(name);
        let values = members.iter().filter(|(name, _)| is_data(name));
        let named = members.iter().filter(|(name, _)| !is_data(name));
        let properties = named.map(|(name, value)| (name.clone(), Self::of(value)));
        let properties: BTreeMap<_, _> = properties.collect();
        Self {
            required: properties.keys().cloned().collect(),
            properties,
            values: merged_all(values.map(|(_, value)| value)),
            ..Self::only(Type::Object)
        }
    }

    /// That of the values of both.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.required = match (self.has(Type::Object), other.has(Type::Object)) {
            (true, true) => &self.required & &other.required,
            (true, false) => self.required,
            (false, _) => other.required,
        };
        for (name, shape) in other.properties {
            let known = self.properties.remove(&name).unwrap_or_default();
            self.properties.insert(name, known.merged(shape));
        }
        self.values = both(self.values, other.values);
        self.items = both(self.items, other.items);
        self.add_types(&other.types);
        self
    }

    /// Takes what another has beside. What is there stays as it is.
    pub(super) fn extend(&mut self, other: &Self) {
        for (name, shape) in &other.properties {
            if let Some(known) = self.properties.get_mut(name) {
                known.extend(shape);
                continue;
            }
            self.properties.insert(name.clone(), shape.clone());
            if other.required.contains(name) {
                self.required.insert(name.clone());
            }
        }
        for (known, other) in [
            (&mut self.values, &other.values),
            (&mut self.items, &other.items),
        ] {
            match (known, other) {
                (Some(known), Some(other)) => known.extend(other),
                (known @ None, Some(other)) => *known = Some(other.clone()),
                (_, None) => {}
            }
        }
        self.add_types(&other.types);
    }

    fn add_types(&mut self, types: &BTreeSet<Type>) {
        self.types.extend(types);
        if self.has(Type::Number) {
            self.types.remove(&Type::Integer);
        }
    }

    pub(super) fn has(&self, kind: Type) -> bool {
        self.types.contains(&kind)
    }

    /// Whether a value of this type may be here.
    pub(super) fn allows(&self, kind: Type) -> bool {
        self.has(kind) || kind == Type::Integer && self.has(Type::Number)
    }

    /// The types in words: `integer or null`.
    pub(super) fn words(&self) -> String {
        let words = self.types.iter().map(|kind| match kind {
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Number => "number",
            Type::String => "string",
            Type::Array => "array",
            Type::Object => "object",
            Type::Null => "null",
        });
        words.collect::<Vec<_>>().join(" or ")
    }
}

fn merged_all<'a>(values: impl Iterator<Item = &'a Value>) -> Option<Box<Shape>> {
    values.map(Shape::of).reduce(Shape::merged).map(Box::new)
}

fn both(one: Option<Box<Shape>>, other: Option<Box<Shape>>) -> Option<Box<Shape>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(one.merged(*other))),
        (one, other) => one.or(other),
    }
}

/// Whether a member's name is data, as in a map by day or by id: a number, a date (`2026-01-15`) or
/// a UUID.
fn is_data(name: &str) -> bool {
    let fits = |form: &str| {
        form.len() == name.len()
            && form
                .bytes()
                .zip(name.bytes())
                .all(|(form, byte)| match form {
                    b'0' => byte.is_ascii_digit(),
                    b'f' => byte.is_ascii_hexdigit(),
                    form => byte == form,
                })
    };
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    is_number || fits("0000-00-00") || fits("ffffffff-ffff-ffff-ffff-ffffffffffff")
}

/// `type` is one word, or a list of several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a type of JSON Schema, or a list of some")]
enum Types {
    One(Type),
    Several(BTreeSet<Type>),
}

fn write_types<S: Serializer>(types: &BTreeSet<Type>, serializer: S) -> Result<S::Ok, S::Error> {
    match (types.first(), types.len()) {
        (Some(one), 1) => one.serialize(serializer),
        _ => types.serialize(serializer),
    }
}

fn read_types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Type>, D::Error> {
    Ok(match Types::deserialize(deserializer)? {
        Types::One(one) => BTreeSet::from([one]),
        Types::Several(several) => several,
    })
}
