//! A table of the file, key by key.
//!
//! The keys that are read are the keys that exist: what a table holds beyond them is reported as
//! unknown.

mod keys;

use toml::de::{DeTable, DeValue};

use super::{Reader, all, join};
use crate::config::field::{Field, Located, NamedList};
use crate::config::kind::{Form, Kind, Values, described};
use crate::config::problem::{Fault, Location};
use crate::config::values::{check_name, show};

/// What a section is read from.
enum Source<'a> {
    /// Nothing: all of its keys are absent.
    Absent,
    /// Something that is no table, and reported: all of its keys are bad.
    Bad,
    Table(&'a DeTable<'a>),
}

/// A table of the file.
pub(in crate::config) struct Section<'a> {
    reader: &'a mut Reader,
    pattern: &'static str,
    /// Where the table is, with its path as the key.
    pub(in crate::config) place: Location,
    source: Source<'a>,
    /// The pattern of a section around this one, and how that is written.
    around: Option<(&'static str, String)>,
}

/// Reads the whole document.
pub(in crate::config) fn document<T>(
    reader: &mut Reader,
    table: &DeTable<'_>,
    read: impl FnOnce(&mut Section<'_>) -> T,
) -> T {
    let place = reader.place(String::new(), 0);
    Section::whole(reader, place, "", Source::Table(table), read)
}

impl<'a> Section<'a> {
    /// Reads a table and reports what it has beyond the keys that were read.
    fn whole<T>(
        reader: &'a mut Reader,
        place: Location,
        pattern: &'static str,
        source: Source<'a>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut section = Self {
            reader,
            pattern,
            place,
            source,
            around: None,
        };
        let value = read(&mut section);
        section.report_unknown();
        value
    }

    /// Reports keys of a surrounding section, which has been read, as misplaced.
    pub(in crate::config) fn others_belong_to(&mut self, pattern: &'static str, header: String) {
        self.around = Some((pattern, header));
    }

    /// Whether the file has the key.
    pub(in crate::config) fn has(&mut self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Reads one value.
    pub(in crate::config) fn read<T>(&mut self, key: &'static str, kind: impl Kind<T>) -> Field<T> {
        self.know(key, Form::One, || described(&kind));
        match self.get(key) {
            None => self.unwritten(),
            Some((place, value)) => self.reader.parse(place, kind.parse(value)),
        }
    }

    /// Reads one value that has no default: without it, the section is reported. Never
    /// [`Field::Absent`].
    pub(in crate::config) fn required<T>(
        &mut self,
        key: &'static str,
        way_out: &str,
        kind: impl Kind<T>,
    ) -> Field<T> {
        let field = self.read(key, kind);
        self.require(key);
        match field {
            Field::Absent => {
                let place = Location {
                    key: self.path(key),
                    ..self.place.clone()
                };
                self.reader.report(&place, Fault::new("missing", way_out));
                Field::Bad
            }
            field => field,
        }
    }

    /// Reads an array, value by value.
    pub(in crate::config) fn list<T>(
        &mut self,
        key: &'static str,
        kind: impl Kind<T>,
    ) -> Field<Vec<Located<T>>> {
        self.list_of(key, Form::List, kind)
    }

    /// Reads an array that has a meaning only with at least one value, which is checked later.
    pub(in crate::config) fn filled<T>(
        &mut self,
        key: &'static str,
        kind: impl Kind<T>,
    ) -> Field<Vec<Located<T>>> {
        self.list_of(key, Form::Filled, kind)
    }

    fn list_of<T>(
        &mut self,
        key: &'static str,
        form: Form,
        kind: impl Kind<T>,
    ) -> Field<Vec<Located<T>>> {
        self.know(key, form, || {
            let (values, text) = described(&kind);
            (values.map(|it| Values::ListOf(Box::new(it))), text)
        });
        match self.get(key) {
            None => self.unwritten(),
            Some((place, value)) => self.reader.items(place, value, key, &kind),
        }
    }

    /// Reads one value, or an array of at least one. Without it, the section is reported. Never
    /// [`Field::Absent`].
    pub(in crate::config) fn one_or_more<T>(
        &mut self,
        key: &'static str,
        way_out: &str,
        kind: impl Kind<T>,
    ) -> Field<Vec<Located<T>>> {
        self.know(key, Form::OneOrMore, || described(&kind));
        self.require(key);
        match self.get(key) {
            Some((place, value @ DeValue::Array(array))) if !array.is_empty() => {
                self.reader.items(place, value, key, &kind)
            }
            Some((place, DeValue::Array(_))) => {
                let fault = Fault::new("the list is empty", way_out);
                self.reader.parse(place, Err(fault))
            }
            Some((place, value)) => {
                let item = self.reader.parse(place.clone(), kind.parse(value));
                all(vec![item], place)
            }
            None => match self.required(key, way_out, kind) {
                Field::Written(item) => Field::Written(Located {
                    place: item.place.clone(),
                    value: vec![item],
                }),
                Field::Absent | Field::Bad => Field::Bad,
            },
        }
    }

    /// Reads a table whose keys the operator chooses, value by value.
    pub(in crate::config) fn map<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str, &DeValue<'_>) -> Result<T, Fault>,
    ) -> Field<Vec<Located<T>>> {
        self.know(key, Form::Texts, || (None, None));
        let Some((place, value)) = self.get(key) else {
            return self.unwritten();
        };
        let DeValue::Table(table) = value else {
            let way_out = format!(r#"write a table: {key} = {{ name = "value" }}"#);
            let fault = Fault::new(format!("{} is not a table", show(value)), way_out);
            return self.reader.parse(place, Err(fault));
        };
        let items = table.iter().map(|(name, item)| {
            let at = self
                .reader
                .place(join(&place.key, name.get_ref()), name.span().start);
            self.reader.parse(at, parse(name.get_ref(), item.get_ref()))
        });
        all(items.collect(), place)
    }

    /// Reads a table of arrays whose keys the operator chooses.
    pub(in crate::config) fn lists<T>(
        &mut self,
        key: &'static str,
        kind: impl Kind<T>,
    ) -> Field<Vec<NamedList<T>>> {
        self.know(key, Form::Lists, || described(&kind));
        let Some((place, value)) = self.get(key) else {
            return self.unwritten();
        };
        let DeValue::Table(table) = value else {
            let way_out = format!("write a table: {key} = {{ name = [..] }}");
            let fault = Fault::new(format!("{} is not a table", show(value)), way_out);
            return self.reader.parse(place, Err(fault));
        };
        let lists = table.iter().map(|(name, list)| {
            let at = self
                .reader
                .place(join(&place.key, name.get_ref()), name.span().start);
            match self.reader.items(at, list.get_ref(), name.get_ref(), &kind) {
                Field::Written(Located { value, place }) => Field::Written(Located {
                    value: (name.get_ref().to_string(), value),
                    place,
                }),
                Field::Absent | Field::Bad => Field::Bad,
            }
        });
        all(lists.collect(), place)
    }

    /// Reads a table with known keys.
    pub(in crate::config) fn section<T>(
        &mut self,
        key: &'static str,
        pattern: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        self.know(key, Form::Section, || (None, None));
        let absent = Location {
            key: self.path(key),
            ..self.place.clone()
        };
        let (place, source) = match self.get(key) {
            None => (absent, Source::Absent),
            Some((place, value)) => {
                let source = self.table(&place, value, || format!("[{}]", place.key));
                (place, source)
            }
        };
        Section::whole(self.reader, place, pattern, source, read)
    }

    /// Reads the tables `[key.name]`, whose names the operator chooses.
    pub(in crate::config) fn named<T>(
        &mut self,
        key: &'static str,
        pattern: &'static str,
        read: impl Fn(&str, &mut Section<'_>) -> T,
    ) -> Vec<T> {
        self.know(key, Form::Named, || (None, None));
        let Some((place, value)) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Table(table) = value else {
            let fault = Fault::new(
                format!("{} is not a table", show(value)),
                format!("write [{}.<name>], once for each", place.key),
            );
            self.reader.report(&place, fault);
            return Vec::new();
        };
        let mut all = Vec::new();
        for (name, value) in table {
            let at = self
                .reader
                .place(join(&place.key, name.get_ref()), name.span().start);
            if let Err(fault) = check_name(name.get_ref()) {
                self.reader.report(&at, fault);
            }
            let source = self.table(&at, value.get_ref(), || format!("[{}]", at.key));
            let read = |section: &mut Section<'_>| read(name.get_ref(), section);
            all.push(Section::whole(self.reader, at, pattern, source, read));
        }
        all
    }

    /// Reads the tables `[[key]]`.
    pub(in crate::config) fn tables<T>(
        &mut self,
        key: &'static str,
        pattern: &'static str,
        read: impl Fn(&mut Section<'_>) -> T,
    ) -> Vec<T> {
        self.know(key, Form::Tables, || (None, None));
        let Some((place, value)) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(array) = value else {
            let what = format!("{} is not a list of tables", show(value));
            let fault = Fault::new(what, format!("write [[{}]], once for each", place.key));
            self.reader.report(&place, fault);
            return Vec::new();
        };
        let mut all = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let at = self
                .reader
                .place(format!("{}[{index}]", place.key), item.span().start);
            let source = self.table(&at, item.get_ref(), || format!("[[{}]]", place.key));
            all.push(Section::whole(self.reader, at, pattern, source, &read));
        }
        all
    }

    /// Reports a key of which the file has nothing, where at least one is needed.
    pub(in crate::config) fn demand(&mut self, key: &'static str, way_out: &str) {
        let nothing = match self.get(key) {
            None => true,
            Some((_, DeValue::Table(table))) => table.is_empty(),
            Some((_, DeValue::Array(array))) => array.is_empty(),
            Some(_) => false,
        };
        self.require(key);
        if nothing {
            let place = Location {
                key: key.to_owned(),
                ..self.place.clone()
            };
            self.reader.report(&place, Fault::new("missing", way_out));
        }
    }

    /// The table that a value should be, whose `header` would be written.
    fn table<'v>(
        &mut self,
        place: &Location,
        value: &'v DeValue<'v>,
        header: impl FnOnce() -> String,
    ) -> Source<'v> {
        if let DeValue::Table(table) = value {
            return Source::Table(table);
        }
        let what = format!("{} is not a table", show(value));
        self.reader
            .report(place, Fault::new(what, format!("write {}", header())));
        Source::Bad
    }

    /// The message for a key that the section does not have.
    fn unwritten<T>(&self) -> Field<T> {
        match self.source {
            Source::Absent | Source::Table(_) => Field::Absent,
            Source::Bad => Field::Bad,
        }
    }

    fn path(&self, key: &str) -> String {
        join(&self.place.key, key)
    }
}
