//! Where in a JSON text a value of the wrong form is. serde knows line and column; a client's
//! developer looks for the field. Only read when something is wrong, so that good documents cost
//! nothing.

/// How much of serde's sentence is repeated, in characters: it may hold a value of the client.
const SENTENCE: usize = 160;

/// A level of the document that the text is inside of.
enum Level {
    /// An object, with the member that was read last.
    Object(Option<String>),
    /// An array, with the position of the item.
    Array(usize),
}

/// The JSON pointer of the value that an error of `text` is about, and what is wrong with it.
pub(crate) fn of(error: &serde_json::Error, text: &str) -> (String, String) {
    let mut pointer = pointer(text, offset(text, error.line(), error.column()));
    let whole = error.to_string();
    let end = format!(" at line {} column {}", error.line(), error.column());
    let what = whole.strip_suffix(&end).unwrap_or(&whole);
    let missing = what.strip_prefix("missing field `");
    if let Some(name) = missing.and_then(|rest| rest.strip_suffix('`')) {
        push(name, &mut pointer);
        return (pointer, "missing".to_owned());
    }
    let what = match what.char_indices().nth(SENTENCE) {
        None => what.to_owned(),
        Some((end, _)) => format!("{}…", &what[..end]),
    };
    (pointer, what)
}

/// The bytes that were read up to a line and column, which count from 1 and from 0.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let start: usize = before.map(str::len).sum();
    (start + column).min(text.len())
}

/// The pointer of the value that ends or begins at `end`. The text up to there is JSON.
fn pointer(text: &str, end: usize) -> String {
    let bytes = &text.as_bytes()[..end];
    let mut levels = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => levels.push(Level::Object(None)),
            b'[' => levels.push(Level::Array(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => match levels.last_mut() {
                Some(Level::Object(name)) => *name = None,
                Some(Level::Array(item)) => *item += 1,
                None => {}
            },
            b'"' => {
                let length = string(&bytes[at..]);
                if let Some(Level::Object(name @ None)) = levels.last_mut() {
                    *name = serde_json::from_slice(&bytes[at..at + length]).ok();
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    let mut pointer = String::new();
    for level in levels {
        match level {
            Level::Object(Some(name)) => push(&name, &mut pointer),
            Level::Object(None) => {}
            Level::Array(item) => push(&item.to_string(), &mut pointer),
        }
    }
    pointer
}

/// The length of a string with its quotes, at the beginning of `bytes`, or of what there is of it.
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

fn push(token: &str, pointer: &mut String) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    struct Log {
        day: u8,
        #[serde(default)]
        laps: Vec<Lap>,
        #[serde(default)]
        tags: BTreeMap<String, bool>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Lap {
        name: String,
        ms: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Run,
    }

    #[test]
    fn the_field_is_named_whatever_is_wrong_with_it() {
        for (text, pointer, what) in [
            (
                r#"[]"#,
                "",
                "invalid length 0, expected struct Log with 4 elements",
            ),
            (r#"7"#, "", "invalid type: integer `7`, expected struct Log"),
            (r#"{}"#, "/day", "missing"),
            (
                r#"{"day": "1"}"#,
                "/day",
                "invalid type: string \"1\", expected u8",
            ),
            (
                r#"{"day": 256}"#,
                "/day",
                "invalid value: integer `256`, expected u8",
            ),
            (
                r#"{"day": null}"#,
                "/day",
                "invalid type: null, expected u8",
            ),
            (
                r#"{"day": {"a": 1}}"#,
                "/day",
                "invalid type: map, expected u8",
            ),
            (
                r#"{"day": [1]}"#,
                "/day",
                "invalid type: sequence, expected u8",
            ),
            (
                "{\"laps\": [\n {\"name\": \"a,[\\\"\", \"ms\": 1},\n {\"name\": \"\u{fc}\", \"ms\": -1}]}",
                "/laps/1/ms",
                "invalid value: integer `-1`, expected u32",
            ),
            (
                r#"{"laps": [{"name": "a"}], "day": 1}"#,
                "/laps/0/ms",
                "missing",
            ),
            (
                r#"{"laps": [{"ms": 1}, 5], "day": 1}"#,
                "/laps/0/name",
                "missing",
            ),
            (
                r#"{"laps": [{"name": "a", "ms": 1}, 5]}"#,
                "/laps/1",
                "invalid type: integer `5`, expected struct Lap",
            ),
            (
                r#"{"tags": {"a~b/c": 0}}"#,
                "/tags/a~0b~1c",
                "invalid type: integer `0`, expected a boolean",
            ),
            (
                r#"{"day": 1, "kind": "swim"}"#,
                "/kind",
                "unknown variant `swim`, expected `run`",
            ),
            (
                r#"{"dya": 1}"#,
                "/dya",
                "unknown field `dya`, expected one of `day`, `laps`, `tags`, `kind`",
            ),
        ] {
            let error = serde_json::from_str::<Log>(text).unwrap_err();
            let found = super::of(&error, text);
            assert_eq!(found, (pointer.to_owned(), what.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = format!("\"{}\"", "\u{fc}".repeat(1000));
        let error = serde_json::from_str::<u8>(&text).unwrap_err();
        let (pointer, what) = super::of(&error, &text);
        assert_eq!((pointer.as_str(), what.chars().count()), ("", 161));
    }
}
