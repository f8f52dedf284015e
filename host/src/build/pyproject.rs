//! A BFF that is a Python project: what its `pyproject.toml` says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::BuildError;
use super::folder::{Bounds, components_of, only_manifest};

/// The file that makes a folder a Python project.
pub(super) const MANIFEST: &str = "pyproject.toml";
/// The version of componentize-py that a project gets which names none.
pub(super) const COMPONENTIZE: &str = "0.25.1";

/// Seconds that the last step may take, unless the project says otherwise. The interpreter alone
/// takes ten to twenty of processor time, whatever the project does.
const MODULE_SECONDS: u32 = 120;
/// MiB of memory that it may take, likewise.
const MODULE_MIB: u32 = 2048;

/// A BFF that is a Python project.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PyProject {
    /// Absolute.
    pub folder: PathBuf,
    pub name: String,
    /// The module that has `handler`, relative to the folder.
    pub entry: PathBuf,
    /// The folders that modules are imported from besides that of the entry, absolute.
    pub path: Vec<PathBuf>,
    /// The contract's folder if the project names it, absolute.
    pub wit: Option<PathBuf>,
    /// The packages that its code may import, as pip takes them.
    pub dependencies: Vec<String>,
    /// The version of componentize-py that it asks for.
    pub componentize: String,
    /// What its module-level code may use when the component is built.
    pub modules: Bounds,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    project: Option<Project>,
    #[serde(default)]
    dependency_groups: toml::Table,
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize)]
struct Project {
    name: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Tool {
    tailor: Option<Settings>,
}

/// The table `tool.tailor`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    entry: Option<PathBuf>,
    #[serde(default)]
    path: Vec<PathBuf>,
    wit: Option<PathBuf>,
    module_seconds: Option<u32>,
    module_mib: Option<u32>,
}

impl PyProject {
    /// The project in `folder`, which is absolute, and whether it calls itself a BFF by the table
    /// `tool.tailor`; nothing without a pyproject.toml.
    pub(super) fn read(folder: &Path) -> Result<Option<(Self, bool)>, BuildError> {
        let file = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BuildError::io("read", file)(error)),
        };
        let unsuitable = |reason: String| BuildError::Unsuitable {
            file: file.clone(),
            reason,
        };
        let read: File = toml::from_str(&text).map_err(|error| {
            // Its place and what is there take lines of their own.
            unsuitable(error.to_string().trim_end().to_owned())
        })?;
        let componentize = pinned(&read.dependency_groups).map_err(unsuitable)?;
        let declared = read.tool.tailor.is_some();
        let settings = read.tool.tailor.unwrap_or_default();
        let (name, dependencies) = read
            .project
            .map_or((None, Vec::new()), |it| (it.name, it.dependencies));
        let folder_name = || {
            let name = folder.file_name();
            name.map(|name| name.to_string_lossy().into_owned())
        };
        let seconds = settings.module_seconds.unwrap_or(MODULE_SECONDS);
        let mib = settings.module_mib.unwrap_or(MODULE_MIB);
        let project = Self {
            folder: folder.to_owned(),
            // It becomes the name of a file.
            name: name
                .filter(|name| !name.trim().is_empty())
                .or_else(folder_name)
                .unwrap_or_default()
                .replace(['/', '\\'], "-"),
            entry: settings.entry.unwrap_or_else(|| "src/main.py".into()),
            path: settings.path.iter().map(|it| folder.join(it)).collect(),
            wit: settings.wit.map(|wit| folder.join(wit)),
            dependencies,
            componentize,
            modules: Bounds {
                time: Duration::from_secs(seconds.into()),
                memory: u64::from(mib) << 20,
            },
        };
        Ok(Some((project, declared)))
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

    /// The entry as Python imports it: the folder that it is imported from, and its name there.
    pub(super) fn module(&self) -> Result<(PathBuf, String), BuildError> {
        let file = self.folder.join(&self.entry);
        let unsuitable = |reason: &str| BuildError::Unsuitable {
            file: self.folder.join(MANIFEST),
            reason: format!("its entry {}: {reason}", self.entry.display()),
        };
        if !file.is_file() {
            let reason = "there is no such file; name the module that has `handler`: \
                          [tool.tailor] entry = \"src/main.py\"";
            return Err(unsuitable(reason));
        }
        let stem = |file: &Path| {
            let stem = file.file_stem()?.to_str()?;
            let is_name = |text: &str| {
                let letters = text.chars().all(|it| it == '_' || it.is_alphanumeric());
                letters && !text.starts_with(|it: char| it.is_ascii_digit())
            };
            is_name(stem).then(|| stem.to_owned())
        };
        let is_package = file.file_name().is_some_and(|name| name == "__init__.py");
        let module = match (is_package, file.parent()) {
            (true, Some(package)) => package,
            _ => file.as_path(),
        };
        match (module.parent(), stem(module)) {
            (Some(folder), Some(name)) => Ok((folder.to_owned(), name)),
            _ => Err(unsuitable("is no name that Python can import")),
        }
    }
}

/// The version of componentize-py that a group of dependencies pins.
fn pinned(groups: &toml::Table) -> Result<String, String> {
    let lists = groups.values().filter_map(toml::Value::as_array);
    let all = lists.flatten().filter_map(toml::Value::as_str);
    let mut asked = all.filter(|it| name_of(it) == "componentize-py");
    let Some(asked) = asked.next() else {
        return Ok(COMPONENTIZE.to_owned());
    };
    let version = asked.split_once("==").map(|(_, version)| version.trim());
    let is_version = |text: &&str| {
        let parts = |it: char| it == '.' || it.is_ascii_alphanumeric();
        !text.is_empty() && text.chars().all(parts)
    };
    version
        .filter(is_version)
        .map(str::to_owned)
        .ok_or_else(|| {
            format!(
                "asks for {asked:?}, and other versions make other components: write \
             \"componentize-py=={COMPONENTIZE}\""
            )
        })
}

/// The normalized name of a requirement: `typing-extensions` of `Typing_Extensions>=4; ...`.
pub(super) fn name_of(requirement: &str) -> String {
    let is_end = |it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.'));
    let name = requirement.trim().split(is_end).next().unwrap_or_default();
    name.to_lowercase().replace(['_', '.'], "-")
}

/// The Python BFFs among the folders directly in `bffs`: those whose pyproject.toml has the table
/// `tool.tailor`.
pub(super) fn below(bffs: &Path) -> Result<Vec<PyProject>, BuildError> {
    let bffs = bffs.canonicalize().map_err(BuildError::io("read", bffs))?;
    let mut projects = Vec::new();
    for entry in std::fs::read_dir(&bffs).map_err(BuildError::io("read", &bffs))? {
        let folder = entry.map_err(BuildError::io("read", &bffs))?.path();
        if folder.is_dir()
            && let Some((project, true)) = PyProject::read(&folder)?
        {
            only_manifest(&folder)?;
            projects.push(project);
        }
    }
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(projects)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(manifest: &str, files: &[&str]) -> (tempfile::TempDir, Result<PyProject, String>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        for file in files {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let read = PyProject::read(folder.path());
        let read = read.map(|it| it.unwrap().0);
        (folder, read.map_err(|error| error.to_string()))
    }

    #[test]
    fn a_project_has_defaults_and_says_what_it_wants() {
        let (_plain, read) = project("[project]\nname = \"coach\"\n", &[]);
        let read = read.unwrap();
        assert_eq!((&*read.name, &*read.componentize), ("coach", COMPONENTIZE));
        assert_eq!(read.entry, Path::new("src/main.py"));
        let (_other, read) = project("[project]\nname = \"../../coach\"\n", &[]);
        assert_eq!(read.unwrap().name, "..-..-coach");
        let (folder, read) = project("[project]\nname = \"\"\n", &[]);
        let name = folder.path().file_name().unwrap().to_string_lossy();
        assert_eq!(read.unwrap().name, name);
        let (folder, read) = project(
            "[project]\nname = \"coach\"\ndependencies = [\"isodate==0.7.2\"]\n\
             [dependency-groups]\ndev = [\"ruff\", \"componentize_py == 0.26.0\"]\n\
             [tool.tailor]\nentry = \"lib/coach/__init__.py\"\npath = [\"vendor\"]\n",
            &["lib/coach/__init__.py"],
        );
        let read = read.unwrap();
        assert_eq!(read.componentize, "0.26.0");
        assert_eq!(read.path, [folder.path().join("vendor")]);
        assert_eq!(
            read.module().unwrap(),
            (folder.path().join("lib"), "coach".to_owned())
        );
    }

    #[test]
    fn what_is_wrong_with_it_is_named_with_the_way_out() {
        for (manifest, files, words) in [
            (
                "[tool.tailor]\nentri = \"a.py\"",
                &[][..],
                "unknown field `entri`",
            ),
            ("not toml", &[], "not a BFF: TOML parse error"),
            (
                "[dependency-groups]\ndev = [\"componentize-py>=0.25\"]",
                &[],
                "write \"componentize-py==0.25.1\"",
            ),
            ("", &[], "its entry src/main.py: there is no such file"),
            (
                "[tool.tailor]\nentry = \"src/my-app.py\"",
                &["src/my-app.py"],
                "is no name that Python can import",
            ),
        ] {
            let (_folder, read) = project(manifest, files);
            let said = match read {
                Err(error) => error,
                Ok(read) => read.module().unwrap_err().to_string(),
            };
            assert!(said.contains("pyproject.toml: not a BFF: "), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_requirement_is_known_by_its_normalized_name() {
        for (requirement, name) in [
            (
                "Typing_Extensions>=4; python_version<'3.11'",
                "typing-extensions",
            ),
            ("zope.interface[test]", "zope-interface"),
            (" isodate ", "isodate"),
        ] {
            assert_eq!(name_of(requirement), name);
        }
    }
}
