//! What kind of BFF a folder is, and what its `package.json` says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::BuildError;
use super::folder::{Bounds, components_of, only_manifest};
use super::pyproject::PyProject;

/// A language that a BFF can be built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A Cargo package with a `cdylib`.
    Rust,
    /// An npm package. Plain JavaScript is built in the same way.
    TypeScript,
    /// A Python project.
    Python,
}

/// A BFF's folder, absolute, and its language.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Project {
    Rust(PathBuf),
    TypeScript(Package),
    Python(PyProject),
}

/// A BFF that is an npm package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// Absolute.
    pub folder: PathBuf,
    /// Without a scope: `partner` of `@tailor/partner`.
    pub name: String,
    /// The module that exports `handler`, relative to the folder.
    pub entry: PathBuf,
    /// The contract's folder if the package names it, absolute.
    pub wit: Option<PathBuf>,
    /// The packages that its code may import, by name, with the versions that it asks for.
    pub dependencies: BTreeMap<String, String>,
    /// The packages for its build and its tests, likewise.
    pub dev_dependencies: BTreeMap<String, String>,
    /// What its module-level code may use when the component is built.
    pub modules: Bounds,
}

/// Seconds that module-level code may run, unless the package says otherwise. The engine around it
/// takes some seconds, more on a busy machine.
const MODULE_SECONDS: u32 = 60;
/// MiB of memory that it may take, with the engine and the program around it.
const MODULE_MIB: u32 = 2048;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackageJson {
    name: Option<String>,
    tailor: Option<Settings>,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
}

/// The key `tailor` of package.json.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    entry: Option<PathBuf>,
    wit: Option<PathBuf>,
    module_seconds: Option<u32>,
    module_mib: Option<u32>,
}

impl Settings {
    fn modules(&self) -> Bounds {
        let seconds = self.module_seconds.unwrap_or(MODULE_SECONDS);
        let mib = self.module_mib.unwrap_or(MODULE_MIB);
        Bounds {
            time: Duration::from_secs(seconds.into()),
            memory: u64::from(mib) << 20,
        }
    }
}

impl Project {
    /// Detects the language by the file that is there.
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let folder = folder
            .canonicalize()
            .map_err(BuildError::io("read", folder))?;
        only_manifest(&folder)?;
        if let Some((package, _)) = Package::read(&folder)? {
            return Ok(Self::TypeScript(package));
        }
        if let Some((project, _)) = PyProject::read(&folder)? {
            return Ok(Self::Python(project));
        }
        match folder.join("Cargo.toml").is_file() {
            true => Ok(Self::Rust(folder)),
            false => Err(BuildError::NotABff(folder)),
        }
    }
}

impl Package {
    /// The package in `folder` and whether it calls itself a BFF by the key `tailor`; nothing
    /// without a package.json.
    fn read(folder: &Path) -> Result<Option<(Self, bool)>, BuildError> {
        let file = folder.join("package.json");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BuildError::io("read", file)(error)),
        };
        let json: PackageJson =
            serde_json::from_str(&text).map_err(|error| BuildError::Unsuitable {
                file: file.clone(),
                reason: error.to_string(),
            })?;
        let declared = json.tailor.is_some();
        let settings = json.tailor.unwrap_or_default();
        let folder_name = || {
            folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
        };
        let name = json.name.or_else(folder_name).unwrap_or_default();
        let package = Self {
            folder: folder.to_owned(),
            // An npm name has at most one slash, after the scope.
            name: name.rsplit('/').next().unwrap_or_default().to_owned(),
            modules: settings.modules(),
            entry: settings.entry.unwrap_or_else(|| "src/index.ts".into()),
            wit: settings.wit.map(|wit| folder.join(wit)),
            dependencies: json.dependencies,
            dev_dependencies: json.dev_dependencies,
        };
        Ok(Some((package, declared)))
    }

    /// The folder of finished components.
    pub(super) fn components(&self) -> PathBuf {
        components_of(&self.folder)
    }

    /// Where its component is.
    pub(super) fn component(&self) -> PathBuf {
        self.components().join(format!("{}.wasm", self.name))
    }

    /// The folder of components of development builds, beside that one.
    pub(super) fn development(&self) -> PathBuf {
        self.components().with_file_name("dev")
    }
}

/// The TypeScript BFFs among the folders directly in `bffs`: those whose package.json has the key
/// `tailor`.
pub(super) fn typescript_below(bffs: &Path) -> Result<Vec<Package>, BuildError> {
    let bffs = bffs.canonicalize().map_err(BuildError::io("read", bffs))?;
    let mut packages = Vec::new();
    for entry in std::fs::read_dir(&bffs).map_err(BuildError::io("read", &bffs))? {
        let folder = entry.map_err(BuildError::io("read", &bffs))?.path();
        if folder.is_dir()
            && let Some((package, true)) = Package::read(&folder)?
        {
            only_manifest(&folder)?;
            packages.push(package);
        }
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_that_is_no_bff_is_named_with_what_was_looked_for() {
        let empty = folder(&[("README.md", "")]);
        let error = Project::read(empty.path()).unwrap_err().to_string();
        let path = empty.path().canonicalize().unwrap();
        assert_eq!(
            error,
            format!(
                "{}: not a BFF: looked for Cargo.toml (Rust), package.json (TypeScript) and \
                 pyproject.toml (Python) and found none",
                path.display()
            )
        );
        let missing = empty.path().join("watch");
        let error = Project::read(&missing).unwrap_err().to_string();
        assert_eq!(error, format!("{}: cannot read", missing.display()));
    }

    #[test]
    fn two_manifests_in_a_folder_are_refused_by_name_with_the_way_out() {
        let rust = folder(&[("Cargo.toml", "")]);
        assert!(matches!(Project::read(rust.path()), Ok(Project::Rust(_))));
        let both = folder(&[("Cargo.toml", ""), ("package.json", "{}")]);
        let error = Project::read(both.path()).unwrap_err().to_string();
        let path = both.path().canonicalize().unwrap();
        assert_eq!(
            error,
            format!(
                "{}: not a BFF: it has a Cargo.toml (Rust) and a package.json (TypeScript); move one \
                 of them to a folder of its own",
                path.display()
            )
        );
        let among = folder(&[
            ("watch/Cargo.toml", ""),
            ("watch/package.json", r#"{"tailor": {}}"#),
        ]);
        let error = typescript_below(among.path()).unwrap_err().to_string();
        assert!(
            error.contains("watch: not a BFF: it has a Cargo.toml"),
            "{error}"
        );
    }

    #[test]
    fn a_package_json_makes_it_typescript_with_defaults() {
        let plain = folder(&[("package.json", r#"{"name": "@team/partner"}"#)]);
        let Ok(Project::TypeScript(package)) = Project::read(plain.path()) else {
            panic!("not TypeScript");
        };
        assert_eq!(package.name, "partner");
        assert_eq!(package.entry, Path::new("src/index.ts"));
        assert_eq!(
            package.components(),
            package.folder.join("target/components")
        );
    }

    #[test]
    fn a_mistyped_setting_is_refused_by_name() {
        let typo = folder(&[(
            "package.json",
            r#"{"tailor": {"entrypoint": "src/main.ts"}}"#,
        )]);
        let error = Project::read(typo.path()).unwrap_err().to_string();
        assert!(
            error.contains("package.json: not a BFF: unknown field `entrypoint`"),
            "{error}"
        );
    }

    #[test]
    fn of_many_folders_those_with_the_key_are_bffs() {
        let bffs = folder(&[
            ("Cargo.toml", ""),
            ("kit-ts/package.json", r#"{"name": "@tailor/kit"}"#),
            ("watch/Cargo.toml", ""),
            (
                "partner/package.json",
                r#"{"name": "partner", "tailor": {"entry": "src/main.ts", "wit": "../../wit"}}"#,
            ),
        ]);
        let found = typescript_below(bffs.path()).unwrap();
        let [package] = found.as_slice() else {
            panic!("{found:?}");
        };
        let root = bffs.path().canonicalize().unwrap();
        assert_eq!(package.entry, Path::new("src/main.ts"));
        assert_eq!(package.wit, Some(root.join("partner/../../wit")));
        assert_eq!(package.components(), root.join("target/components"));
    }
}
