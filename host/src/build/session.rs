//! Builds of one BFF for the loop of its author: incremental, and with what is dear to start kept
//! between them. What comes out behaves as the component of `tailor build`, and lies beside it, so
//! that a later build for production still makes its own.
//!
//! Types are checked apart, so that new code answers before they are known to be right.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::project::Project;
use super::{BuildError, BuildOptions, Built, Report, python, rust, typescript};

/// The builds of one folder. It may be shared by threads: builds take turns, and a check runs
/// beside them.
pub struct Session {
    folder: PathBuf,
    options: BuildOptions,
    kept: Mutex<Kept>,
}

/// What is kept between builds.
#[derive(Default)]
struct Kept {
    rust: rust::Development,
    typescript: typescript::Development,
    python: python::Development,
    /// What the last build read, also when it failed.
    inputs: Vec<PathBuf>,
}

impl Session {
    /// A session for the BFF in `folder`. Nothing is built yet. [`BuildOptions::output`] is not
    /// used.
    ///
    /// # Errors
    ///
    /// When the folder is no BFF.
    pub fn open(folder: &Path, options: BuildOptions) -> Result<Self, BuildError> {
        Project::read(folder)?;
        let folder = folder
            .canonicalize()
            .map_err(BuildError::io("read", folder))?;
        let session = Self {
            folder,
            options,
            kept: Mutex::default(),
        };
        session.kept().inputs = vec![session.folder.clone()];
        Ok(session)
    }

    /// Where builds put the component, as `target/dev/<name>.wasm`.
    ///
    /// # Errors
    ///
    /// When the folder is no BFF any more.
    pub fn component(&self) -> Result<PathBuf, BuildError> {
        let (components, name) = match Project::read(&self.folder)? {
            Project::Rust(folder) => {
                let workspace = rust::Workspace::read(&folder)?;
                let name = workspace.package_in(&folder)?.name.clone();
                (workspace.development(), name)
            }
            Project::TypeScript(package) => (package.development(), package.name),
            Project::Python(project) => (project.development(), project.name),
        };
        Ok(components.join(format!("{name}.wasm")))
    }

    /// Builds what has changed into `target/dev/<name>.wasm`, beside the components of `tailor
    /// build`. A build that fails leaves the earlier component as it is, and the session usable.
    ///
    /// # Errors
    ///
    /// As [`super::build`], but for types, which [`check`](Self::check) is for.
    pub fn build(&self, say: Report<'_>) -> Result<Built, BuildError> {
        let mut kept = self.kept();
        let kept = &mut *kept;
        let (built, inputs) = match Project::read(&self.folder)? {
            Project::Rust(folder) => {
                let built = kept.rust.build(&folder, &self.options, say);
                (built, kept.rust.read().to_vec())
            }
            Project::TypeScript(package) => {
                let built = kept.typescript.build(&package, &self.options, say);
                (built, kept.typescript.read().to_vec())
            }
            Project::Python(project) => {
                let built = kept.python.build(&project, &self.options, say);
                (built, kept.python.read().to_vec())
            }
        };
        kept.inputs = inputs;
        built
    }

    /// The files and folders of which a change makes a build useful. They are known after a build,
    /// also after one that failed; before the first, it is the BFF's folder. A folder stands for
    /// the names in it: a file may be added there that the BFF imports.
    #[must_use]
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.kept().inputs.clone()
    }

    /// Checks the types of a BFF in TypeScript, for which the build does not wait; says what is
    /// wrong. In Rust the build has found all that there is, and in Python nothing is checked.
    ///
    /// # Errors
    ///
    /// When there are errors, which were said by then, and when the check cannot run.
    pub fn check(&self, say: Report<'_>) -> Result<(), BuildError> {
        match Project::read(&self.folder)? {
            Project::Rust(_) | Project::Python(_) => Ok(()),
            Project::TypeScript(package) => typescript::check(&package, &self.options, say),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // A panic in a build leaves nothing half written: components are replaced whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
