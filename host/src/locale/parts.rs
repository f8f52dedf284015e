//! Texts in parts.

use std::fmt;

use writeable::{Part as Label, PartsWrite, TryWriteable, Writeable};

use super::contract::{Part, PartKind};

/// Parts that are being collected.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
    /// The labels that what is written now is inside of, the innermost last.
    labels: Vec<Label>,
    /// Whether the next text begins a part of its own, also where the last one is of its kind.
    begins: bool,
}

/// Collects what `text` writes. A text without a label is `plain`.
pub(super) fn of(text: &impl Writeable, plain: PartKind) -> Vec<Part> {
    let mut parts = Parts::default();
    // Nothing that is written to fails.
    let _ = text.write_to_parts(&mut parts);
    parts.with_plain(plain)
}

/// The same of a text that may lack something, which is written as well as it can be.
pub(super) fn of_fallible(text: &impl TryWriteable) -> Vec<Part> {
    let mut parts = Parts::default();
    let _ = text.try_write_to_parts(&mut parts);
    parts.with_plain(PartKind::Literal)
}

/// The text that parts are of.
pub(super) fn joined(parts: &[Part]) -> String {
    parts.iter().map(|part| &*part.text).collect()
}

/// A part.
pub(super) fn part(kind: PartKind, text: impl Into<String>) -> Part {
    Part {
        kind,
        text: text.into(),
    }
}

/// Text around a number (`km`, `%`, `thousand`) as parts: spaces at its ends are literals.
pub(super) fn affix(text: &str, kind: PartKind) -> Vec<Part> {
    let inner = text.trim_matches(is_space);
    if inner.is_empty() {
        return match text.is_empty() {
            true => Vec::new(),
            false => vec![part(PartKind::Literal, text)],
        };
    }
    let (before, rest) = text.split_once(inner).unwrap_or(("", text));
    let after = rest.strip_prefix(inner).unwrap_or(rest);
    let all = [
        (PartKind::Literal, before),
        (kind, inner),
        (PartKind::Literal, after),
    ];
    let some = all.into_iter().filter(|(_, text)| !text.is_empty());
    some.map(|(kind, text)| part(kind, text)).collect()
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{200f}' || character == '\u{200e}'
}

impl Parts {
    fn with_plain(self, plain: PartKind) -> Vec<Part> {
        if plain == PartKind::Literal {
            return self.parts;
        }
        let split = |part: Part| match part.kind {
            PartKind::Literal => affix(&part.text, plain),
            _ => vec![part],
        };
        self.parts.into_iter().flat_map(split).collect()
    }

    /// What the text is that is written now.
    fn kind(&self) -> PartKind {
        let outer = self
            .labels
            .iter()
            .find(|label| label.category == "datetime");
        let inner = self.labels.last().map_or("", |label| label.value);
        let Some(outer) = outer else {
            return number_kind(inner);
        };
        match (outer.value, inner) {
            ("second", "fraction") => PartKind::FractionalSecond,
            ("second", "decimal") => PartKind::Literal,
            (field, _) => field_kind(field),
        }
    }
}

fn field_kind(field: &str) -> PartKind {
    match field {
        "era" => PartKind::Era,
        "year" | "relatedYear" | "yearName" | "extendedYear" => PartKind::Year,
        "month" => PartKind::Month,
        "weekday" => PartKind::Weekday,
        "day" => PartKind::Day,
        "dayPeriod" => PartKind::DayPeriod,
        "hour" => PartKind::Hour,
        "minute" => PartKind::Minute,
        "second" => PartKind::Second,
        "timeZoneName" => PartKind::TimeZoneName,
        _ => PartKind::Literal,
    }
}

fn number_kind(label: &str) -> PartKind {
    match label {
        "integer" => PartKind::Integer,
        "group" => PartKind::Group,
        "decimal" => PartKind::Decimal,
        "fraction" => PartKind::Fraction,
        "plusSign" => PartKind::PlusSign,
        "minusSign" => PartKind::MinusSign,
        "element" => PartKind::Element,
        _ => PartKind::Literal,
    }
}

impl fmt::Write for Parts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        let kind = self.kind();
        let fits = |last: &&mut Part| last.kind == kind;
        match self.parts.last_mut().filter(fits) {
            Some(last) if !self.begins || kind == PartKind::Literal => last.text.push_str(text),
            _ => self.parts.push(part(kind, text)),
        }
        self.begins = false;
        Ok(())
    }
}

impl PartsWrite for Parts {
    type SubPartsWrite = Self;

    fn with_part(
        &mut self,
        label: Label,
        mut write: impl FnMut(&mut Self::SubPartsWrite) -> fmt::Result,
    ) -> fmt::Result {
        // Digits are labelled inside of a field of a date, which is one part for all that.
        self.begins |= label.category != "decimal" || label.value == "group";
        self.labels.push(label);
        let written = write(self);
        self.labels.pop();
        self.begins |= label.category != "decimal" || label.value == "group";
        written
    }
}
