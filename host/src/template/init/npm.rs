//! A package of npm.

use std::path::Path;

use serde_json::Value;

use super::super::json::{insert, replace, twice};
use super::{Init, Template, TemplateError, read};
use crate::build::NO_TESTS;
use crate::text::cut;

/// The modules that may be the entry of a package that names none, the first that is there. The
/// first of all is the one that the build takes.
const ENTRIES: [&str; 4] = ["src/index.ts", OURS, "src/index.js", "src/main.js"];

/// That of the templates.
const OURS: &str = "src/main.ts";

/// Objects of package.json whose members are added one by one.
const SHARED: [&str; 4] = ["scripts", "dependencies", "devDependencies", "overrides"];

const KIT: &str = "@tailor/kit";

/// A package.json, and what of it was there or is new.
struct Manifest<'a> {
    file: &'a Path,
    text: String,
    json: Value,
    noted: Vec<(String, bool)>,
}

impl<'a> Manifest<'a> {
    fn read(file: &'a Path) -> Result<Self, TemplateError> {
        let text = read(file)?;
        let json: Value = serde_json::from_str(&text).map_err(|error| {
            TemplateError::manifest(file, format!("not JSON, which has no comments: {error}"))
        })?;
        if !json.is_object() {
            return Err(TemplateError::manifest(file, "is no object"));
        }
        for key in SHARED.into_iter().chain(["tailor"]) {
            if json.get(key).is_some_and(|value| !value.is_object()) {
                let reason = format!("{key} is no object; take it out or mend it");
                return Err(TemplateError::manifest(file, reason));
            }
        }
        if let Some(key) = twice(&text, SHARED.into_iter().chain(["tailor"])) {
            let reason = format!("{} is there twice; take one of them out", cut(&key));
            return Err(TemplateError::manifest(file, reason));
        }
        Ok(Self {
            file,
            text,
            json,
            noted: Vec::new(),
        })
    }

    fn has(&self, package: &str) -> bool {
        let mut places = ["dependencies", "devDependencies"].iter();
        places.any(|place| self.json[*place].get(package).is_some())
    }

    /// Adds a member to an object of the file, unless it is there or `there` says that it need not be.
    fn add(
        &mut self,
        place: &str,
        key: &str,
        value: &Value,
        there: bool,
    ) -> Result<(), TemplateError> {
        let added = !there && self.json[place].get(key).is_none();
        if added {
            self.text = insert(&self.text, &[place], key, value);
            self.json = serde_json::from_str(&self.text)
                .map_err(|error| TemplateError::manifest(self.file, error.to_string()))?;
        }
        self.noted
            .push((format!("package.json: {place}.{key}"), added));
        Ok(())
    }

    /// Whether its tests are those of `npm init`, which has none.
    fn tests_nothing(&self) -> bool {
        let test = self.json["scripts"]["test"].as_str();
        test == Some(NO_TESTS)
    }

    /// Puts another value in place of one.
    fn replace(&mut self, place: &str, key: &str, value: &Value) -> Result<(), TemplateError> {
        self.text = replace(&self.text, &[place], key, value);
        self.json = serde_json::from_str(&self.text)
            .map_err(|error| TemplateError::manifest(self.file, error.to_string()))?;
        self.noted
            .push((format!("package.json: {place}.{key}"), true));
        Ok(())
    }

    /// The entry, and whether it is there: that of the file, else one that is there, else that of the
    /// template.
    fn entry(&self, folder: &Path) -> Result<(String, bool), TemplateError> {
        let named = self.json["tailor"]
            .get("entry")
            .map(|entry| entry.as_str().unwrap_or_default());
        let is_there = |entry: &str| folder.join(entry).is_file();
        match named {
            Some(entry) if is_there(entry) => Ok((entry.to_owned(), true)),
            // A run that was broken off goes on.
            Some(entry) if entry != OURS => {
                let reason = format!(
                    "tailor.entry is {entry:?}, where there is no file; write it, or take the key out"
                );
                Err(TemplateError::manifest(self.file, reason))
            }
            Some(_) => Ok((OURS.to_owned(), false)),
            None => {
                let found = ENTRIES.into_iter().find(|entry| is_there(entry));
                Ok((found.unwrap_or(OURS).to_owned(), found.is_some()))
            }
        }
    }
}

impl Init<'_> {
    pub(super) fn npm(
        &mut self,
        file: &Path,
        template: Option<Template>,
    ) -> Result<(), TemplateError> {
        let mut manifest = Manifest::read(file)?;
        let found = if manifest.has("hono") {
            Template::Hono
        } else {
            Template::Ts
        };
        let template = template.unwrap_or(found);
        let model = template.text("package.json");
        let model: Value = serde_json::from_str(model)
            .map_err(|error| TemplateError::manifest(file, error.to_string()))?;
        let (entry, own) = manifest.entry(self.folder)?;

        manifest.add("tailor", "entry", &entry.as_str().into(), false)?;
        for place in SHARED {
            for (key, value) in model[place].as_object().into_iter().flatten() {
                let is_package = place.ends_with("ependencies");
                let there = is_package && manifest.has(key);
                match key.as_str() {
                    // A source of its own brings its own tests, and what it imports.
                    "test" | "hono" if own => {}
                    "test" if manifest.tests_nothing() => manifest.replace(place, key, value)?,
                    "check" if own => manifest.add(place, key, &"tsc --noEmit".into(), there)?,
                    _ => manifest.add(place, key, value, there)?,
                }
            }
        }
        let kit =
            ["dependencies", "devDependencies"].map(|place| manifest.json[place][KIT].as_str());
        let vendored = kit
            .iter()
            .flatten()
            .any(|place| place.contains(super::VENDOR));
        if vendored {
            self.vendor(template)?;
        }
        if manifest.noted.iter().any(|(_, added)| *added) {
            self.change(file, &manifest.text)?;
        }
        for (what, added) in std::mem::take(&mut manifest.noted) {
            self.note(what, added);
        }
        self.add("tsconfig.json", template.text("tsconfig.json"))?;
        if !own {
            self.add("tsconfig.test.json", template.text("tsconfig.test.json"))?;
            self.add_all(template.parts()[1], "test/")?;
        }
        self.fixtures((!own).then_some(template))?;
        self.add(".gitignore", template.text(".gitignore"))?;
        if !own {
            // After what belongs to it, which a run that was broken off would not write again.
            self.add(OURS, template.text(OURS))?;
        }
        let name = self.package_name(&manifest.json);
        self.configuration(template, &name)?;
        Ok(())
    }

    /// The name without a scope; that of the folder where the file has none.
    fn package_name(&self, json: &Value) -> String {
        let folder = self.folder.canonicalize().unwrap_or_default();
        let folder = folder.file_name().unwrap_or_default().to_string_lossy();
        let name = json["name"].as_str().unwrap_or(&folder);
        name.rsplit('/').next().unwrap_or_default().to_owned()
    }
}
