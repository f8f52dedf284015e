//! A BFF's folder from nothing, and what an existing package lacks to be one: `tailor new` and
//! `tailor init`.
//!
//! The templates are real files, in `host/templates`, which are part of the program. Their name
//! stands where they have a mark. A new folder is there whole or not at all; an existing package
//! keeps every line that it has.

mod error;
mod init;
mod json;
mod manifest;
mod name;
mod new;
#[cfg(test)]
mod tests;
mod workspace;

pub use error::TemplateError;
pub use init::{Step, init};
pub use new::{New, create};
pub use workspace::Workspace;

use std::path::{Path, PathBuf};

use crate::build::Kit;

/// The files: `build.rs` of this crate lists them.
mod sources {
    include!(concat!(env!("OUT_DIR"), "/templates.rs"));
}

/// Files with their texts, by their paths in the BFF's folder.
type Files = &'static [(&'static str, &'static str)];

/// The shapes of answers to a template's fixtures.
const ANSWERS: &str = "answers.json";

/// Where the name stands in a template.
const NAME: &str = "{{name}}";
/// Where the path of the component stands.
const COMPONENT: &str = "{{component}}";

/// Where a BFF's folder has the kit.
const VENDOR: &str = "vendor/tailor-kit";

/// What a BFF is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// TypeScript, with the routes and calls of the kit.
    Ts,
    /// An app of Hono.
    Hono,
    /// Rust.
    Rust,
    /// Python.
    Python,
}

impl Template {
    /// The kit that its folder has.
    const fn kit(self) -> Kit {
        match self {
            Self::Ts | Self::Hono => Kit::Npm,
            Self::Rust => Kit::Crate,
            Self::Python => Kit::Python,
        }
    }

    /// The files that it shares with other templates, and its own.
    fn parts(self) -> [Files; 2] {
        match self {
            Self::Ts => [sources::NPM, sources::TS],
            Self::Hono => [sources::NPM, sources::HONO],
            Self::Rust => [&[], sources::RUST],
            Self::Python => [&[], sources::PY],
        }
    }

    /// Its files, those of a BFF of this name.
    fn files(self, name: &str, component: &Path) -> Vec<(PathBuf, String)> {
        let component = component.display().to_string();
        let written = |text: &str| text.replace(NAME, name).replace(COMPONENT, &component);
        let parts = self.parts();
        let files = parts.iter().copied().flatten();
        files
            .map(|(file, text)| (PathBuf::from(file), written(text)))
            .collect()
    }

    /// The text of one of its files, with its marks.
    fn text(self, file: &str) -> &'static str {
        let parts = self.parts();
        let mut files = parts.iter().copied().flatten();
        files
            .find(|(name, _)| *name == file)
            .map_or("", |(_, text)| text)
    }
}

/// Where `tailor build` puts the component of a package, in a folder of its own.
fn component(package: &str) -> PathBuf {
    Path::new("target/components").join(format!("{package}.wasm"))
}
