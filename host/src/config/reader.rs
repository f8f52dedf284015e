//! Walks the parsed document: a [`Section`] is a table whose keys are read one by one.
//!
//! A value that is wrong is reported and reading goes on, so that one run shows everything. All
//! sections report to one [`Reader`].

mod section;

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::field::{Field, Located};
use super::kind::{Kind, Known};
use super::problem::{Fault, Location, Problem};
use super::values::show;

pub(super) use section::{Section, document};

/// What is collected while the file is read.
pub(super) struct Reader {
    text: String,
    pub(super) problems: Vec<Problem>,
    /// All keys that were read, by section. `*` stands for a name that the operator chose.
    pub(super) known: BTreeMap<&'static str, BTreeMap<&'static str, Known>>,
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
    pub(super) fn place(&self, key: String, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let lines = before.bytes().filter(|b| *b == b'\n').count();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Location {
            key,
            line: lines + 1,
            column: line.chars().count() + 1,
        }
    }

    fn report(&mut self, place: &Location, fault: Fault) {
        self.problems.push(place.problem(fault));
    }

    /// The items of a value that should be an array; `key` is the last part of its name.
    fn items<T>(
        &mut self,
        place: Location,
        value: &DeValue<'_>,
        key: &str,
        kind: &impl Kind<T>,
    ) -> Field<Vec<Located<T>>> {
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

    fn parse<T>(&mut self, place: Location, parsed: Result<T, Fault>) -> Field<T> {
        match parsed {
            Ok(value) => Field::Written(Located { value, place }),
            Err(fault) => {
                self.report(&place, fault);
                Field::Bad
            }
        }
    }
}

/// A list is good when all of its items are.
fn all<T>(items: Vec<Field<T>>, place: Location) -> Field<Vec<Located<T>>> {
    let mut value = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Field::Written(at) => value.push(at),
            Field::Bad | Field::Absent => return Field::Bad,
        }
    }
    Field::Written(Located { value, place })
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
