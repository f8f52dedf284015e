//! The kinds of values: how each is read and, for numbers and enumerations, what the reference
//! allows.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::problem::Fault;

/// A kind of values.
pub(super) trait Kind<T> {
    /// Reads one.
    fn parse(&self, value: &DeValue<'_>) -> Result<T, Fault>;

    /// The allowed values. `None` where only prose describes them.
    fn values(&self) -> Option<&Values> {
        None
    }

    /// The form of a text, as far as a schema says it.
    fn text(&self) -> Option<&Text> {
        None
    }
}

/// A text of some form, which its function defines.
impl<T, F: Fn(&DeValue<'_>) -> Result<T, Fault>> Kind<T> for F {
    fn parse(&self, value: &DeValue<'_>) -> Result<T, Fault> {
        self(value)
    }
}

/// A function, with what it takes.
pub(super) struct Described<F> {
    values: Values,
    parse: F,
}

impl<F> Described<F> {
    pub(super) fn new<T>(values: Values, parse: F) -> Self
    where
        F: Fn(&DeValue<'_>) -> Result<T, Fault>,
    {
        Self { values, parse }
    }
}

impl<T, F: Fn(&DeValue<'_>) -> Result<T, Fault>> Kind<T> for Described<F> {
    fn parse(&self, value: &DeValue<'_>) -> Result<T, Fault> {
        (self.parse)(value)
    }

    fn values(&self) -> Option<&Values> {
        Some(&self.values)
    }
}

/// A function that reads texts, with their form.
pub(super) struct Formed<F> {
    form: Text,
    parse: F,
}

impl<F> Formed<F> {
    pub(super) fn new<T>(form: Text, parse: F) -> Self
    where
        F: Fn(&DeValue<'_>) -> Result<T, Fault>,
    {
        Self { form, parse }
    }
}

impl<T, F: Fn(&DeValue<'_>) -> Result<T, Fault>> Kind<T> for Formed<F> {
    fn parse(&self, value: &DeValue<'_>) -> Result<T, Fault> {
        (self.parse)(value)
    }

    fn text(&self) -> Option<&Text> {
        Some(&self.form)
    }
}

/// The form of a text, for editors. It refuses nothing that the reader takes; the reader may know
/// more.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Any,
    NotEmpty,
    /// What a regular expression (of JSON Schema) finds.
    Like(&'static str),
    OneOf(Vec<String>),
}

/// What is known of a value of this kind.
pub(super) fn described<T>(kind: &impl Kind<T>) -> (Option<Values>, Option<Text>) {
    (kind.values().cloned(), kind.text().cloned())
}

/// The allowed values, as the reference has them.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Whole numbers.
    Count(RangeInclusive<u64>),
    /// Bytes.
    Size(RangeInclusive<u64>),
    /// Any from 1 ms to 1 h.
    Duration,
    /// The same, or none at all.
    DurationOrZero,
    /// Those within bounds.
    DurationWithin(RangeInclusive<Duration>),
    /// Hours or days.
    LongDuration,
    /// A count, and the time that it is for.
    Rate,
    /// Words as they stand in the file.
    OneOf(Vec<String>),
    /// Any number of those.
    ListOf(Box<Self>),
}

/// A key that was read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) form: Form,
    /// The allowed values. `None` where only prose describes them.
    pub(super) values: Option<Values>,
    /// The form of one text.
    pub(super) text: Option<Text>,
    /// Whether a section without it is reported.
    pub(super) required: bool,
}

/// What is written for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    One,
    /// One, or a list of at least one.
    OneOrMore,
    List,
    /// A list of at least one.
    Filled,
    /// A table of texts, whose keys the operator chooses.
    Texts,
    /// A table of lists, likewise.
    Lists,
    /// A table with keys of its own.
    Section,
    /// Such tables, by names that the operator chooses.
    Named,
    /// A list of such tables.
    Tables,
}
