//! What is the same for the folder of a BFF in any language.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::BuildError;

/// The files that show a language, each with its language.
const MANIFESTS: [(&str, &str); 3] = [
    ("Cargo.toml", "Rust"),
    ("package.json", "TypeScript"),
    ("pyproject.toml", "Python"),
];

/// Refuses a folder that has the files of two languages.
pub(super) fn only_manifest(folder: &Path) -> Result<(), BuildError> {
    let mut found = MANIFESTS
        .into_iter()
        .filter(|(file, _)| folder.join(file).is_file());
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => Err(BuildError::TwoManifests {
            folder: folder.to_owned(),
            found: [first, second],
        }),
        _ => Ok(()),
    }
}

/// The folder of finished components of the BFF in `folder`: `target/components` beside the other
/// BFFs when this one is among them (then there is a Cargo.toml one level up), else in the folder.
pub(super) fn components_of(folder: &Path) -> PathBuf {
    let up = folder.parent();
    let together = up.filter(|up| up.join("Cargo.toml").is_file());
    together.unwrap_or(folder).join("target/components")
}

/// What a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Wall time.
    pub(super) time: Duration,
    /// Resident memory, bytes. Only Linux tells it.
    pub(super) memory: u64,
}
