//! Why a folder was not made, in words for the author of a BFF.

use std::path::{Path, PathBuf};

use crate::build::BuildError;
use crate::config;
use crate::text::cut;

/// Why there is no new folder, or why a package was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// npm, cargo, the compilers or the configuration would not take the name.
    #[error("{:?}: not a name for a BFF: {reason}; {near} would do", cut(name))]
    Name {
        /// The name.
        name: String,
        /// The rule that it breaks.
        reason: String,
        /// A name like it that breaks none.
        near: String,
    },

    /// There is something in the place of the new folder.
    #[error("{}: is there already, and is {what}; take another name, or move it away", folder.display())]
    Occupied {
        /// The new folder.
        folder: PathBuf,
        /// What is there.
        what: &'static str,
    },

    /// The folder of an existing package has none.
    #[error(
        "{}: no package: looked for package.json and Cargo.toml and found neither; `tailor new NAME \
         --lang LANG` makes a folder with one", .0.display()
    )]
    NoPackage(PathBuf),

    /// The file of a package is not what can be added to.
    #[error("{}: {reason}", file.display())]
    Manifest {
        /// The `package.json` or `Cargo.toml`.
        file: PathBuf,
        /// What is wrong with it, and the way out.
        reason: String,
    },

    /// The kit could not be made.
    #[error(transparent)]
    Kit(#[from] BuildError),

    /// A file could not be read or written.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `write`, ...
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl TemplateError {
    /// For `map_err`: the error of doing `action` to `path`.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }

    /// For `map_err`, or as it is: what is wrong with the file of a package.
    pub(super) fn manifest(file: &Path, reason: impl Into<String>) -> Self {
        Self::Manifest {
            file: file.to_owned(),
            reason: reason.into(),
        }
    }

    /// A name that is not made of the letters that names of a configuration are made of.
    pub(super) fn letters(name: &str, near: String) -> Self {
        Self::Name {
            name: name.to_owned(),
            reason: format!("a name is {}", config::NAME),
            near,
        }
    }
}
