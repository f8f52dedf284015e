//! Whose limits and grants hold for a suite.

use std::path::{Path, PathBuf};

use crate::config::{self, Bff, ConfigError};

/// The name of a configuration file that is looked for.
const FILE: &str = "tailor.toml";

/// The settings of a BFF, and the file that has them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// The BFF's part of it.
    pub bff: Bff,
}

/// A configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is no configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It has no BFF of this component.
    #[error("{}: no BFF has the component {}; there are {known}", file.display(), component.display())]
    NoBff {
        /// The file.
        file: PathBuf,
        /// The component.
        component: PathBuf,
        /// The components that it names.
        known: String,
    },
}

/// What the root of a repository has.
const REPOSITORIES: [&str; 3] = [".git", ".hg", ".jj"];
/// What a package has.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "package.json", "pyproject.toml"];

/// The files that may configure a BFF in a folder, the nearest first, whether they are there or
/// not: in the folder and those above it, up to the root of the repository. Without a repository,
/// up to the home folder, and elsewhere up to the outermost package: what is above is another's.
pub fn configurations(folder: &Path) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    configurations_below(&real(folder), home.as_deref())
}

fn configurations_below(folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let folders: Vec<&Path> = folder.ancestors().collect();
    let home = home.filter(|home| home.is_absolute()).map(real);
    let has = |folder: &Path, names: &[&str]| names.iter().any(|name| folder.join(name).exists());
    let repository = folders.iter().position(|it| has(it, &REPOSITORIES));
    let home = folders.iter().position(|it| Some(*it) == home.as_deref());
    let package = folders.iter().rposition(|it| has(it, &MANIFESTS));
    let last = repository.or(home).or(package).unwrap_or(0);
    let folders = folders.into_iter().take(last + 1);
    folders.map(|folder| folder.join(FILE)).collect()
}

/// The settings of the BFF of a component, the first by name where there are several: in the file
/// `named`, else in the nearest of [`configurations`] that has such a BFF. Nothing where no file has
/// one: then the defaults hold.
///
/// # Errors
///
/// When a file is no configuration, and when the one that was named has no such BFF.
pub fn settings_of(
    component: &Path,
    folder: &Path,
    named: Option<&Path>,
) -> Result<Option<Settings>, SettingsError> {
    let wanted = real(component);
    if let Some(file) = named {
        let config = config::load_bffs(file)?;
        let names: Vec<String> = config
            .bffs
            .values()
            .filter_map(|bff| Some(bff.component.as_ref()?.display().to_string()))
            .collect();
        let found = config.bffs.into_values().find(|bff| is_of(bff, &wanted));
        let bff = found.ok_or_else(|| SettingsError::NoBff {
            file: file.to_owned(),
            component: component.to_owned(),
            known: names.join(", "),
        })?;
        let file = file.to_owned();
        return Ok(Some(Settings { file, bff }));
    }
    for file in configurations(folder) {
        if file.is_file() {
            let mut bffs = config::load_bffs(&file)?.bffs.into_values();
            if let Some(bff) = bffs.find(|bff| is_of(bff, &wanted)) {
                return Ok(Some(Settings { file, bff }));
            }
        }
    }
    Ok(None)
}

/// Whether the component of a BFF is this file.
fn is_of(bff: &config::Bff, wanted: &Path) -> bool {
    bff.component
        .as_deref()
        .is_some_and(|file| real(file) == wanted)
}

/// The one path of a file that is there, whatever links lead to it.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_configuration_with_a_bff_of_the_component_holds() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("bffs/scales");
        std::fs::create_dir_all(&folder).unwrap();
        let component = folder.join("scales.wasm");
        std::fs::write(&component, "").unwrap();
        let config = |path: &str, name: &str| {
            let text = format!(
                "[bff.{name}]\ncomponent = \"{}\"\n[[route]]\nbff = \"{name}\"\npath = \"/\"\n",
                component.display()
            );
            std::fs::write(dir.path().join(path), text).unwrap();
        };
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        let found = |named: Option<&Path>| settings_of(&component, &folder, named);
        assert!(found(None).unwrap().is_none());
        config("tailor.toml", "far");
        assert_eq!(found(None).unwrap().unwrap().bff.name, "far");
        config("bffs/tailor.toml", "near");
        assert_eq!(found(None).unwrap().unwrap().bff.name, "near");
        // That of another BFF is none of this one.
        let other = dir.path().join("bffs/tailor.toml");
        let text = std::fs::read_to_string(&other).unwrap();
        std::fs::write(&other, text.replace("scales.wasm", "other.wasm")).unwrap();
        assert_eq!(found(None).unwrap().unwrap().bff.name, "far");
        let error = found(Some(&other)).unwrap_err().to_string();
        assert!(
            error.contains("no BFF has the component") && error.contains("other.wasm"),
            "{error}"
        );
        // It ends with the repository.
        std::fs::create_dir(dir.path().join("bffs/.git")).unwrap();
        assert!(found(None).unwrap().is_none());
    }

    #[test]
    fn what_is_above_the_repository_or_the_home_or_the_package_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let folder = top.join("a/b/c");
        std::fs::create_dir_all(&folder).unwrap();
        let found = |home: Option<&Path>| {
            let found = configurations_below(&folder, home);
            let last = found.last().and_then(|last| last.parent()).unwrap();
            (found.len(), last.to_owned())
        };
        assert_eq!(found(None), (1, folder.clone()));
        std::fs::write(top.join("a/b/package.json"), "{}").unwrap();
        assert_eq!(found(None), (2, top.join("a/b")));
        assert_eq!(found(Some(&top)), (4, top.clone()));
        assert_eq!(found(Some(&top.join("x"))), (2, top.join("a/b")));
        std::fs::create_dir(top.join("a/.git")).unwrap();
        assert_eq!(found(Some(&top)), (3, top.join("a")));
    }
}
