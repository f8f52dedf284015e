//! The modules that a build reads, as they were when it began.
//!
//! They are copied, because the interpreter writes what it compiles beside what it imports, and
//! because a file that is saved meanwhile belongs to the next build.

use std::path::{Path, PathBuf};

use super::super::BuildError;
use super::super::pyproject::{MANIFEST, PyProject};
use super::super::stamp::{digest, files_below, relative};

/// The folders that modules are imported from, with their files.
pub(super) struct Sources {
    pub(super) roots: Vec<Root>,
    /// The entry as it is imported, from the first of the folders.
    pub(super) module: String,
}

/// One folder.
pub(super) struct Root {
    /// Absolute.
    pub(super) folder: PathBuf,
    /// As it is seen from the BFF's folder: `src`.
    pub(super) shown: PathBuf,
    /// Paths in the folder, with what is in the files.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Sources {
    /// Reads all of them.
    pub(super) fn read(project: &PyProject) -> Result<Self, BuildError> {
        let (folder, module) = project.module()?;
        refuse_foreign(project, &folder)?;
        let mut roots = vec![Root::read(project, &folder)?];
        for folder in &project.path {
            let folder = folder
                .canonicalize()
                .map_err(BuildError::io("read", folder))?;
            roots.push(Root::read(project, &folder)?);
        }
        Ok(Self { roots, module })
    }

    pub(super) fn digest(&self) -> String {
        let roots = self.roots.iter().map(|root| {
            let files = root.files.iter();
            let parts =
                files.flat_map(|(name, bytes)| [name.as_os_str().as_encoded_bytes(), bytes]);
            digest(
                [root.shown.as_os_str().as_encoded_bytes()]
                    .into_iter()
                    .chain(parts),
            )
        });
        let roots: Vec<String> = roots.collect();
        let parts = roots.iter().map(String::as_bytes);
        digest([self.module.as_bytes()].into_iter().chain(parts))
    }

    /// The author's modules as the kept interpreter takes them: a text of JSON with the text of each
    /// by the name that its file has there.
    pub(super) fn texts(&self) -> String {
        let files = self.files(|name| !is_kit(name));
        let texts = files.filter_map(|(name, bytes)| {
            let text = std::str::from_utf8(bytes).ok()?;
            Some((name, serde_json::Value::from(text)))
        });
        serde_json::Value::Object(texts.collect()).to_string()
    }

    /// The digest of what the kept interpreter has imported: the kit.
    pub(super) fn digest_of_kit(&self) -> String {
        let files: Vec<(String, &[u8])> = self.files(is_kit).collect();
        let parts = files
            .iter()
            .flat_map(|(name, bytes)| [name.as_bytes(), bytes]);
        digest(parts)
    }

    /// Modules by the names that their files have in the interpreter.
    fn files(&self, is_wanted: impl Fn(&Path) -> bool) -> impl Iterator<Item = (String, &[u8])> {
        let roots = self.roots.iter().enumerate();
        let files = roots.flat_map(|(number, root)| {
            root.files
                .iter()
                .map(move |(name, bytes)| (number, name, bytes.as_slice()))
        });
        files.filter_map(move |(number, name, bytes)| {
            let is_module = name.extension().is_some_and(|end| end == "py");
            let named = format!("/{number}/{}", name.display());
            (is_module && is_wanted(name)).then_some((named, bytes))
        })
    }

    /// Writes the copies into a folder, one folder for each root in their order.
    pub(super) fn write(&self, into: &Path) -> Result<Vec<PathBuf>, BuildError> {
        let mut folders = Vec::new();
        for (number, root) in self.roots.iter().enumerate() {
            let copy = into.join(number.to_string());
            std::fs::create_dir_all(&copy).map_err(BuildError::io("make the folder", &copy))?;
            for (name, bytes) in &root.files {
                let file = copy.join(name);
                let folder = file.parent().unwrap_or(&copy);
                std::fs::create_dir_all(folder)
                    .map_err(BuildError::io("make the folder", folder))?;
                std::fs::write(&file, bytes).map_err(BuildError::io("write", &file))?;
            }
            folders.push(copy);
        }
        Ok(folders)
    }

    /// The files, and the folders that they are in, where one may be added.
    pub(super) fn places(&self) -> Vec<PathBuf> {
        let mut places = Vec::new();
        for root in &self.roots {
            places.push(root.folder.clone());
            for (name, _) in &root.files {
                let file = root.folder.join(name);
                places.extend(file.parent().map(Path::to_owned));
                places.push(file);
            }
        }
        places.sort();
        places.dedup();
        places
    }
}

/// Refuses an entry elsewhere: everything beside it would be read, such as all of `/etc`.
fn refuse_foreign(project: &PyProject, folder: &Path) -> Result<(), BuildError> {
    let is_python = project.entry.extension().is_some_and(|end| end == "py");
    let folder = folder
        .canonicalize()
        .map_err(BuildError::io("read", folder))?;
    let own = project.folder.canonicalize();
    let own = own.map_err(BuildError::io("read", &project.folder))?;
    if is_python && folder.starts_with(own) {
        return Ok(());
    }
    Err(BuildError::Unsuitable {
        file: project.folder.join(MANIFEST),
        reason: format!(
            "its entry {}: is no module `.py` in this folder; other folders are named by \
             [tool.tailor] path",
            project.entry.display()
        ),
    })
}

/// Whether a module is of the kit, which is imported once.
fn is_kit(name: &Path) -> bool {
    name.starts_with("tailor_kit")
}

impl Root {
    fn read(project: &PyProject, folder: &Path) -> Result<Self, BuildError> {
        let own = folder == project.folder;
        let skip = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with('.')
                || name == "__pycache__"
                || (own && ["target", "node_modules", "vendor"].contains(&&*name))
        };
        let mut files = Vec::new();
        for file in files_below(folder, &skip)? {
            let bytes = std::fs::read(&file).map_err(BuildError::io("read", &file))?;
            files.push((relative(folder, &file), bytes));
        }
        Ok(Self {
            folder: folder.to_owned(),
            shown: relative(&project.folder, folder),
            files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_module_of_the_project() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("coach");
        std::fs::create_dir_all(folder.join("src")).unwrap();
        for file in ["coach/src/main.py", "coach/src/main", "other.py"] {
            std::fs::write(root.path().join(file), "").unwrap();
        }
        let read = |entry: &str| {
            let text = format!("[tool.tailor]\nentry = {entry:?}\n");
            std::fs::write(folder.join(MANIFEST), text).unwrap();
            Sources::read(&PyProject::read(&folder).unwrap().unwrap().0)
        };
        assert_eq!(read("src/main.py").unwrap().module, "main");
        for entry in ["src/main", "../other.py", "/etc/passwd"] {
            let error = read(entry).err().unwrap().to_string();
            let words = format!("its entry {entry}: is no module `.py` in this folder");
            assert!(error.contains(&words), "{error}");
        }
    }
}
