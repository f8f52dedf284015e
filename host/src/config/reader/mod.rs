//! Walks the parsed document: a [`Section`] is a table whose keys are read one by one.
//!
//! A value that is wrong is reported and reading goes on, so that one run shows everything. The
//! keys that are read are the keys that exist: what a table holds beyond them is reported as
//! unknown.

mod section;

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::field::{At, Field};
use super::kind::{Kind, Values};
use super::problem::{Fault, Place, Problem};
use super::values::show;

pub(super) use section::Section;
use section::Source;

/// What is collected while the file is read.
pub(super) struct Reader {
    text: String,
    pub(super) problems: Vec<Problem>,
    /// All keys that were asked for, by section, with what may be written for them. `*` stands for
    /// a name that the operator chose.
    pub(super) known: BTreeMap<&'static str, BTreeMap<&'static str, Option<Values>>>,
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            problems: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// The place of a key, given the byte of the text where it or its value begins.
    pub(super) fn place(&self, key: String, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let lines = before.bytes().filter(|b| *b == b'\n').count();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            key,
            line: lines + 1,
            column: line.chars().count() + 1,
        }
    }

    /// Reads the whole document.
    pub(super) fn document<T>(
        &mut self,
        table: &DeTable<'_>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let place = self.place(String::new(), 0);
        self.section(place, "", Source::Table(table), read)
    }

    fn section<T>(
        &mut self,
        place: Place,
        pattern: &'static str,
        source: Source<'_>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let mut section = Section {
            reader: self,
            pattern,
            place,
            source,
            around: None,
        };
        let value = read(&mut section);
        section.report_unknown();
        value
    }

    fn report(&mut self, place: &Place, fault: Fault) {
        self.problems.push(place.problem(fault));
    }

    /// The table that a value should be, whose `header` would be written.
    fn table<'a>(
        &mut self,
        place: &Place,
        value: &'a DeValue<'a>,
        header: impl FnOnce() -> String,
    ) -> Source<'a> {
        if let DeValue::Table(table) = value {
            return Source::Table(table);
        }
        let what = format!("{} is not a table", show(value));
        self.report(place, Fault::new(what, format!("write {}", header())));
        Source::Bad
    }

    /// The items of a value that should be an array; `key` is the last part of its name.
    fn items<T>(
        &mut self,
        place: Place,
        value: &DeValue<'_>,
        key: &str,
        kind: &impl Kind<T>,
    ) -> Field<Vec<At<T>>> {
        let DeValue::Array(array) = value else {
            let way_out = format!("write a list: {key} = [..]");
            let fault = Fault::new(format!("{} is not a list", show(value)), way_out);
            return self.parse(place, Err(fault));
        };
        let items = array.iter().enumerate().map(|(index, item)| {
            let at = self.place(format!("{}[{index}]", place.key), item.span().start);
            self.parse(at, kind.parse(item.get_ref()))
        });
        all(items.collect(), place)
    }

    fn parse<T>(&mut self, place: Place, parsed: Result<T, Fault>) -> Field<T> {
        match parsed {
            Ok(value) => Field::Written(At { value, place }),
            Err(fault) => {
                self.report(&place, fault);
                Field::Bad
            }
        }
    }
}

/// A list is good when all of its items are.
fn all<T>(items: Vec<Field<T>>, place: Place) -> Field<Vec<At<T>>> {
    let mut value = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Field::Written(at) => value.push(at),
            Field::Bad | Field::Absent => return Field::Bad,
        }
    }
    Field::Written(At { value, place })
}

/// A key below a path, in quotes where TOML needs them.
fn join(path: &str, key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let quoted = if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if path.is_empty() {
        quoted
    } else {
        format!("{path}.{quoted}")
    }
}
