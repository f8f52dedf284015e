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

/// The settings of the BFF of a component, the first by name where there are several: in the file
/// `named`, else in the nearest `tailor.toml` of the folder and those above it that has such a BFF,
/// up to the root of the repository. Nothing where no file has one: then the defaults hold.
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
        let config = config::load_but_components(file)?;
        let names: Vec<String> = config
            .bffs
            .values()
            .map(|bff| bff.component.display().to_string())
            .collect();
        let found = config
            .bffs
            .into_values()
            .find(|bff| real(&bff.component) == wanted);
        let bff = found.ok_or_else(|| SettingsError::NoBff {
            file: file.to_owned(),
            component: component.to_owned(),
            known: names.join(", "),
        })?;
        let file = file.to_owned();
        return Ok(Some(Settings { file, bff }));
    }
    let folder = real(folder);
    for folder in folder.ancestors() {
        let file = folder.join(FILE);
        if file.is_file() {
            let mut bffs = config::load_but_components(&file)?.bffs.into_values();
            if let Some(bff) = bffs.find(|bff| real(&bff.component) == wanted) {
                return Ok(Some(Settings { file, bff }));
            }
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Ok(None)
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
}
