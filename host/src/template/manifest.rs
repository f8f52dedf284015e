//! Lines that are put into a Cargo.toml, every other line of which stays as it is.

use std::path::Path;

use toml::{Table, Value};

use super::{TemplateError, VENDOR};

/// The kinds of library that a BFF is: a component, and what tests and other crates use.
const KINDS: &str = "crate-type = [\"cdylib\", \"rlib\"]";
const KIT: &str = "tailor-kit";

/// A Cargo.toml, and what of it was there or is new.
pub(super) struct Manifest<'a> {
    file: &'a Path,
    text: String,
    table: Table,
}

impl<'a> Manifest<'a> {
    /// Reads the manifest of one package.
    pub(super) fn read(file: &'a Path, text: String) -> Result<Self, TemplateError> {
        let table = parse(file, &text)?;
        if table.get("package").is_none() {
            let reason = "has no [package]: name the folder of one package of the workspace";
            return Err(TemplateError::manifest(file, reason));
        }
        Ok(Self { file, text, table })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn name(&self) -> &str {
        let name = self.at(&["package", "name"]).and_then(Value::as_str);
        name.unwrap_or_default()
    }

    /// The library's file, as seen from the manifest's folder.
    pub(super) fn library(&self) -> &str {
        let path = self.at(&["lib", "path"]).and_then(Value::as_str);
        path.unwrap_or("src/lib.rs")
    }

    /// The value at the end of these keys.
    fn at(&self, keys: &[&str]) -> Option<&Value> {
        let (first, rest) = keys.split_first()?;
        let first = self.table.get(*first)?;
        rest.iter().try_fold(first, |value, key| value.get(key))
    }

    /// Has the library made a component. Whether it was not before.
    pub(super) fn make_component(&mut self) -> Result<bool, TemplateError> {
        let kinds = self.at(&["lib", "crate-type"]);
        let kinds = kinds.or_else(|| self.at(&["lib", "crate_type"]));
        let kinds = kinds.and_then(Value::as_array);
        let text = match kinds {
            Some(kinds) if kinds.contains(&"cdylib".into()) => return Ok(false),
            Some(kinds) => {
                let comma = if kinds.is_empty() { "" } else { ", " };
                let in_list = format!("[\"cdylib\"{comma}");
                let key = |line: &str| {
                    let line = line.trim_start();
                    line.starts_with("crate-type") || line.starts_with("crate_type")
                };
                self.with_line("lib", key, |line| line.replacen('[', &in_list, 1))
            }
            None => self.with("lib", KINDS),
        };
        let way_out = "add \"cdylib\" to crate-type of [lib] by hand";
        self.take(text, way_out)?;
        Ok(true)
    }

    /// Adds an entry to a section where it has none of the name. Whether it had none.
    pub(super) fn depend(
        &mut self,
        section: &str,
        name: &str,
        value: &str,
    ) -> Result<bool, TemplateError> {
        if self.at(&[section, name]).is_some() {
            return Ok(false);
        }
        let entry = format!("{name} = {value}");
        let text = self.with(section, &entry);
        self.take(text, &format!("add {entry:?} to [{section}] by hand"))?;
        Ok(true)
    }

    /// Adds the kit. Whether it was not there.
    pub(super) fn depend_on_kit(&mut self) -> Result<bool, TemplateError> {
        self.depend("dependencies", KIT, &format!("{{ path = \"{VENDOR}\" }}"))
    }

    /// Adds the release profile of a template's manifest. Whether there was none.
    pub(super) fn add_profile(&mut self, template: &str) -> Result<bool, TemplateError> {
        if self.at(&["profile", "release"]).is_some() {
            return Ok(false);
        }
        let profile = template.split_once("[profile.release]\n");
        let (_, entries) = profile.unwrap_or_default();
        let text = self.with("profile.release", entries.trim_end());
        self.take(text, "add [profile.release] by hand")?;
        Ok(true)
    }

    fn line(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// The text with lines at the end of a section, which is made where it is not there.
    fn with(&self, section: &str, lines: &str) -> String {
        let end = self.line();
        let lines = lines.lines().collect::<Vec<_>>().join(end);
        let lines = lines.as_str();
        let all: Vec<&str> = self.text.lines().collect();
        let Some(head) = all.iter().position(|line| is_head(line, section)) else {
            let text = self.text.trim_end();
            return format!("{text}{end}{end}[{section}]{end}{lines}{end}");
        };
        let body = all[head + 1..].iter();
        let body = body.take_while(|line| !line.trim_start().starts_with('['));
        let full: Vec<bool> = body.map(|line| !line.trim().is_empty()).collect();
        let last = full.iter().rposition(|full| *full).map_or(0, |at| at + 1);
        let (before, after) = all.split_at(head + 1 + last);
        let joined = before.iter().chain([&lines]).chain(after);
        joined.map(|line| format!("{line}{end}")).collect()
    }

    /// The text with a line of a section changed.
    fn with_line(
        &self,
        section: &str,
        is_it: impl Fn(&str) -> bool,
        changed: impl Fn(&str) -> String,
    ) -> String {
        let mut inside = false;
        let lines = self.text.split_inclusive('\n').map(|line| {
            if line.trim_start().starts_with('[') {
                inside = is_head(line, section);
            }
            if inside && is_it(line) {
                changed(line)
            } else {
                line.to_owned()
            }
        });
        lines.collect()
    }

    /// Takes a changed text, which still says all that it said before.
    fn take(&mut self, text: String, way_out: &str) -> Result<(), TemplateError> {
        match parse(self.file, &text) {
            Ok(table) if table != self.table && has(&table, &self.table) => {
                (self.text, self.table) = (text, table);
                Ok(())
            }
            _ => {
                let reason =
                    format!("is written in a way that this command cannot add to; {way_out}");
                Err(TemplateError::manifest(self.file, reason))
            }
        }
    }
}

fn parse(file: &Path, text: &str) -> Result<Table, TemplateError> {
    text.parse().map_err(|error: toml::de::Error| {
        TemplateError::manifest(file, format!("not TOML: {}", error.message()))
    })
}

/// Whether a line is the head of this section.
fn is_head(line: &str, section: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    name.is_some_and(|name| name.trim() == section)
}

/// Whether a table has all that another one has.
fn has(table: &Table, other: &Table) -> bool {
    other.iter().all(|(key, old)| match (table.get(key), old) {
        (Some(Value::Table(new)), Value::Table(old)) => has(new, old),
        (Some(Value::Array(new)), Value::Array(old)) => old.iter().all(|it| new.contains(it)),
        (new, old) => new == Some(old),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str) -> Result<String, TemplateError> {
        let mut manifest = Manifest::read(Path::new("Cargo.toml"), text.to_owned())?;
        manifest.make_component()?;
        manifest.depend_on_kit()?;
        let once = manifest.text().to_owned();
        assert!(!manifest.make_component()? && !manifest.depend_on_kit()?);
        assert_eq!(manifest.text(), once);
        Ok(once)
    }

    const KIT_LINE: &str = "tailor-kit = { path = \"vendor/tailor-kit\" }";

    #[test]
    fn lines_are_added_to_the_sections_that_are_there() {
        let package = "[package] # ours\nname = \"a\"\n";
        for (rest, expected) in [
            (
                "",
                format!("\n[lib]\n{KINDS}\n\n[dependencies]\n{KIT_LINE}\n"),
            ),
            (
                "\n[ dependencies ] # few\nserde = \"1\" # for JSON\n\n[lib]\nname = \"b\"\n",
                format!(
                    "\n[ dependencies ] # few\nserde = \"1\" # for JSON\n{KIT_LINE}\n\n\
                     [lib]\nname = \"b\"\n{KINDS}\n"
                ),
            ),
            (
                "[lib]\ncrate-type = [ # kinds\n  \"rlib\",\n]\n[dependencies.serde]\nversion = \"1\"\n",
                format!(
                    "[lib]\ncrate-type = [\"cdylib\",  # kinds\n  \"rlib\",\n]\n[dependencies.serde]\n\
                     version = \"1\"\n\n[dependencies]\n{KIT_LINE}\n"
                ),
            ),
        ] {
            let made = edited(&format!("{package}{rest}")).unwrap();
            assert_eq!(made, format!("{package}{expected}"));
            let windows = format!("{package}{rest}").replace('\n', "\r\n");
            assert_eq!(edited(&windows).unwrap(), made.replace('\n', "\r\n"));
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_with_the_way_out() {
        for (text, words) in [
            ("[workspace]\n", "has no [package]"),
            ("[package\n", "not TOML"),
            (
                "lib = { name = \"b\" }\n[package]\nname = \"a\"\n",
                "add \"cdylib\" to crate-type of [lib] by hand",
            ),
        ] {
            let error = edited(text).unwrap_err().to_string();
            assert!(
                error.starts_with("Cargo.toml: ") && error.contains(words),
                "{error}"
            );
        }
    }
}
