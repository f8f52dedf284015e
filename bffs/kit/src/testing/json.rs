//! JSON as it stands in a file: the numbers with their digits, the members in their order. A parsed
//! value has lost both, and other programs that read the same fixture lose something else.
//!
//! The host compiles this file, too, so that both read fixtures alike.

#![allow(unreachable_pub, reason = "public in the host alone")]

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// A value and all that is in it. Its text was read by serde before.
pub(super) enum Node<'a> {
    /// A number, a text or a word, as it is written.
    Scalar(&'a str),
    /// The items.
    Array(Vec<Node<'a>>),
    /// The members with their names as they are written.
    Object(Vec<(&'a str, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads a text.
    pub(super) fn read(text: &'a str) -> Result<Node<'a>, serde_json::Error> {
        // Says what is wrong, and refuses what is too deep for the functions here.
        serde_json::from_str::<Value>(text)?;
        let mut rest = text;
        Ok(Node::next(&mut rest))
    }

    fn next(rest: &mut &'a str) -> Node<'a> {
        match token(rest) {
            "[" => Node::Array(list(rest, Node::next)),
            "{" => Node::Object(list(rest, |rest| {
                let name = token(rest);
                token(rest);
                (name, Node::next(rest))
            })),
            scalar => Node::Scalar(scalar),
        }
    }

    /// The last member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Node<'a>> {
        let Node::Object(members) = self else {
            return None;
        };
        let mut members = members.iter().rev();
        let found = members.find(|(known, _)| text_of(known) == name);
        found.map(|(_, value)| value)
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Node<'a>] {
        match self {
            Node::Array(items) => items,
            Node::Scalar(_) | Node::Object(_) => &[],
        }
    }

    /// The text without white space between its parts.
    pub(super) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Node::Scalar(text) => out.push_str(text),
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Node::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    out.push_str(name);
                    out.push(':');
                    value.write(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    /// Whether two values mean the same: numbers are compared as doubles, so that `5.0` is `5`;
    /// the order of members does not count, and of equal names the last one does.
    pub(super) fn same(&self, other: &Node<'_>) -> bool {
        match (self, other) {
            (Node::Scalar(one), Node::Scalar(other)) => {
                match (one.parse::<f64>(), other.parse::<f64>()) {
                    (Ok(one), Ok(other)) => one == other,
                    // A text is never a word, nor a number.
                    _ => {
                        one.starts_with('"') == other.starts_with('"')
                            && text_of(one) == text_of(other)
                    }
                }
            }
            (Node::Array(one), Node::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.same(b))
            }
            (Node::Object(_), Node::Object(_)) => {
                let (one, other) = (self.members(), other.members());
                let same = |((a, one), (b, other)): ((_, &&Node<'_>), (_, &&Node<'_>))| {
                    a == b && one.same(other)
                };
                one.len() == other.len() && one.iter().zip(&other).all(same)
            }
            _ => false,
        }
    }

    /// The members by name, of equal names the last; none of anything else.
    pub(super) fn members(&self) -> BTreeMap<String, &Node<'a>> {
        match self {
            Node::Object(members) => members
                .iter()
                .map(|(name, value)| (text_of(name), value))
                .collect(),
            Node::Scalar(_) | Node::Array(_) => BTreeMap::new(),
        }
    }
}

/// The parts of a list or object up to its end, whose beginning was taken.
fn list<'a, T>(rest: &mut &'a str, next: impl Fn(&mut &'a str) -> T) -> Vec<T> {
    let mut found = Vec::new();
    let mut ahead = *rest;
    if matches!(token(&mut ahead), "]" | "}") {
        *rest = ahead;
        return found;
    }
    loop {
        found.push(next(rest));
        if token(rest) != "," {
            return found;
        }
    }
}

/// Takes the next part of a text: a string with its quotes, a number, a word or a sign.
fn token<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let bytes = text.as_bytes();
    let length = match bytes.first() {
        None => 0,
        Some(b'"') => string(bytes),
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => 1,
        Some(_) => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"{}[],:\"".contains(byte);
            bytes.iter().position(ends).unwrap_or(bytes.len())
        }
    };
    let (found, after) = text.split_at(length);
    *rest = after;
    found
}

/// The length of a string with its quotes.
fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// What a text means; a number or a word is itself.
fn text_of(written: &str) -> String {
    serde_json::from_str(written).unwrap_or_else(|_| written.to_owned())
}

/// Any JSON, as text.
#[derive(Clone, Debug)]
pub struct Json(String);

impl Json {
    /// The value as it is written.
    pub(super) fn of(node: &Node<'_>) -> Json {
        Json(node.compact())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a text means, unless it is another value.
    pub(super) fn as_text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok()
    }

    /// Whether a text is JSON that means the same.
    pub(super) fn is_meant_by(&self, text: &str) -> bool {
        match (Node::read(&self.0), Node::read(text)) {
            (Ok(expected), Ok(found)) => expected.same(&found),
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        Value::deserialize(deserializer).map(|value| Json(value.to_string()))
    }
}

/// Reads a member that is there: `null` is the document `null`, and no way to leave out anything
/// else.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Reads a text that is an object.
pub(super) fn read_object<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    let mut from = serde_json::Deserializer::from_str(text);
    let read = object(&mut from)?;
    from.end()?;
    Ok(read)
}

/// Reads a struct from an object alone: serde would also take a list of the members' values.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    from.deserialize_map(ObjectOf(PhantomData))
}

/// The same of a member that is there, see [`present`].
pub(super) fn present_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    object(from).map(Some)
}

/// The same of each item of a list.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::<Object<T>>::deserialize(from)?;
    Ok(items.into_iter().map(|Object(item)| item).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Object<T>, D::Error> {
        object(from).map(Object)
    }
}

struct ObjectOf<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Reads an object of texts in its order. No name may be there twice.
pub(super) fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
    from.deserialize_map(Pairs(|one, other| one == other))
}

/// The same of header fields, whose names are the same in capitals.
pub(super) fn fields<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(String, String)>, D::Error> {
    from.deserialize_map(Pairs(str::eq_ignore_ascii_case))
}

/// Tells whether two names are the same.
struct Pairs(fn(&str, &str) -> bool);

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Self::Value = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            if pairs.iter().any(|(known, _)| (self.0)(known, &name)) {
                return Err(A::Error::custom(format!("`{name}` is there twice")));
            }
            pairs.push((name, value));
        }
        Ok(pairs)
    }
}
