//! Members that are put into a JSON text, every byte of which stays as it is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What an object of a text has, by places in the text.
struct Object {
    /// Behind its `{`.
    start: usize,
    /// Its `}`.
    end: usize,
    members: Vec<Member>,
}

struct Member {
    key: String,
    /// The quote in front of the key.
    start: usize,
    value: usize,
    /// Behind the value.
    end: usize,
}

/// Puts a member into an object of a text, as the last one and written like those before it. The
/// keys lead to the object; where it is not there, it is made.
///
/// The text is a JSON object, as a parser has found, and the keys lead to nothing but objects.
pub(super) fn insert(text: &str, keys: &[&str], key: &str, value: &Value) -> String {
    let mut objects = vec![object(text, find(text, 0, "{"))];
    let mut missing = keys;
    while let (Some((first, rest)), Some(last)) = (missing.split_first(), objects.last()) {
        let Some(found) = last.members.iter().find(|it| it.key == *first) else {
            break;
        };
        objects.push(object(text, found.value));
        missing = rest;
    }
    let (mut key, mut value) = (key, value.clone());
    // What is not there is made around the value, from the inside.
    let around: Vec<&str> = missing.to_vec();
    for outer in around.into_iter().rev() {
        value = Value::Object(Map::from_iter([(key.to_owned(), value)]));
        key = outer;
    }
    let depth = objects.len();
    match objects.pop() {
        Some(object) => put(text, &object, depth, key, &value),
        None => text.to_owned(),
    }
}

/// Puts another value in place of that of a member, if it is there. The keys lead to its object.
pub(super) fn replace(text: &str, keys: &[&str], key: &str, value: &Value) -> String {
    let mut last = object(text, find(text, 0, "{"));
    for outer in keys {
        let Some(found) = last.members.iter().find(|it| it.key == *outer) else {
            return text.to_owned();
        };
        last = object(text, found.value);
    }
    match last.members.iter().find(|it| it.key == key) {
        Some(old) => format!("{}{value}{}", &text[..old.value], &text[old.end..]),
        None => text.to_owned(),
    }
}

/// A member that an object of a text has twice: the outermost one, or one of the `inner` in it. What
/// is put beside them would be read by some programs and not by others.
pub(super) fn twice<'a>(text: &str, inner: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let outer = object(text, find(text, 0, "{"));
    let doubled = |object: &Object| {
        let mut seen = BTreeSet::new();
        let mut keys = object.members.iter().map(|member| member.key.clone());
        keys.find(|key| !seen.insert(key.clone()))
    };
    if let Some(key) = doubled(&outer) {
        return Some(key);
    }
    let inner: Vec<&str> = inner.into_iter().collect();
    let mut objects = outer
        .members
        .iter()
        .filter(|it| inner.contains(&it.key.as_str()));
    objects.find_map(|member| {
        let key = doubled(&object(text, member.value))?;
        Some(format!("{}.{key}", member.key))
    })
}

/// Puts a member into an object that lies so deep.
fn put(text: &str, object: &Object, depth: usize, key: &str, value: &Value) -> String {
    let line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let unit = unit(text);
    let inner = format!("{line}{}", unit.repeat(depth));
    let (at, before, after) = match object.members.last() {
        // What stands in front of the last key stands in front of this one.
        Some(last) => {
            let from = object.members.iter().rev().nth(1).map(|it| it.end);
            let gap = &text[from.unwrap_or(object.start)..last.start];
            (
                last.end,
                format!(",{}", gap.trim_start_matches([',', ' ']).to_owned()),
                String::new(),
            )
        }
        None => {
            let outer = format!("{line}{}", unit.repeat(depth - 1));
            (object.start, inner.clone(), outer)
        }
    };
    let one_line = object.members.last().is_some() && !before.contains('\n');
    let before = if one_line { ", ".to_owned() } else { before };
    let written = match one_line {
        true => value.to_string(),
        false => pretty(value, &inner, &unit),
    };
    let end = if object.members.is_empty() {
        object.end
    } else {
        at
    };
    let key = Value::from(key);
    format!(
        "{}{before}{key}: {written}{after}{}",
        &text[..at],
        &text[end..]
    )
}

/// The white space that a level is set in by.
fn unit(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| line.trim_start().starts_with('"'));
    let mut gaps = lines.map(|line| &line[..line.len() - line.trim_start().len()]);
    gaps.find(|gap| !gap.is_empty()).unwrap_or("  ").to_owned()
}

/// A value over several lines, each of which begins like this.
fn pretty(value: &Value, line: &str, unit: &str) -> String {
    let Value::Object(members) = value else {
        return value.to_string();
    };
    let inner = format!("{line}{unit}");
    let members = members.iter().map(|(key, value)| {
        format!(
            "{inner}{}: {}",
            Value::from(key.as_str()),
            pretty(value, &inner, unit)
        )
    });
    format!("{{{}{line}}}", members.collect::<Vec<_>>().join(","))
}

/// Reads the object whose `{` is here.
fn object(text: &str, open: usize) -> Object {
    let mut members = Vec::new();
    let mut at = open + 1;
    let end = loop {
        at += text[at..].len()
            - text[at..]
                .trim_start_matches([' ', '\t', '\r', '\n', ','])
                .len();
        if !text[at..].starts_with('"') {
            break at;
        }
        let (start, key_end) = (at, value_end(text, at));
        let value = find(text, key_end, ":") + 1;
        let value = value + text[value..].len() - text[value..].trim_start().len();
        let end = value_end(text, value);
        members.push(Member {
            key: serde_json::from_str(&text[start..key_end]).unwrap_or_default(),
            start,
            value,
            end,
        });
        at = end;
    };
    Object {
        start: open + 1,
        end,
        members,
    }
}

fn find(text: &str, from: usize, sign: &str) -> usize {
    text[from..].find(sign).map_or(text.len(), |at| from + at)
}

/// Where the value that begins here ends.
fn value_end(text: &str, start: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, sign) in text[start..].char_indices() {
        let at = start + at;
        match sign {
            '"' if quoted && !escaped => {
                quoted = false;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ if quoted => escaped = sign == '\\' && !escaped,
            '"' => (quoted, escaped) = (true, false),
            '{' | '[' => depth += 1,
            // A number or a word ends in front of what closes the object around it.
            '}' | ']' | ',' | ' ' | '\t' | '\r' | '\n' if depth == 0 => return at,
            '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_replaced_and_nothing_else_changes() {
        let text = "{\r\n\t\"a\": { \"test\": \"echo \\\"x\\\" && 1\" , \"b\": 1 }\r\n}";
        let made = replace(text, &["a"], "test", &json!("node test"));
        let expected = "{\r\n\t\"a\": { \"test\": \"node test\" , \"b\": 1 }\r\n}";
        assert_eq!(made, expected);
        for (keys, key) in [(&["b"][..], "test"), (&["a"], "c"), (&[], "test")] {
            assert_eq!(replace(text, keys, key, &json!(1)), text);
        }
    }

    #[test]
    fn a_member_is_written_like_those_before_it_and_nothing_else_changes() {
        let module = json!("src/main.ts");
        for (text, keys, expected) in [
            ("{}", &[][..], "{\n  \"entry\": \"src/main.ts\"\n}"),
            (
                "{ }\n",
                &["tailor"],
                "{\n  \"tailor\": {\n    \"entry\": \"src/main.ts\"\n  }\n}\n",
            ),
            ("{\"a\":1}", &[], "{\"a\":1, \"entry\": \"src/main.ts\"}"),
            (
                "{\r\n\t\"a\": {},\r\n\t\"b\": [1, {\"}\": \"\\\\\\\"{\"}]\r\n}\r\n",
                &["a"],
                "{\r\n\t\"a\": {\r\n\t\t\"entry\": \"src/main.ts\"\r\n\t},\r\n\t\"b\": [1, {\"}\": \"\\\\\\\"{\"}]\r\n}\r\n",
            ),
            (
                "{\n    \"z\": true,\n    \"tailor\": { \"wit\": \"w\" }\n}",
                &["tailor"],
                "{\n    \"z\": true,\n    \"tailor\": { \"wit\": \"w\", \"entry\": \"src/main.ts\" }\n}",
            ),
            (
                "{\n    \"z\": 1e3,\n    \"y\": null\n}",
                &["tailor"],
                "{\n    \"z\": 1e3,\n    \"y\": null,\n    \"tailor\": {\n        \"entry\": \"src/main.ts\"\n    }\n}",
            ),
        ] {
            let made = insert(text, keys, "entry", &module);
            assert_eq!(made, expected);
            let made: Value = serde_json::from_str(&made).unwrap();
            let place = keys.iter().fold(&made, |value, key| &value[*key]);
            assert_eq!(place["entry"], module);
        }
    }
}
