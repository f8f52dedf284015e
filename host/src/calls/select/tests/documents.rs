//! Generated documents: the same ones in every run.

use serde_json::{Map, Value};

/// Names that collide with each other, with indices and with escapes.
const NAMES: [&str; 15] = [
    "*",
    "a",
    "b",
    "ab",
    "",
    "0",
    "1",
    "01",
    "-",
    "~",
    "/",
    "~1",
    "é\"\\",
    "😀",
    "a name that is longer than one chunk",
];
const TEXTS: [&str; 8] = [
    "",
    "x",
    "\"",
    "\\",
    "}]",
    "{\"a\":1}",
    "zwölf Boxkämpfer jagen\n\tVictor",
    "0123456789abcdef0123456789\u{1f600}",
];

/// Numbers that look random (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// A document of at most six levels, most of them with an object or an array at the root.
    pub(super) fn document(&mut self) -> Value {
        let kind = if self.below(8) == 0 {
            self.below(5)
        } else {
            5 + self.below(5)
        };
        self.value(kind, 5)
    }

    fn any(&mut self, depth: usize) -> Value {
        let kind = self.below(if depth == 0 { 5 } else { 10 });
        self.value(kind, depth)
    }

    fn value(&mut self, kind: usize, depth: usize) -> Value {
        match kind {
            0 => Value::Null,
            1 => Value::Bool(self.below(2) == 0),
            2 => Value::from(self.next() as i64 >> self.below(64)),
            3 => Value::from((self.below(2_000_001) as f64 - 1e6) / 64.0),
            4 => Value::from(self.of(&TEXTS)),
            5 | 6 => (0..self.below(5)).map(|_| self.any(depth - 1)).collect(),
            _ => {
                let members =
                    (0..self.below(6)).map(|_| (self.of(&NAMES).to_owned(), self.any(depth - 1)));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// A pointer to a value of the document, or to none.
    pub(super) fn pointer(&mut self, document: &Value) -> String {
        let mut pointer = String::new();
        let mut current = Some(document);
        while self.below(6) != 0 {
            let token = match current {
                Some(Value::Object(map)) if !map.is_empty() && self.below(8) != 0 => map
                    .keys()
                    .nth(self.below(map.len()))
                    .cloned()
                    .unwrap_or_default(),
                Some(Value::Array(list)) if self.below(8) != 0 => match self.below(8) {
                    0 => "*".to_owned(),
                    _ => self.below(list.len() + 1).to_string(),
                },
                _ => self.of(&NAMES).to_owned(),
            };
            let start = pointer.len();
            pointer.push('/');
            pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
            current = match (&*token, current) {
                // Those below are of its first element.
                ("*", Some(Value::Array(list))) => list.first(),
                _ => current.and_then(|value| value.pointer(&pointer[start..])),
            };
            if current.is_none() && self.below(2) == 0 {
                break;
            }
        }
        pointer
    }

    /// The document as text, with white space and escapes where they are allowed.
    pub(super) fn write(&mut self, value: &Value) -> String {
        let mut out = String::new();
        self.write_value(value, &mut out);
        self.space(&mut out);
        out
    }

    fn write_value(&mut self, value: &Value, out: &mut String) {
        self.space(out);
        match value {
            Value::Array(list) => {
                out.push('[');
                for (position, item) in list.iter().enumerate() {
                    self.separator(position, out);
                    self.write_value(item, out);
                }
                self.space(out);
                out.push(']');
            }
            Value::Object(map) => {
                out.push('{');
                for (position, (name, item)) in map.iter().enumerate() {
                    self.separator(position, out);
                    self.space(out);
                    self.write_text(name, out);
                    self.space(out);
                    out.push(':');
                    self.write_value(item, out);
                }
                self.space(out);
                out.push('}');
            }
            Value::String(text) => self.write_text(text, out),
            scalar => out.push_str(&scalar.to_string()),
        }
    }

    fn separator(&mut self, position: usize, out: &mut String) {
        if position > 0 {
            self.space(out);
            out.push(',');
        }
    }

    fn space(&mut self, out: &mut String) {
        if self.below(4) == 0 {
            for _ in 0..self.below(12) {
                out.push_str(self.of(&[" ", "\n", "\t", "\r"]));
            }
        }
    }

    fn write_text(&mut self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            let must = character < ' ' || matches!(character, '"' | '\\');
            if must || self.below(8) == 0 {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(character);
            }
        }
        out.push('"');
    }

    /// One fault, which may happen to leave the text legal.
    pub(super) fn damage(&mut self, text: &mut Vec<u8>) {
        const BYTES: &[u8] = b"\"\\{}[],:0123456789-+.eEtfnu/ \n\x00\x1f\xff\xc3x";
        let at = self.below(text.len());
        let byte = BYTES[self.below(BYTES.len())];
        match self.below(5) {
            0 => text.truncate(at),
            1 => drop(text.remove(at)),
            2 => text.insert(at, byte),
            3 => text.push(byte),
            _ => text[at] = byte,
        }
    }
}
