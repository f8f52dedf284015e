//! The kits, written from the program itself: what a team's own repository needs to build BFFs
//! that fit this host, without a registry.

mod manifest;

use std::path::{Path, PathBuf};

use super::BuildError;
use super::component::write_whole;
use super::stamp::files_below;

/// The sources: `build.rs` of this crate lists them.
mod sources {
    include!(concat!(env!("OUT_DIR"), "/kits.rs"));
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A kit that the program can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kit {
    /// `@tailor/kit`, for BFFs in TypeScript.
    Npm,
    /// `tailor-kit`, for BFFs in Rust.
    Crate,
    /// `tailor_kit`, for BFFs in Python.
    Python,
}

impl Kit {
    /// The file that describes the package, and the line that it has with the kit's name.
    fn mark(self) -> (&'static str, &'static str) {
        match self {
            Self::Npm => ("package.json", "\"name\": \"@tailor/kit\""),
            Self::Crate => ("Cargo.toml", "name = \"tailor-kit\""),
            Self::Python => ("pyproject.toml", "name = \"tailor-kit\""),
        }
    }

    /// The files with their texts. The version is the program's, the contract is in `wit`.
    ///
    /// # Errors
    ///
    /// When the manifest of the crate is none, which is a fault of the program.
    pub fn files(self) -> Result<Vec<(PathBuf, String)>, BuildError> {
        let own = match self {
            Self::Npm => sources::NPM,
            Self::Crate => sources::CRATE,
            Self::Python => sources::PYTHON,
        };
        let shared = sources::SHARED.iter();
        let shared = shared.filter(|(name, _)| *name != manifest::WORKSPACE);
        let mut files = Vec::new();
        for (name, text) in own.iter().chain(shared) {
            let text = match *name {
                "package.json" => manifest::npm(text, VERSION),
                "Cargo.toml" => manifest::cargo(text, workspace(), VERSION)?,
                "pyproject.toml" => manifest::python(text, VERSION),
                // The contract is in the package, and no longer in the repository's root.
                _ => text
                    .replace("path: \"../../wit\"", "path: \"wit\"")
                    .replace("\"../../../wit/", "\"../wit/"),
            };
            files.push((PathBuf::from(name), text));
        }
        files.push(("README.md".into(), self.readme()));
        Ok(files)
    }

    fn readme(self) -> String {
        let (name, option) = match self {
            Self::Npm => ("@tailor/kit", "--npm"),
            Self::Crate => ("tailor-kit", "--crate"),
            Self::Python => ("tailor-kit", "--python"),
        };
        format!(
            "# {name}\n\nWritten by `tailor kit {option}` of tailor {VERSION}, with the contract of that \
             version in `wit`.\nA later version writes over it: nothing in here is to be changed by \
             hand.\n"
        )
    }

    /// Writes the kit into `folder`, in the place of an earlier one.
    ///
    /// # Errors
    ///
    /// When the folder has something else in it, or cannot be written.
    pub fn write(self, folder: &Path) -> Result<(), BuildError> {
        let old = self.earlier(folder)?;
        let files = self.files()?;
        for (name, text) in &files {
            write_whole(&folder.join(name), text.as_bytes())?;
        }
        let is_left = |file: &PathBuf| {
            let name = file.strip_prefix(folder).unwrap_or(file);
            !files.iter().any(|(other, _)| other == name)
        };
        for file in old.into_iter().filter(is_left) {
            std::fs::remove_file(&file).map_err(BuildError::io("remove", &file))?;
        }
        Ok(())
    }

    /// The files of an earlier kit in the folder that this one may not have.
    fn earlier(self, folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
        let empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        if empty {
            return Ok(Vec::new());
        }
        let (file, line) = self.mark();
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        if !text.contains(line) {
            return Err(BuildError::Occupied(folder.to_owned()));
        }
        let parts = ["src", "testing", "tools", "wit"].map(|part| folder.join(part));
        let mut files = Vec::new();
        for part in parts.iter().filter(|part| part.is_dir()) {
            files.extend(files_below(part, &|_| false)?);
        }
        Ok(files)
    }
}

/// The manifest of the workspace that the crate is from.
fn workspace() -> &'static str {
    let mut shared = sources::SHARED.iter();
    shared
        .find(|(name, _)| *name == manifest::WORKSPACE)
        .map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_is_written_over_an_earlier_one_and_over_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        for (kit, file) in [
            (Kit::Npm, "src/index.ts"),
            (Kit::Crate, "src/lib.rs"),
            (Kit::Python, "src/tailor_kit/__init__.py"),
        ] {
            let folder = root.path().join(format!("{kit:?}/vendor"));
            kit.write(&folder).unwrap();
            assert!(folder.join("wit/tailor.wit").is_file());
            assert!(folder.join("LICENSE").is_file() && folder.join(file).is_file());
            let old = folder.join("src/old.rs");
            std::fs::write(&old, "").unwrap();
            std::fs::write(folder.join(file), "").unwrap();
            kit.write(&folder).unwrap();
            assert!(!old.exists());
            assert_ne!(std::fs::read_to_string(folder.join(file)).unwrap(), "");
        }
        let other = root.path().join("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("package.json"), "{}").unwrap();
        let error = Kit::Npm.write(&other).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}: has files in it that are no kit; name a folder that is empty or not there",
                other.display()
            )
        );
    }

    #[test]
    fn manifests_stand_alone_and_have_the_programs_version() {
        let text = |kit: Kit, name: &str| {
            let files = kit.files().unwrap();
            let found = files
                .into_iter()
                .find(|(other, _)| other == Path::new(name));
            found.unwrap().1
        };
        let npm: serde_json::Value = serde_json::from_str(&text(Kit::Npm, "package.json")).unwrap();
        assert_eq!(
            (&npm["name"], &npm["version"]),
            (&"@tailor/kit".into(), &VERSION.into())
        );
        assert!(npm.get("private").is_none());
        let packed = npm["files"].as_array().unwrap();
        for (name, _) in sources::NPM
            .iter()
            .filter(|(name, _)| *name != "package.json")
        {
            let top = name.split('/').next().unwrap();
            assert!(packed.iter().any(|it| it == top), "{name}");
        }
        assert!(packed.iter().any(|it| it == "wit"));

        let cargo = text(Kit::Crate, "Cargo.toml");
        assert!(!cargo.contains("workspace"), "{cargo}");
        let cargo: toml::Table = cargo.parse().unwrap();
        assert_eq!(cargo["package"]["version"].as_str(), Some(VERSION));
        assert_eq!(
            cargo["dependencies"]["wit-bindgen"]["version"].as_str(),
            Some("=0.61.1")
        );
        assert!(text(Kit::Crate, "src/bindings.rs").contains("path: \"wit\","));

        let python: toml::Table = text(Kit::Python, "pyproject.toml").parse().unwrap();
        assert_eq!(python["project"]["version"].as_str(), Some(VERSION));
        assert!(text(Kit::Python, "src/tailor_kit/py.typed").is_empty());
    }
}
