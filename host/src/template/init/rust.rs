//! A Cargo package.

use std::path::Path;

use super::super::manifest::Manifest;
use super::{Init, Template, TemplateError, read};

impl Init<'_> {
    pub(super) fn rust(&mut self, file: &Path) -> Result<(), TemplateError> {
        let template = Template::Rust;
        let mut manifest = Manifest::read(file, read(file)?)?;
        let library = manifest.library().to_owned();
        let own = self.folder.join(&library).exists();
        let mut noted = vec![
            ("[lib] crate-type", manifest.make_component()?),
            ("dependency tailor-kit", manifest.depend_on_kit()?),
        ];
        if !own {
            // What the template's source and its tests take.
            let serde = "{ version = \"1.0\", features = [\"derive\"] }";
            let serde = manifest.depend("dependencies", "serde", serde)?;
            let json = manifest.depend("dev-dependencies", "serde_json", "\"1.0\"")?;
            noted.extend([
                ("dependency serde", serde),
                ("dev-dependency serde_json", json),
            ]);
        }
        let vendored = manifest.text().contains(super::VENDOR);
        if vendored {
            self.vendor(template)?;
        }
        if noted.iter().any(|(_, added)| *added) {
            self.change(file, manifest.text())?;
        }
        for (what, added) in noted {
            self.note(format!("Cargo.toml: {what}"), added);
        }
        self.fixtures((!own).then_some(template))?;
        self.add(".gitignore", template.text(".gitignore"))?;
        // After what belongs to it, which a run that was broken off would not write again.
        self.add(&library, template.text("src/lib.rs"))?;
        let component = self.configuration(template, manifest.name())?;
        // Profiles of a member of a workspace are not looked at.
        if component.starts_with("target") {
            let added = manifest.add_profile(template.text("Cargo.toml"))?;
            if added {
                self.change(file, manifest.text())?;
            }
            self.note("Cargo.toml: [profile.release]", added);
        }
        Ok(())
    }
}
