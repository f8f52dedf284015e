//! A new folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::workspace::{self, Workspace};
use super::{Template, TemplateError, VENDOR, component, name};

/// A folder that was made.
#[derive(Debug)]
pub struct New {
    /// The folder.
    pub folder: PathBuf,
    /// Its files without those of the kit, in order.
    pub files: Vec<PathBuf>,
    /// The commands that come next, in the folder.
    pub next: [&'static str; 3],
    /// A workspace of cargo above that takes it for a member, which it is not.
    pub workspace: Option<Workspace>,
}

/// Makes the folder `name` in `parent`.
///
/// # Errors
///
/// When the name is none that npm, cargo and the configuration take, when something is there
/// already, and when a file cannot be written. Then nothing is left behind.
pub fn create(parent: &Path, name: &str, template: Template) -> Result<New, TemplateError> {
    name::check(name)?;
    let folder = parent.join(name);
    is_free(&folder)?;
    let mut files = template.files(name, &component(name));
    files.sort();
    let own: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).collect();
    for (file, text) in template.kit().files()? {
        files.push((Path::new(VENDOR).join(file), text));
    }

    // Written beside it and renamed, so that the folder is whole or not there.
    let failed = |path: &Path| TemplateError::io("write", path.to_owned());
    let mut draft = tempfile::Builder::new();
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let draft = draft.prefix(".tailor-").tempdir_in(parent);
    let draft = draft.map_err(|error| failed(&folder)(plain(error)))?;
    for (file, text) in &files {
        let (path, shown) = (draft.path().join(file), folder.join(file));
        let parents = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        parents.map_err(failed(&shown))?;
        std::fs::write(&path, text).map_err(failed(&shown))?;
    }
    std::fs::rename(draft.path(), &folder).map_err(failed(&folder))?;
    // It has another name now: there is nothing to remove.
    let _ = draft.keep();
    let next = match template {
        Template::Ts | Template::Hono => ["npm install", "tailor dev", "tailor test"],
        Template::Rust | Template::Python => ["tailor dev", "tailor test", "tailor build ."],
    };
    let workspace = match template {
        Template::Rust => workspace::above(&folder),
        Template::Ts | Template::Hono | Template::Python => None,
    };
    Ok(New {
        workspace,
        folder,
        files: own,
        next,
    })
}

/// The system's answer, without the path of a draft that nobody asked for.
fn plain(error: std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Whether the folder is not there, or empty.
fn is_free(folder: &Path) -> Result<(), TemplateError> {
    let occupied = |what| {
        Err(TemplateError::Occupied {
            folder: folder.to_owned(),
            what,
        })
    };
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(TemplateError::io("read", folder)(error)),
        Ok(found) if !found.is_dir() => occupied("no folder"),
        Ok(_) => {
            let entries = std::fs::read_dir(folder).map_err(TemplateError::io("read", folder))?;
            match entries.take(1).count() {
                0 => Ok(()),
                _ => occupied("not empty"),
            }
        }
    }
}
